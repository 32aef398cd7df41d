"""The columns a job chooses of its dataset: which they are, what is wrong with a choice, and the table they make."""

from dataclasses import replace
from typing import Any

import pytest

from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.job_columns import JobColumns, choose, view
from service.definitions.requests import ForkRequest, JobRequest
from service.definitions.validation import check
from service.errors import Invalid

A = Column("a", Role.INPUT, ColumnType.NUMBER, minimum=0.0, maximum=6.0, mean=3.0, standard_deviation=2.0)
B = Column("b", Role.INPUT, ColumnType.CATEGORY, categories=("p", "q"))
C = Column("Tenure", Role.INPUT, ColumnType.NUMBER)
Y = Column("y", Role.TARGET, ColumnType.NUMBER, minimum=0.0, maximum=1.0, whole_values=(0.0, 1.0))
W = Column("w", Role.WEIGHT, ColumnType.NUMBER)
TABLE = Table(10, (A, B, C, Y, W), "float64", 1.0, "f" * 64, 0)
NO_TARGET = replace(TABLE, columns=(A, B))


def chosen(table: Table = TABLE, **body: Any) -> JobColumns | None:
    request = check(JobRequest, {"dataset": "d", **body})
    return choose(table, request, request.target_type)


def faults(**body: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(Invalid) as caught:
        chosen(**body)
    return [(fault.pointer, fault.detail) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("body", "inputs", "target"),
    [
        ({"drop": "b"}, ("a", "Tenure"), ("y",)),
        ({"drop": ["Tenure", "a"]}, ("b",), ("y",)),
        ({"inputs": ["Tenure", "a"]}, ("Tenure", "a"), ("y",)),
        ({"target": "b"}, ("a", "Tenure"), ("b",)),
        ({"target": ["Tenure", "y"]}, ("a", "b"), ("Tenure", "y")),
        ({"target": "b", "inputs": ["y", "a"]}, ("y", "a"), ("b",)),
        ({"target": "b", "drop": ["y"]}, ("a", "Tenure"), ("b",)),
        ({"inputs": ["a", "b"], "drop": ["Tenure"]}, ("a", "b"), ("y",)),
        ({"target_type": "value"}, ("a", "b", "Tenure"), ("y",)),
    ],
)
def test_a_choice_names_the_inputs_and_the_targets(
    body: dict[str, Any], inputs: tuple[str, ...], target: tuple[str, ...]
) -> None:
    columns = chosen(**body)
    assert columns == JobColumns(inputs=inputs, target=target, target_type=body.get("target_type"))


def test_a_job_that_chooses_nothing_has_no_choice() -> None:
    assert chosen() is None
    assert choose(TABLE, ForkRequest()) is None


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"drop": ["a", "tenure"]}, "#/drop/1", "there is no column `tenure`; did you mean `Tenure`?"),
        ({"target": "z"}, "#/target", "there is no column `z`; there are `a`, `b`, `Tenure`, `y`, `w`"),
        ({"inputs": ["a", "b", "a"]}, "#/inputs/2", "`a` is named twice"),
        ({"target": ["b", "b"]}, "#/target/1", "`b` is named twice"),
        ({"inputs": ["a", "b"], "target": ["b"]}, "#/inputs/1", "`b` is named as a `target` as well"),
        ({"drop": "b", "target": "b"}, "#/drop", "`b` is named as a `target` as well"),
        ({"inputs": "a", "drop": ["a"]}, "#/drop/0", "`a` is named in `inputs` as well"),
        (
            {"inputs": ["a", "y"]},
            "#/inputs/1",
            "`y` is the dataset's target; name another `target` next to `dataset`",
        ),
        ({"drop": "y"}, "#/drop", "`y` is the dataset's target; name another `target` next to `dataset`"),
        ({"drop": ["a", "b", "Tenure"]}, "#/drop", "leaves no column to be an input"),
        ({"target": ["a", "b", "Tenure"]}, "#/target", "leaves no column to be an input"),
        ({"target": "b", "target_type": "value"}, "#/target_type", "`b` holds text, so it cannot be a value"),
    ],
)
def test_each_mistake_is_one_fault_at_the_name(body: dict[str, Any], pointer: str, detail: str) -> None:
    assert faults(**body) == [(pointer, detail)]


@pytest.mark.parametrize("field", ["inputs", "drop", "target"])
def test_the_column_of_weights_stays_one(field: str) -> None:
    ((pointer, detail),) = faults(**{field: ["w"]})
    assert pointer == f"#/{field}/0" and "is the dataset's column of weights" in detail


