"""Some columns of a stored array: they read as an array of these columns alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.backprop.training.kernels import NUMBA, has_numba
from service.datasets.json import read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Role
from service.definitions.job_columns import JobColumns
from service.preprocessing.batches import MappedRows, open_columns, open_rows
from service.preprocessing.fit import fit
from service.preprocessing.row_selection import Pages, RowList, RowRanges, Selection, read_blocks
from service.preprocessing.stored_rows import ChosenColumns
from service.preprocessing.whole_values import whole_values, with_whole_values

RANDOM = np.random.default_rng(5)
ROWS = [
    {"id": n, "a": float(a), "b": None if n % 7 == 0 else float(b), "c": "xyz"[n % 3], "d": n % 4, "y": "uv"[n % 2]}
    for n, (a, b) in enumerate(RANDOM.normal(0.1, 9, (500, 2)))
]
EVERY: Selection = RowRanges(range(500))
SOME: Selection = RowList(np.arange(3, 500, 7, dtype=np.uint16))


@pytest.mark.parametrize("stored", [[4, 0, 2], [1], [5, 4, 3, 2, 1, 0], [2, 3]])
@pytest.mark.parametrize("rows", [EVERY, SOME])
@pytest.mark.parametrize("columns", [slice(0, 6), slice(0, 1), slice(1, 3)])
def test_columns_read_as_an_array_of_them_alone(stored: list[int], rows: Selection, columns: slice) -> None:
    array = RANDOM.random((500, 6))
    alone = np.ascontiguousarray(array[:, stored])
    chosen = ChosenColumns(array, np.array(stored, dtype=np.intp))
    for (at, expected), (found_at, found) in zip(
        read_blocks(alone, rows, 64, columns), read_blocks(chosen, rows, 64, columns), strict=True
    ):
        assert at == found_at and found.tobytes() == expected.tobytes()
        assert found.flags == expected.flags  # sums depend on the order of numbers in memory


def stored(tmp_path: Path, name: str, options: ReadOptions, columns: JobColumns | None = None) -> Any:
    path = tmp_path / name
    table = read_json_rows(None, ROWS, options, Limits(), path)
    return open_columns(path, table, None if columns is None else with_whole_values(path, table, columns))


@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("missing", ["mean", "median", "indicator"])
@pytest.mark.parametrize(
    ("sent", "columns"),
    [
        ({"drop": ("id", "d")}, JobColumns(inputs=("a", "b", "c"), target=("y",))),
        ({"drop": ("y", "a"), "target": ("d",)}, JobColumns(inputs=("id", "b", "c"), target=("d",))),
        ({"drop": ("y", "c"), "target": ("a", "id")}, JobColumns(inputs=("b", "d"), target=("a", "id"))),
        ({"weight": "d"}, JobColumns(inputs=("id", "a", "b", "c"), target=("y",))),
    ],
)
def test_chosen_columns_are_fitted_and_gathered_as_if_sent_so(
    tmp_path: Path, sent: dict[str, Any], columns: JobColumns, missing: str, scale: float
) -> None:
    choice = {"numbers": "standardize", "targets": "auto", "missing": missing}
    weight = {"weight": sent["weight"]} if "weight" in sent else {}
    results = []
    for name, options, chosen in (
        ("sent", ReadOptions(scale=scale, **sent), None),
        ("chosen", ReadOptions(scale=scale, **weight), columns),
    ):
        table, array = stored(tmp_path, name, options, chosen)
        target = table.having(Role.TARGET)[0]
        labels = target.categories or (None if target.whole_values is None else (0, 1, 2, 3))
        preprocessing = fit(table, array, SOME, choice, labels, False)
        for in_memory_bytes in (0, 10**9):
            mapped = MappedRows(array, table, preprocessing, SOME, np.dtype("float32"), in_memory_bytes)
            X = np.empty((40, preprocessing.features), np.float32)
            Y = np.empty((40, preprocessing.outputs), np.float32)
            mapped.gather(np.arange(40)[::-1].copy(), X, Y)
            weights = None if mapped.sample_weights is None else mapped.sample_weights.tobytes()
            results.append((preprocessing, X.tobytes(), Y.tobytes(), weights))
    assert all(result == results[0] for result in results)


def test_a_choice_of_every_column_as_stored_reads_the_array_itself(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    table = read_json_rows(None, ROWS, ReadOptions(), Limits(), path)
    every = JobColumns(inputs=("id", "a", "b", "c", "d"), target=("y",), target_type="class")
    assert isinstance(open_columns(path, table, every)[1], np.ndarray)
    assert isinstance(open_columns(path, table, None)[1], np.ndarray)
    fewer = JobColumns(inputs=("a", "b", "c", "d"), target=("y",))
    assert isinstance(open_columns(path, table, fewer)[1], ChosenColumns)


def test_the_pages_of_the_map_are_let_go(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros((4, 2)))
    chosen = ChosenColumns(open_rows(tmp_path / "rows.npy"), np.array([1]))
    assert Pages(chosen).mapping is not None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([2.0, 0.0, 2.0, -1.0], (-1.0, 0.0, 2.0)),
        ([1.0, 1.5], None),
        ([1.0, np.nan], None),
        (list(range(1000)), tuple(map(float, range(1000)))),
        (list(range(1001)), None),
    ],
)
def test_whole_values_are_those_that_a_target_is_stored_with(
    values: list[float], found: tuple[float, ...] | None, tmp_path: Path
) -> None:
    assert whole_values(np.array([[0.5, value] for value in values]), 1) == found
    rows = [{"a": 0.5, "y": None if np.isnan(value) else value} for value in values]
    assert read_json_rows(None, rows, ReadOptions(), Limits(), tmp_path / "rows").columns[1].whole_values == found


def test_rows_are_read_only_where_a_column_may_hold_classes(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    table = read_json_rows(None, ROWS, ReadOptions(), Limits(), path)
    d = JobColumns(inputs=("a",), target=("d",))
    assert with_whole_values(path, table, d).whole_values == {"d": (0.0, 1.0, 2.0, 3.0)}
    path.unlink()
    for target in ("a", "b", "c", "y"):
        assert with_whole_values(path, table, JobColumns(inputs=("id",), target=(target,))).whole_values == {}
    several = JobColumns(inputs=("a",), target=("d", "id"))  # one-hot columns and signs are asked for alone
    assert with_whole_values(path, table, several).whole_values == {}
    as_value = JobColumns(inputs=("a",), target=("d",), target_type="value")
    assert with_whole_values(path, table, as_value).whole_values == {}


@pytest.mark.skipif(not has_numba(), reason="Numba is not installed")
@pytest.mark.parametrize("scale", [1.0, 7.0])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_chosen_columns_have_the_bits_of_the_compiled_gathering(tmp_path: Path, precision: str, scale: float) -> None:
    sent = stored(tmp_path, "sent", ReadOptions(scale=scale, drop=("id", "b", "c", "y"), target=("d",)))
    columns = JobColumns(inputs=("a",), target=("d",), target_type="value")
    chosen = stored(tmp_path, "chosen", ReadOptions(scale=scale), columns)
    choice = {"numbers": "none", "targets": "none", "missing": "error"}
    gathered = []
    for table, array in (sent, chosen):
        preprocessing = fit(table, array, EVERY, choice, None, False)
        mapped = MappedRows(array, table, preprocessing, EVERY, np.dtype(precision), 0, kernels=NUMBA)
        assert (mapped.gather_inputs is None) == isinstance(array, ChosenColumns)
        X, Y = np.empty((500, 1), precision), np.empty((500, 1), precision)
        mapped.gather(np.arange(500)[::-1].copy(), X, Y)
        gathered.append((X.tobytes(), Y.tobytes()))
    assert gathered[0] == gathered[1]
