"""Another dataset's rows: its categories by the training dataset's codes, whatever order it stores them in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets.json import read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Table
from service.errors import Invalid
from service.preprocessing.batches import open_rows, rows_of_another
from service.preprocessing.fit import fit
from service.preprocessing.row_selection import RowRanges

CHOICE = {"numbers": "none", "targets": "none", "missing": "mean"}


def stored(path: Path, rows: list[dict[str, Any]]) -> tuple[Table, Any]:
    return read_json_rows(None, rows, ReadOptions(), Limits(), path), open_rows(path)


def of(colours: str, classes: str) -> list[dict[str, Any]]:
    """One row a letter, `-` missing."""
    pairs = zip(colours, classes, strict=True)
    return [{"a": n, "c": None if c == "-" else c, "y": y} for n, (c, y) in enumerate(pairs)]


@pytest.mark.parametrize("in_memory_bytes", [0, 10**9])
def test_categories_and_classes_are_those_of_the_training_dataset(tmp_path: Path, in_memory_bytes: int) -> None:
    table, array = stored(tmp_path / "mine", of("rgb", "qps"))
    preprocessing = fit(table, array, RowRanges(range(3)), CHOICE, ("p", "q", "s"), False)
    other, there = stored(tmp_path / "theirs", of("gr-g", "sqqs"))
    before = (tmp_path / "theirs").read_bytes()
    rows = rows_of_another(there, other, table, preprocessing, np.dtype("float32"), in_memory_bytes)
    assert (rows.X is None) == (in_memory_bytes == 0) and len(rows) == 4
    X, Y = np.empty((4, 4), np.float32), np.empty((4, 3), np.float32)
    rows.gather(np.array([3, 2, 1, 0]), X, Y)
    np.testing.assert_array_equal(X, [[3, 0, 1, 0], [2, 0, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]])  # b, g, r
    np.testing.assert_array_equal(Y, [[0, 0, 1], [0, 1, 0], [0, 1, 0], [0, 0, 1]])  # p, q, s
    assert (tmp_path / "theirs").read_bytes() == before


def test_classes_that_are_numbers_are_read_by_their_value(tmp_path: Path) -> None:
    table, array = stored(tmp_path / "mine", [{"a": 0.5, "y": value} for value in (3, 5, 9)])
    preprocessing = fit(table, array, RowRanges(range(3)), CHOICE, (3, 5, 9), False)
    other, there = stored(tmp_path / "theirs", [{"a": 0.5, "y": value} for value in (9, 5)])
    X, Y = np.empty((2, 1)), np.empty((2, 3))
    rows_of_another(there, other, table, preprocessing, np.dtype("float64")).gather(np.array([0, 1]), X, Y)
    np.testing.assert_array_equal(Y, [[0, 0, 1], [0, 1, 0]])


def test_an_unknown_category_is_refused(tmp_path: Path) -> None:
    table, array = stored(tmp_path / "mine", of("rg", "pq"))
    preprocessing = fit(table, array, RowRanges(range(2)), CHOICE, ("p", "q"), False)
    other, there = stored(tmp_path / "theirs", of("rb", "pq"))
    with pytest.raises(Invalid, match="column `c` has a category the training dataset lacks: 'b'"):
        rows_of_another(there, other, table, preprocessing, np.dtype("float32"))
