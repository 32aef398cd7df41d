"""Which epochs are chosen for drawing: few enough, always the first and the last, and no curve loses an extreme."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from service.store.epochs.sampling import extremes

VALUES = st.one_of(st.sampled_from([0.0, -0.0, 1.0, float("nan"), float("inf")]), st.floats(-9, 9))


@st.composite
def drawn(draw: st.DrawFn) -> list[NDArray[np.float64]]:
    """Some series of one length, with ties, NaN, infinity and constant ones; the first has a value everywhere."""
    count = draw(st.integers(1, 60))
    first = draw(arrays(np.float64, count, elements=st.floats(-9, 9)))
    others = draw(st.lists(arrays(np.float64, count, elements=VALUES), max_size=3))
    constant = [np.full(count, 0.1)] if draw(st.booleans()) else []
    return [first, *others, *constant]


def finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


@given(drawn(), st.integers(2, 70))
def test_the_first_and_the_last_are_among_at_most_so_many(series: list[NDArray[np.float64]], points: int) -> None:
    chosen = extremes(series, points)
    assert len(chosen) <= points or len(chosen) == len(series[0]) <= points
    assert chosen[0] == 0 and chosen[-1] == len(series[0]) - 1
    assert (np.diff(chosen) > 0).all()


@given(drawn(), st.integers(2, 70))
def test_the_same_series_have_the_same_choice(series: list[NDArray[np.float64]], points: int) -> None:
    np.testing.assert_array_equal(extremes(series, points), extremes([each.copy() for each in series], points))


@given(drawn(), st.integers(12, 70))
def test_no_series_loses_its_lowest_or_highest_value(series: list[NDArray[np.float64]], points: int) -> None:
    """Five series at most need two points each, next to the first and the last."""
    chosen = extremes(series, points)
    for each in series:
        if len(finite(each)):
            assert finite(each[chosen]).min() == finite(each).min()
            assert finite(each[chosen]).max() == finite(each).max()


@given(drawn(), st.integers(12, 70))
def test_some_equal_parts_have_the_extremes_of_each_series(series: list[NDArray[np.float64]], points: int) -> None:
    """As many parts as the bound for the worst case allows, or more."""
    count = len(series[0])
    chosen = extremes(series, points)
    changing = [each for each in series if len(np.unique(finite(each))) > 1]
    cell = -(-count // max(1, (points - 2) // 2))
    widest = cell * max(1, len(series))

    def has_all(width: int) -> bool:
        for start in range(0, count, width):
            mine = chosen[(chosen >= start) & (chosen < start + width)]
            for part, held in ((each[start : start + width], each[mine]) for each in changing):
                if len(finite(part)) and {finite(part).min(), finite(part).max()} - set(finite(held)):
                    return False
        return True

    assert any(has_all(width) for width in range(cell, widest + 1, cell))


def test_the_earliest_of_equal_values_is_chosen() -> None:
    values = np.array([3.0, 1.0, 5.0, 1.0, 5.0, 2.0])
    assert extremes([values], 4).tolist() == [0, 1, 2, 5]


def test_few_points_hold_the_first_series_first() -> None:
    loss = np.array([3.0, 1.0, 5.0, 4.0, 4.0, 2.0])
    accuracy = np.array([0.5, 0.5, 0.5, 0.1, 0.9, 0.5])
    assert extremes([loss, accuracy], 2).tolist() == [0, 5]
    assert extremes([loss, accuracy], 3).tolist() == [0, 1, 5]
    assert extremes([loss, accuracy], 4).tolist() == [0, 1, 2, 5]
    assert extremes([loss, accuracy], 5).tolist() == [0, 1, 2, 3, 5]
