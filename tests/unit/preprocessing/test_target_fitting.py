"""What `auto` becomes for targets on the training rows, and what only the rows can show of targets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.losses import LOSSES
from service.datasets.json import read_json_arrays, read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Table
from service.definitions.target_scaling import Reach
from service.errors import Invalid
from service.preprocessing.batches import open_rows
from service.preprocessing.classes import class_blocks, class_count
from service.preprocessing.fit import Preprocessing, fit
from service.preprocessing.row_selection import RowList, RowRanges
from service.preprocessing.target_fitting import check_loss_takes

AUTO = {"numbers": "auto", "targets": "auto", "missing": "error"}


def reach(activation: str, loss: str = "mean_squared_error", **settings: Any) -> Reach:
    return Reach(ACTIVATIONS[activation](**settings), LOSSES[loss]())


@pytest.fixture
def stored(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write(*targets: Any) -> tuple[Table, np.ndarray]:
        rows = [{"a": 0, "y": value} for value in targets]
        if isinstance(targets[0], list):
            inputs = [[0.0]] * len(targets)
            table = read_json_arrays(inputs, list(targets), ReadOptions(), Limits(), tmp_path / "rows")
        else:
            table = read_json_rows(None, rows, ReadOptions(), Limits(), tmp_path / "rows")
        return table, open_rows(tmp_path / "rows")

    return write


def fitted(stored: tuple[Table, Any], of: Reach, choice: str = "auto", train: Any = None) -> Preprocessing:
    table, array = stored
    rows = RowRanges(range(table.rows)) if train is None else RowList(np.array(train, dtype=np.uint16))
    return fit(table, array, rows, {**AUTO, "targets": choice}, None, False, reach=of)


def trained(preprocessing: Preprocessing, *values: float) -> list[float]:
    Y = np.empty((len(values), 1))
    preprocessing.transform_targets(np.array(values)[:, None], Y)
    return Y[:, 0].tolist()


@pytest.mark.parametrize(
    ("activation", "values", "became", "scaled"),
    [
        ("linear", (-1, 0, 1), "none", [-1, 0, 1]),
        ("linear", (10, 20), "standardize", [-1, 1]),
        ("leaky_relu", (10, 20), "standardize", [-1, 1]),
        ("sigmoid", (0, 0.5, 1), "none", [0, 0.5, 1]),
        ("sigmoid", (-0.5, 0.5), "min_max", [0, 1]),
        ("relu", (10, 20, 30, 40), "min_max", [0, 1 / 3, 2 / 3, 1]),
        ("relu", (0, 0.5), "none", [0, 0.5]),
        ("softplus", (-4, 4), "min_max", [0, 1]),
        ("elu", (-0.9, 0.9), "none", [-0.9, 0.9]),
        ("elu", (-9, 1), "min_max", [0, 1]),
        ("gelu", (-0.5, 0.5), "min_max", [0, 1]),
        ("silu", (-0.2, 0.5), "none", [-0.2, 0.5]),
        ("tanh", (-1, 1), "none", [-1, 1]),
        ("tanh", (10, 20, 40), "min_max", [-1, -1 / 3, 1]),
        ("softsign", (10, 20, 40), "min_max", [-1, -1 / 3, 1]),
    ],
)
def test_auto_scales_to_where_the_output_reaches(
    stored: Any, activation: str, values: Any, became: str, scaled: list[float]
) -> None:
    preprocessing = fitted(stored(*values), reach(activation))
    assert preprocessing.target_values == became
    np.testing.assert_allclose(trained(preprocessing, *values), scaled, atol=1e-15)
    Y = np.array(trained(preprocessing, *values))[:, None]
    np.testing.assert_allclose(preprocessing.restore(Y)[:, 0], values, rtol=1e-12)


@pytest.mark.parametrize(("activation", "constant"), [("relu", 0.0), ("tanh", 0.0), ("linear", 0.0)])
def test_a_constant_target_is_only_shifted(stored: Any, activation: str, constant: float) -> None:
    preprocessing = fitted(stored(7, 7), reach(activation))
    assert trained(preprocessing, 7, 8) == [constant, constant + 1]


def test_training_rows_alone_decide(stored: Any) -> None:
    data = stored(0, 1, 900)
    assert fitted(data, reach("sigmoid"), train=[0, 1]).target_values == "none"
    preprocessing = fitted(data, reach("sigmoid"), train=[1, 2])
    assert trained(preprocessing, 1, 900) == [0, 1]


@pytest.mark.parametrize("choice", ["none", "min_max"])
def test_what_the_client_chose_is_done(stored: Any, choice: str) -> None:
    preprocessing = fitted(stored(10, 20), reach("tanh"), choice)
    assert trained(preprocessing, 10, 20) == ([10, 20] if choice == "none" else [0, 1])


def test_standardize_beyond_the_reach_is_refused_by_the_training_rows(stored: Any) -> None:
    data = stored(0, 0, 0, 0, 6)
    with pytest.raises(Invalid, match=r"standardize brings `y` to -0.5 to 2, which a elu output \(-0.3 and above\)"):
        fitted(data, reach("elu", alpha=0.3), "standardize")
    assert fitted(data, reach("elu"), "standardize").target_values == "standardize"
    with pytest.raises(Invalid, match="to -1 to 1, which a elu output"):
        fitted(data, reach("elu", alpha=0.9), "standardize", train=[3, 4])


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_auto_is_none_under_a_cross_entropy(stored: Any, loss: str) -> None:
    assert fitted(stored(0.25, 0.5), reach("sigmoid", loss)).target_values == "none"


def loss_takes(stored: tuple[Table, Any], loss: str, rows: Any, scales: Any = (0.0, 1.0)) -> None:
    table, array = stored
    count = array.shape[1] - 1
    each = np.array([[scales[0]] * count, [scales[1]] * count])
    check_loss_takes(table, array, RowList(np.array(rows, dtype=np.uint16)), LOSSES[loss](), each)


def test_a_cross_entropy_is_judged_by_the_rows_that_are_used(stored: Any) -> None:
    data = stored(0.5, 1, 5)
    loss_takes(data, "binary_cross_entropy", [0, 1])
    loss_takes(data, "mean_squared_error", [0, 1, 2])
    with pytest.raises(Invalid, match="binary_cross_entropy needs targets from 0 to 1, and `y` lies from 1 to 5"):
        loss_takes(data, "binary_cross_entropy", [1, 2])
    loss_takes(data, "binary_cross_entropy", [0, 1, 2], (0.0, 5.0))


def test_hinge_is_judged_by_the_rows_that_are_used(stored: Any) -> None:
    data = stored([-1, 0], [1, 1], [1, 5], [0, 1])
    loss_takes(data, "hinge", [0, 1])
    for rows, name in (([1, 2], "target_2"), ([0, 3], "target_1")):
        with pytest.raises(Invalid, match=f"hinge needs targets of -1 and 1, or 0 and 1, and `{name}` has others"):
            loss_takes(data, "hinge", rows)


def test_one_hot_columns_are_classes(stored: Any) -> None:
    table, array = stored([0, 1, 0], [1, 0, 0], [0, 0, 1])
    assert table.target_sums_are_one is True and class_count(table) == 3
    preprocessing = fit(table, array, RowRanges(range(3)), AUTO, (0, 1, 2), False)
    assert (preprocessing.outputs, preprocessing.codes, preprocessing.target_names) == (3, None, ("class",))
    Y = np.empty((3, 3))
    preprocessing.transform_targets(array[:, 1:], Y)
    np.testing.assert_array_equal(Y, [[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    assert preprocessing.label_of(Y) == [1, 0, 2]
    assert Preprocessing.from_dict(preprocessing.to_dict()) == preprocessing
    assert [block.tolist() for _, block in class_blocks(array, table, RowRanges(range(3)))] == [[1, 0, 2]]


def test_rows_of_datasets_from_before_are_checked_to_be_one_hot(stored: Any) -> None:
    table, array = stored([0, 1], [1, 1], [0, 0], [1, 0])
    before = replace(table, target_sums_are_one=None)
    with pytest.raises(Invalid, match="row 2: the target columns must hold 0 and 1, one 1 a row"):
        fit(before, array, RowRanges(range(4)), AUTO, (0, 1), False)
    fit(before, array, RowList(np.array([0, 3], dtype=np.uint16)), AUTO, (0, 1), False)


@pytest.mark.parametrize(
    ("targets", "known"),
    [
        ([[0, 1], [1, 0]], True),
        ([[0.25, 0.75], [1, 0]], True),
        ([[0, 1], [1, 1]], False),
        ([[-1, 2], [1, 0]], False),
        ([[0], [1]], None),
    ],
)
def test_whether_targets_sum_to_one_is_measured_while_they_are_written(stored: Any, targets: Any, known: Any) -> None:
    table, _ = stored(*targets)
    assert table.target_sums_are_one is known
    assert Table.from_dict(table.to_dict()) == table
    record = table.to_dict()
    del record["target_sums_are_one"]
    assert Table.from_dict(record).target_sums_are_one is None


def test_two_classes_of_one_tanh_unit_are_minus_one_and_one(stored: Any) -> None:
    table, array = stored(-1, 1, 1)
    preprocessing = fit(table, array, RowRanges(range(3)), AUTO, (-1, 1), True, -1.0)
    assert trained(preprocessing, -1, 1, 1) == [-1, 1, 1]
    assert (preprocessing.single_target(0), preprocessing.single_target(1)) == (-1, 1)
    read = replace(preprocessing, threshold=0.0)
    assert read.label_of(np.array([[-0.1], [0.0]])) == [-1, 1]
    assert Preprocessing.from_dict(read.to_dict()) == read