def test_several_mistakes_are_reported_up_to_the_tenth() -> None:
    assert [pointer for pointer, _ in faults(target="z", drop=["b", "b", "x"])] == ["#/target", "#/drop/1", "#/drop/2"]
    assert len(faults(drop=[f"x{index}" for index in range(30)])) == 10


def test_a_view_has_inputs_then_targets_then_the_weight() -> None:
    table = view(TABLE, JobColumns(inputs=("Tenure", "y"), target=("a",), target_type="class"))
    assert [(column.name, column.role) for column in table.columns] == [
        ("Tenure", Role.INPUT),
        ("y", Role.INPUT),
        ("a", Role.TARGET),
        ("w", Role.WEIGHT),
    ]
    assert [column.class_or_value for column in table.columns] == [None, None, "class", None]
    assert (table.rows, table.sha256) == (TABLE.rows, TABLE.sha256)


def test_only_targets_have_whole_values() -> None:
    columns = JobColumns(inputs=("y",), target=("a",), whole_values={"a": (0.0, 3.0, 6.0)})
    assert [column.whole_values for column in view(TABLE, columns).columns] == [None, (0.0, 3.0, 6.0), None]
    as_sent = JobColumns(inputs=("a",), target=("y",))
    assert view(TABLE, as_sent).columns[1] == Y


def test_statistics_are_of_the_dataset_as_sent_whatever_the_scale_and_the_role() -> None:
    table = view(replace(TABLE, scale=2.0), JobColumns(inputs=("y", "Tenure"), target=("a",)))
    y, _, a, _ = table.columns
    assert (y.minimum, y.maximum) == (0.0, 1.0)
    assert (a.minimum, a.maximum, a.mean, a.standard_deviation) == (0.0, 6.0, 3.0, 2.0)


def test_sums_of_other_targets_are_not_known() -> None:
    table = replace(TABLE, target_sums_are_one=True)
    assert view(table, JobColumns(inputs=("a",), target=("y",))).target_sums_are_one is True
    assert view(table, JobColumns(inputs=("a",), target=("y", "Tenure"))).target_sums_are_one is None


def test_a_view_of_another_dataset_needs_the_columns_and_ignores_others() -> None:
    other = replace(TABLE, columns=(C, A, Column("more", Role.INPUT, ColumnType.NUMBER), B))
    table = view(other, JobColumns(inputs=("a",), target=("b",)))
    assert [(column.name, column.role) for column in table.columns] == [("a", Role.INPUT), ("b", Role.TARGET)]
    with pytest.raises(Invalid, match="there is no column `tenure`; did you mean `Tenure`") as caught:
        view(other, JobColumns(inputs=("tenure",), target=("b",)), "#/training/validation/dataset")
    assert caught.value.faults[0].pointer == "#/training/validation/dataset"


def test_numbered_columns_are_chosen_of_arrays_of_one_width() -> None:
    def arrays(width: int) -> Table:
        inputs = [Column(f"input_{place}", Role.INPUT, ColumnType.NUMBER) for place in range(1, width + 1)]
        return replace(TABLE, columns=(*inputs, Y))

    columns = chosen(arrays(4), drop="input_3")
    assert columns is not None and columns.inputs == ("input_1", "input_2", "input_4")
    assert len(view(arrays(4), columns).columns) == 4
    with pytest.raises(Invalid, match="must have 4 inputs, as the arrays trained on, got 9"):
        view(arrays(9), columns)
    assert chosen(TABLE, drop="a") == JobColumns(inputs=("b", "Tenure"), target=("y",), numbered=None)


def test_what_an_older_release_stored_is_read() -> None:
    columns = JobColumns(inputs=("a",), target=("y",), whole_values={"y": (0.0, 1.0)})
    assert JobColumns.from_json(columns.to_json()) == columns
    assert JobColumns.from_json({"inputs": ["a"], "target": ["y"]}).target_type is None


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"training": {"target": "y"}}, "#/training/target", "`target` goes next to `dataset`, not into `training`"),
        ({"training": {"drop": ["a"]}}, "#/training/drop", "`drop` goes next to `dataset`, not into `training`"),
        ({"training": {"inputs": ["a"]}}, "#/training/inputs", "`inputs` goes next to `dataset`, not into `training`"),
        (
            {"dataset": {"name": "churn", "target": "y", "drop": "a"}},
            "#/dataset",
            'has a name and no rows; for a stored dataset give its name alone, "churn",'
            " and `drop`, `target` next to it",
        ),
        ({"weight": "w"}, "#/weight", "the column of weights is named when the dataset is sent, with `weight`"),
    ],
)
def test_a_choice_in_the_wrong_place_is_told_the_right_one(body: dict[str, Any], pointer: str, detail: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(JobRequest, {"dataset": "churn", **body})
    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [(pointer, detail)]
