"""Histograms of stored columns: edges, counts, categories, and samples of large datasets."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.definitions.columns import Column, ColumnType, Role
from service.preprocessing import column_histograms as module
from service.preprocessing.column_histograms import Histogram, bin_edges, column_histograms

LARGEST = np.finfo(np.float64).max


def numbers(*values: float, bins: int = 20) -> Histogram:
    array = np.array(values, dtype=np.float64)[:, None]
    return column_histograms(array, [column_of(array[:, 0])], [0], bins, 50)[0]


def column_of(values: NDArray[Any]) -> Column:
    low, high = (None, None) if np.isnan(values).all() else (float(np.nanmin(values)), float(np.nanmax(values)))
    return Column("x", Role.INPUT, ColumnType.NUMBER, low, high)


def test_numbers_are_counted_as_by_numpy() -> None:
    values = np.random.default_rng(1).normal(size=5000)
    found = numbers(*values)
    counts, edges = np.histogram(values, 20)
    assert found.edges is not None
    np.testing.assert_allclose(found.edges, edges, rtol=1e-12, atol=1e-12)
    assert found.counts.tolist() == counts.tolist() and (found.rows, found.missing) == (5000, 0)


def test_missing_values_are_in_no_bin() -> None:
    found = numbers(0.5, np.nan, 1.5, np.nan)
    assert (found.counts.sum(), found.missing, found.rows) == (2, 2, 4)
    nothing = numbers(np.nan, np.nan)
    assert nothing.edges is not None
    assert (nothing.edges.tolist(), nothing.counts.tolist(), nothing.missing) == ([], [], 2)


def test_a_few_whole_numbers_have_a_bin_each() -> None:
    found = numbers(3, 1, 1, 3, 3)
    assert found.edges is not None and found.edges.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert found.counts.tolist() == [2, 0, 3]
    assert len(numbers(0, 1, 200).counts) == 20


@pytest.mark.parametrize(
    "low, high", [(0.25, 0.25), (-LARGEST, LARGEST), (1e16, 1e16 + 2), (0.0, 5e-324), (0.0, 1e-310), (-0.5, 7.0)]
)
@pytest.mark.parametrize("bins", [1, 2, 7, 1000])
def test_the_bins_of_any_range_grow_and_hold_its_ends(low: float, high: float, bins: int) -> None:
    edges = bin_edges(low, high, bins, are_whole=False)
    assert np.isfinite(edges).all() and (edges[1:] > edges[:-1]).all() and len(edges) <= bins + 1
    found = numbers(low, high, low, bins=bins)
    assert found.counts.sum() == 3 and found.counts[0] >= 2


def test_the_most_frequent_categories_are_listed() -> None:
    column = Column("c", Role.TARGET, ColumnType.CATEGORY, categories=("a", "b", "c", "d"))
    array = np.array([1, 1, 1, 3, 3, 0, 2, np.nan])[:, None]
    [found] = column_histograms(array, [column], [0], 20, 2)
    assert (found.categories, found.counts.tolist(), found.other) == (("b", "d"), [3, 2], 2)
    assert (found.missing, found.rows, found.edges) == (1, 8, None)


def test_of_a_large_dataset_runs_of_rows_are_counted_from_all_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 1024)
    array = np.arange(100_000.0)[:, None]
    [found] = column_histograms(array, [column_of(array[:, 0])], [0], 4, 50)
    assert found.rows == found.counts.sum() == 1024
    assert found.counts.tolist() == [256, 256, 256, 256]


def test_columns_are_chosen_by_index() -> None:
    array = np.array([[1, 200, 3], [1, 100, 4]], dtype=np.uint8)
    columns = [column_of(array[:, index]) for index in range(3)]
    found = column_histograms(array, columns, [2, 1], 20, 50)
    assert [int(each.counts.sum()) for each in found] == [2, 2]
    assert found[0].edges is not None and found[0].edges.tolist() == [2.5, 3.5, 4.5]
