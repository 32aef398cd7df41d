"""Single numbers, sums and products as they are written in formulas."""

from collections.abc import Callable

from service.backprop.arrays import FloatArray

SUM_TERMS = 12  # of a longer sum only the first and the last terms are written


def number(value: float) -> str:
    """Write a number with six significant digits; a negative one in parentheses, so that it can follow a sign."""
    text = f"{value:.6g}"
    return f"({text})" if value < 0 else text


def added(count: int, term: Callable[[int], str]) -> str:
    """Write a sum of `count` terms, omitting the middle of a long one; only written terms are formatted."""
    if count <= SUM_TERMS:
        return " + ".join(map(term, range(count)))
    head, tail = range(SUM_TERMS - 2), range(count - 2, count)
    return " + ".join([*map(term, head), f"... {count - SUM_TERMS} more ...", *map(term, tail)])


def products(left: FloatArray, right: FloatArray, and_then: float | None = None) -> str:
    """Write the sum of the products of two vectors, plus the number `and_then` if there is one."""

    def term(index: int) -> str:
        if index == len(left):
            return number(and_then or 0.0)
        return f"{number(left[index])} * {number(right[index])}"

    return added(len(left) + (and_then is not None), term)
