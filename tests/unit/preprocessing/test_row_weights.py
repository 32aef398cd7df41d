"""Weights of rows and of classes, read from the dataset and checked where the rows are known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets.json import read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Table
from service.errors import Invalid
from service.preprocessing import classes, row_weights
from service.preprocessing.batches import MappedRows, open_rows
from service.preprocessing.fit import fit
from service.preprocessing.row_selection import RowRanges, Selection
from service.preprocessing.row_weights import class_weights, sample_weights


def stored(path: Path, values: list[Any], scale: float = 1.0) -> tuple[Any, Table]:
    """A dataset of one input and one target whose rows weigh `values`."""
    rows = [{"a": 0.5, "w": value, "y": n / 100} for n, value in enumerate(values)]
    table = read_json_rows(None, rows, ReadOptions(weight="w", scale=scale), Limits(), path)
    return open_rows(path), table


@pytest.mark.parametrize("read_rows", [2, 65_536])
def test_weights_are_those_of_the_chosen_rows_undivided_by_the_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_rows: int
) -> None:
    monkeypatch.setattr(row_weights, "READ_ROWS", read_rows)
    array, table = stored(tmp_path / "rows", [0, 1, 2.5, 3, 4, 5], scale=255.0)
    read = sample_weights(array, table, RowRanges(range(1, 3), range(4, 6)))
    assert read is not None and read.dtype == np.float64 and read.tolist() == [1, 2.5, 4, 5]


def test_a_dataset_without_a_weight_column_has_none(tmp_path: Path) -> None:
    table = read_json_rows(None, [{"a": 0.5, "y": 1}], ReadOptions(), Limits(), tmp_path / "rows")
    assert sample_weights(open_rows(tmp_path / "rows"), table, RowRanges(range(1))) is None


@pytest.mark.parametrize(
    ("wrong", "says"), [(None, "is missing, but every row needs a weight"), (-0.5, "must be at least 0, got -0.5")]
)
def test_what_is_no_weight_is_named_by_row_and_column(tmp_path: Path, wrong: Any, says: str) -> None:
    array, table = stored(tmp_path / "rows", [1, 1, 1, wrong, 1])
    with pytest.raises(Invalid, match=f"column `w`, row 4: {says}") as caught:
        sample_weights(array, table, RowRanges(range(2, 5)))
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (4, "w")
    assert sample_weights(array, table, RowRanges(range(3))) is not None


def test_rows_that_together_weigh_nothing_are_refused(tmp_path: Path) -> None:
    array, table = stored(tmp_path / "rows", [1, 0, 0, 0])
    with pytest.raises(Invalid, match="column `w` must be above 0 in some row, and is 0 in all of the 3 from row 2 on"):
        sample_weights(array, table, RowRanges(range(1, 4)))


@pytest.mark.parametrize("in_memory_bytes", [0, 10**9])
def test_the_rows_of_a_network_carry_their_weights(tmp_path: Path, in_memory_bytes: int) -> None:
    array, table = stored(tmp_path / "rows", [1, 2, 3])
    chosen: Selection = RowRanges(range(1, 3))
    choice = {"numbers": "none", "targets": "none", "missing": "error"}
    preprocessing = fit(table, array, chosen, choice, None, False)
    rows = MappedRows(array, table, preprocessing, chosen, np.dtype("float32"), in_memory_bytes)
    assert rows.sample_weights is not None and rows.sample_weights.tolist() == [2, 3]
    X, Y = np.empty((2, 1), np.float32), np.empty((2, 1), np.float32)
    rows.gather(np.array([0, 1]), X, Y)
    np.testing.assert_array_equal(Y[:, 0], np.float32([0.01, 0.02]))


def of_classes(path: Path, targets: list[Any]) -> tuple[Any, Table]:
    table = read_json_rows(None, [{"a": 0.5, "y": y} for y in targets], ReadOptions(), Limits(), path)
    return open_rows(path), table


@pytest.mark.parametrize("read_rows", [3, 65_536])
@pytest.mark.parametrize("names", [("p", "q", "r"), (2, 4, 8)])
def test_balanced_classes_weigh_the_same_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[Any, ...], read_rows: int
) -> None:
    monkeypatch.setattr(classes, "READ_ROWS", read_rows)
    array, table = of_classes(tmp_path / "rows", [names[0]] * 6 + [names[1]] * 3 + [names[2]])
    balanced = class_weights("balanced", names, array, table, RowRanges(range(10)))
    assert balanced is not None
    # scikit-learn's compute_class_weight("balanced", classes=[0, 1, 2], y=[0] * 6 + [1] * 3 + [2])
    np.testing.assert_allclose(balanced, [0.5555555555555556, 1.1111111111111112, 3.3333333333333335], rtol=1e-15)


def test_a_class_that_no_training_row_has_weighs_1_and_counts_for_none(tmp_path: Path) -> None:
    array, table = of_classes(tmp_path / "rows", ["p", "p", "p", "q", "r"])
    balanced = class_weights("balanced", ("p", "q", "r"), array, table, RowRanges(range(4)))
    assert balanced is not None
    np.testing.assert_allclose(balanced, [4 / 6, 2, 1])


def test_classes_that_are_not_named_weigh_1(tmp_path: Path) -> None:
    array, table = of_classes(tmp_path / "rows", [2, 4, 8])
    given = class_weights({"8": 5.0, "2": 0.0}, (2, 4, 8), array, table, RowRanges(range(3)))
    assert given is not None and given.tolist() == [0, 1, 5]


@pytest.mark.parametrize(("choice", "labels"), [(None, ("p", "q")), (None, None)])
def test_without_a_choice_all_classes_weigh_the_same(tmp_path: Path, choice: Any, labels: Any) -> None:
    array, table = of_classes(tmp_path / "rows", ["p", "q"])
    assert class_weights(choice, labels, array, table, RowRanges(range(2))) is None


def test_training_rows_of_classes_that_weigh_nothing_are_refused(tmp_path: Path) -> None:
    array, table = of_classes(tmp_path / "rows", ["p", "p", "q"])
    choice = {"p": 0.0}
    assert class_weights(choice, ("p", "q"), array, table, RowRanges(range(3))) is not None
    with pytest.raises(Invalid, match="all training rows weigh 0"):
        class_weights(choice, ("p", "q"), array, table, RowRanges(range(2)))
    with pytest.raises(Invalid, match="all training rows weigh 0"):
        class_weights(choice, ("p", "q"), array, table, RowRanges(range(3)), np.array([1.0, 1.0, 0.0]))
