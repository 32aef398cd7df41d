"""What a column of a table is: its role, its kind, its plan. Shared by the readers of all formats with named columns.

A reader asks `requests_of` which columns are wanted and what the client said of each. It then looks at the cells and
makes a `PlannedColumn` of each request, with `number_plan` or `category_plan`; `write_table` stores blocks of cells
with the converters of these. How the cells of a format are classified is up to the reader.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.ahead import ahead
from service.datasets.options import MIB, Limits, ReadOptions
from service.datasets.table_writer import Plan, TableWriter
from service.datasets.texts import is_storable
from service.definitions.columns import ColumnKind, ColumnType, Role, Table
from service.definitions.guessing import absent
from service.definitions.how_read import HowRead
from service.errors import Fault, Invalid

DOUBLE: np.dtype[Any] = np.dtype("<f8")
LONGEST_NAME = 1000  # characters of a column's name
MOST_DESCRIBED = 8 * MIB  # characters of the names and categories of a table
MOST_WARNINGS = 50
LARGEST_WHOLE = 2**53  # larger whole numbers are not all distinct as float64


@dataclass(frozen=True)
class ColumnRequest:
    """A column that is read, and what the client said of it; `kind` None leaves it to the cells."""

    name: str
    role: Role
    kind: ColumnKind | None = None
    class_or_value: str | None = None

    @property
    def must_be_number(self) -> bool:
        """Whether the column is read as numbers, whatever its cells look like."""
        is_value = self.class_or_value == "value" and self.kind is None
        return self.role is Role.WEIGHT or self.kind is ColumnKind.NUMBER or is_value


@dataclass(frozen=True)
class PlannedColumn:
    """A column to be stored: `convert` turns a block of its cells into numbers (rows,), NaN for missing ones.

    The numbers of a category column are indices into the plan's categories.
    """

    plan: Plan
    convert: Callable[[Any], NDArray[np.float64]]
    warnings: tuple[str, ...] = ()


def requests_of(names: Sequence[str], options: ReadOptions) -> dict[str, ColumnRequest]:
    """Return the columns that are read, by name: inputs first, then targets, then the weight.

    Raises
    ------
    Invalid
        When an option names a column that is not there, or two options contradict each other.
    """
    there = set(names)
    for name in options.types:
        if name not in there:
            raise Invalid.at("?types", absent("column", name, names))
    ignored = [name for name, kind in options.types.items() if kind is ColumnKind.IGNORE]
    roles = plan_roles(names, options.target, options.weight, (*options.drop, *ignored))
    requests = {}
    for name, role in roles.items():
        asked = options.types.get(name)
        class_or_value = options.target_type if role is Role.TARGET else None
        if asked is ColumnKind.CATEGORY and (role is Role.WEIGHT or class_or_value == "value"):
            other = f"`weight={name}`" if role is Role.WEIGHT else "`target_type=value`"
            raise Invalid.at("?types", f"`{name}:category` contradicts {other}, which needs numbers")
        requests[name] = ColumnRequest(name, role, asked, class_or_value)
    return requests


def check_names(names: Sequence[str], limits: Limits) -> None:
    """Raise `Invalid` when a column has no name, two have the same one, or there are too many columns."""
    if len(names) > limits.max_columns:
        raise too_many_columns(len(names), limits)
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if len(name) > LONGEST_NAME:
            detail = f"the name of column {number} has {len(name):,} characters; at most {LONGEST_NAME:,} are taken"
            raise Invalid(f"{detail}: `{name[:60]}...`")
        if not name.strip():
            raise Invalid(f"column {number} has no name in the header")
        if not is_storable(name):
            raise Invalid(f"the name of column {number} must not hold NUL or half of a surrogate pair")
        if name in seen:
            raise Invalid(f"two columns are named `{name}`: the columns {seen[name]} and {number}; rename one of them")
        seen[name] = number


def too_many_columns(count: int, limits: Limits) -> Invalid:
    """Return the error for a table of more columns than are taken."""
    return Invalid(
        f"must have at most {limits.max_columns:,} columns, got {count:,}: send numbers as an NPZ array, which may have"
        f" {limits.max_features:,} a row, or raise BACKPROP_MAX_COLUMNS"
    )


def check_description(plans: Sequence[Plan], limits: Limits) -> None:
    """Raise `Invalid` when names and categories, which are stored in one document, are too many or too long."""
    counts = {plan.name: len(plan.categories or ()) for plan in plans}
    lengths = {plan.name: len(plan.name) + sum(map(len, plan.categories or ())) for plan in plans}
    for word, sizes, most in (("categories", counts, limits.max_categories), ("characters", lengths, MOST_DESCRIBED)):
        total, largest = sum(sizes.values()), max(sizes, key=lambda name: sizes[name])
        if total > most:
            where = "the columns have" if word == "categories" else "the names and categories of the columns have"
            raise Invalid(
                f"{where} {total:,} {word} together, and at most {most:,} are stored; column `{largest}` has"
                f" {sizes[largest]:,} of them: leave it out with `drop={largest}`"
            )


def few_warnings(warnings: Sequence[str]) -> list[str]:
    """Return the first of many warnings, and how many more there are."""
    more = len(warnings) - MOST_WARNINGS
    return [*warnings[:MOST_WARNINGS], *([f"and {more:,} more warnings of the same kinds"] if more > 0 else [])]


def number_plan(request: ColumnRequest, is_date: bool = False) -> Plan:
    """Return the plan of a column of numbers, or of dates as days since 1970-01-01."""
    return Plan(request.name, request.role, ColumnType.NUMBER, None, request.class_or_value, is_date)


def category_plan(request: ColumnRequest, texts: set[str], limits: Limits) -> Plan:
    """Return the plan of a column of categories; raise `Invalid` when there are too many."""
    if len(texts) > limits.max_categories:
        raise Invalid(
            f"column `{request.name}` has over {limits.max_categories:,} different texts;"
            f" leave it out with `drop={request.name}`"
        )
    return Plan(request.name, request.role, ColumnType.CATEGORY, in_order(texts), request.class_or_value)


def warnings_of(plan: Plan, rows: int) -> tuple[str, ...]:
    """Return the warnings about a column of a table of so many rows: too many categories to learn from."""
    count = len(plan.categories or ())
    if count <= rows / 2:
        return ()
    text = f"column `{plan.name}` has {count:,} different texts in {rows:,} rows"
    if plan.role is Role.TARGET:
        return (f"{text}, and each is a class: most classes have a single row to learn from",)
    return (f"{text}, and each is an input of the network; leave an identifier out with `drop={plan.name}`",)


def is_text_beyond_doubles(request: ColumnRequest, text: str, row: int) -> bool:
    """Return whether a column is read as text because this whole number of it is beyond 2^53.

    A target is, unless its values are wanted; an input is not, which is an error unless the client has said `number`.
    """
    if request.must_be_number:
        return False
    if request.role is Role.TARGET or request.kind is ColumnKind.CATEGORY:
        return True
    name = request.name
    fault = Fault(
        f"{text[:40]} is beyond 2^53, where a float64 no longer holds every whole number; say `types={name}:category`"
        f" to read codes, `types={name}:ignore` to leave the column out, `types={name}:number` to round",
        row=row,
        column=name,
    )
    raise Invalid.from_faults([fault])


def report(form: str, columns: Sequence[PlannedColumn]) -> HowRead:
    """Return how a table of that format was read, for formats that know numbers from text."""
    return HowRead(form, tuple(column.plan.name for column in columns if column.plan.is_date))


def write_table(
    destination: Path,
    columns: Sequence[PlannedColumn],
    blocks: Iterable[Sequence[Any]],
    scale: float,
    read: HowRead,
    limits: Limits,
    dtype: np.dtype[Any] = DOUBLE,
) -> Table:
    """Store blocks, each with the cells of the columns in their order; return what the file holds."""
    plans = [column.plan for column in columns]
    check_description(plans, limits)
    with TableWriter(destination, plans, dtype, scale) as writer:
        for block in ahead(_numbers(columns, blocks)):
            writer.append(block)
        warnings = [warning for column in columns for warning in column.warnings]
        warnings += [warning for plan in plans for warning in warnings_of(plan, writer.rows)]
        return writer.finish(read, few_warnings(warnings))


def _numbers(columns: Sequence[PlannedColumn], blocks: Iterable[Sequence[Any]]) -> Iterator[NDArray[np.float64]]:
    """Yield the numbers of blocks of cells (rows, columns)."""
    for block in blocks:
        yield np.column_stack([column.convert(cells) for column, cells in zip(columns, block, strict=True)])


def plan_roles(
    names: Sequence[str], target: tuple[str, ...] | None, weight: str | None, drop: Sequence[str]
) -> dict[str, Role]:
    """Return the role of each column that is read, inputs first, then targets, then the weight."""
    there, dropped = set(names), set(drop)
    wanted = target
    if wanted is None:
        wanted = tuple(name for name in names if name not in dropped and name != weight)[-1:]
    targets = () if wanted == ("none",) and "none" not in there else wanted
    uses = (
        ("target", set(targets), "target"),
        ("weight", {weight} if weight else set(), "weight"),
        ("drop", dropped, "left out"),
    )
    for (option, _, _), wanted_names in zip(uses, (targets, (weight,) if weight else (), drop), strict=True):
        for name in wanted_names:
            if name not in there:
                raise Invalid.at(f"?{option}", absent("column", name, names))
            roles_of = [word for _, others, word in uses if name in others]
            if len(roles_of) > 1:
                raise Invalid.at(f"?{option}", f"column `{name}` cannot be both {' and '.join(roles_of)}")
    no_inputs = {*targets, *drop, weight}
    inputs = [name for name in names if name not in no_inputs]
    if not inputs:
        raise Invalid("no column is left to be an input")
    roles = {name: Role.INPUT for name in inputs} | {name: Role.TARGET for name in targets}
    return roles | ({weight: Role.WEIGHT} if weight else {})


def in_order(texts: set[str]) -> tuple[str, ...]:
    """Return categories in numeric order when all are finite numbers, else by code point."""
    try:
        numbers = {text: float(text) for text in texts}
    except ValueError:
        return tuple(sorted(texts))
    if not all(map(isfinite, numbers.values())):  # NaN has no place in an order
        return tuple(sorted(texts))
    return tuple(sorted(texts, key=lambda text: (numbers[text], text)))
