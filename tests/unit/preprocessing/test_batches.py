"""Gathering rows: the same bits whether transformed at once or while a batch is gathered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets.json import read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.resolved import Splitting
from service.preprocessing import batches as rows_module
from service.preprocessing import row_selection
from service.preprocessing.batches import MappedRows, open_rows
from service.preprocessing.fit import fit
from service.preprocessing.row_selection import RowList, RowRanges, Selection
from service.preprocessing.splitting import split

RANDOM = np.random.default_rng(3)


def table_rows(kind: str) -> list[dict[str, Any]]:
    count = 6000
    a = RANDOM.uniform(-1, 1, count) if kind == "plain" else RANDOM.normal(0.1, 9, count)
    both = np.column_stack([a, RANDOM.random(count)]).tolist()
    rows: list[dict[str, Any]] = [dict(zip("ab", pair, strict=True)) for pair in both]
    for index, row in enumerate(rows):
        if kind == "mixed":
            row["c"] = ["x", "y", "z"][index % 3]
            row["b"] = None if index % 7 == 0 else row["b"]
        row["y"] = "ab"[index % 2] if kind != "mixed" else index * 0.25
    return rows


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["plain", "scaled", "mixed", "single"])
def test_both_ways_of_gathering_give_the_same_bits(tmp_path: Path, kind: str, precision: str) -> None:
    table = read_json_rows(None, table_rows(kind), ReadOptions(scale=3.0), Limits(), tmp_path / "rows")
    array = open_rows(tmp_path / "rows")
    splitting = Splitting.from_json({"rows": None, "validation": {"fraction": 0.2}, "seed": 5})
    rows = split(table, array, splitting).training
    labels = None if kind == "mixed" else ("a", "b")
    choice = {"numbers": "auto", "targets": "auto", "missing": "indicator" if kind == "mixed" else "error"}
    preprocessing = fit(table, array, rows, choice, labels, kind == "single")
    dtype = np.dtype(precision)
    results = []
    for in_memory_bytes in (0, 10**9):
        mapped = MappedRows(array, table, preprocessing, rows, dtype, in_memory_bytes)
        assert (mapped.X is None) == (in_memory_bytes == 0) and len(mapped) == len(rows)
        indices = np.random.default_rng(1).permutation(len(rows))[:999]
        X = np.empty((999, preprocessing.features), dtype)
        Y = np.empty((999, preprocessing.outputs), dtype)
        mapped.gather(indices, X, Y)
        results.append((X.tobytes(), Y.tobytes()))
    assert results[0] == results[1]


def test_bytes_divided_by_scale_are_exact(tmp_path: Path) -> None:
    rows = [{"p": value, "y": value % 2} for value in range(256)]
    table = read_json_rows(None, rows, ReadOptions(scale=255.0), Limits(), tmp_path / "rows")
    array = open_rows(tmp_path / "rows")
    every = RowRanges(range(256))
    preprocessing = fit(table, array, every, {"numbers": "auto", "targets": "none", "missing": "error"}, None, False)
    X, Y = np.empty((256, 1), np.float32), np.empty((256, 1), np.float32)
    MappedRows(array, table, preprocessing, every, np.dtype("float32"), 0).gather(np.arange(256), X, Y)
    np.testing.assert_array_equal(X[:, 0], np.arange(256, dtype=np.float32) / np.float32(255))


@pytest.mark.parametrize("scale", [1.0, 255.0, 0.1])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["plain", "scaled", "mixed"])
def test_a_row_that_is_sent_becomes_the_same_inputs_as_in_training(
    tmp_path: Path, kind: str, precision: str, scale: float
) -> None:
    rows = table_rows(kind)
    table = read_json_rows(None, rows, ReadOptions(scale=scale), Limits(), tmp_path / "rows")
    array = open_rows(tmp_path / "rows")
    every, dtype = RowRanges(range(table.rows)), np.dtype(precision)
    numbers = "none" if kind == "plain" else "standardize"
    choice = {"numbers": numbers, "targets": "none", "missing": "indicator" if kind == "mixed" else "error"}
    preprocessing = fit(table, array, every, choice, None if kind == "mixed" else ("a", "b"), False)
    trained = MappedRows(array, table, preprocessing, every, dtype).X
    sent = np.empty((table.rows, preprocessing.features), dtype)
    preprocessing.transform_sent(np.asarray(array[:, : len(preprocessing.inputs)]), sent)
    assert trained is not None and sent.tobytes() == trained.tobytes()
    if kind == "mixed":
        np.testing.assert_array_equal(trained[:6, -3:], np.tile(np.eye(3), (2, 1)))


@pytest.fixture
def mapped(tmp_path: Path) -> Callable[..., MappedRows]:
    """5,000 rows of three float64 columns, of which `chosen` are gathered."""

    def make(chosen: Selection, in_memory_bytes: int = 0) -> MappedRows:
        rows = [{"a": n / 5000, "b": -n / 5000, "y": n / 10_000} for n in range(5000)]
        table = read_json_rows(None, rows, ReadOptions(), Limits(), tmp_path / "rows")
        array = open_rows(tmp_path / "rows")
        choice = {"numbers": "none", "targets": "none", "missing": "error"}
        preprocessing = fit(table, array, chosen, choice, None, False)
        return MappedRows(array, table, preprocessing, chosen, np.dtype("float64"), in_memory_bytes)

    return make


def test_rows_lie_in_blocks_only_where_the_file_is_large_and_not_in_memory(
    mapped: Callable[..., MappedRows], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mapped(RowRanges(range(5000))).block_rows is None
    monkeypatch.setattr(rows_module, "BLOCKS_FROM_BYTES", 5000 * 3 * 8)
    assert mapped(RowRanges(range(5000))).block_rows == 1024 * 1024 // 24
    assert mapped(RowRanges(range(10))).block_rows == 1024 * 1024 // 24
    assert mapped(RowRanges(range(5000)), in_memory_bytes=10**6).block_rows is None
    monkeypatch.setattr(rows_module, "BLOCK_BYTES", 7)
    assert mapped(RowRanges(range(5000))).block_rows == 1


def test_letting_go_of_pages_changes_no_row(mapped: Callable[..., MappedRows], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_selection, "LET_GO_BYTES", 1)
    rows = mapped(RowList(np.arange(0, 5000, 5, dtype=np.uint16)))
    X, Y = np.empty((4, 2)), np.empty((4, 1))
    for at in ([0, 1, 2, 3], [999, 0, 998, 1]):
        rows.gather(np.array(at), X, Y)
        np.testing.assert_array_equal(X[:, 0], np.array(at) * 5 / 5000)
        np.testing.assert_array_equal(Y[:, 0], np.array(at) * 5 / 10_000)
