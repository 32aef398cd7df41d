"""Classes or values: every branch of the contract's rule, and what the answer says of it."""

from dataclasses import replace
from typing import Any

import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.losses import LOSSES
from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.resolved import Targets
from service.definitions.targets import FEW_VALUES, Output, are_one_hot, read_targets, sums_are_one
from service.errors import Invalid

BITS, SIGNS = (0.0, 1.0), (-1.0, 1.0)


def numbers(*whole: float, said: str | None = None, name: str = "y", **statistics: Any) -> Column:
    values = whole or None
    low, high = (whole[0], whole[-1]) if whole else (0.1, 0.9)
    found = {"minimum": low, "maximum": high, **statistics}
    return Column(name, Role.TARGET, ColumnType.NUMBER, whole_values=values, class_or_value=said, **found)


def texts(*labels: str, said: str | None = None) -> Column:
    return Column("y", Role.TARGET, ColumnType.CATEGORY, categories=labels, class_or_value=said)


def output(units: int, activation: str) -> Output:
    return Output(0, units, ACTIVATIONS[activation]())


def read(
    *targets: Column, out: Output | None = None, loss: str | None = None, rows: int = 100, **table: Any
) -> Targets:
    columns = (Column("a", Role.INPUT, ColumnType.NUMBER), *targets)
    contents = Table(rows, columns, "float64", 1.0, "0" * 64, 0, **table)
    return read_targets(contents, out, None if loss is None else LOSSES[loss]())


def run(first: int, count: int) -> tuple[float, ...]:
    return tuple(float(first + step) for step in range(count))


def test_text_is_classes_whatever_the_network_and_the_loss() -> None:
    assert read(texts("x", "y")).labels == ("x", "y")
    assert read(texts("x", "y"), out=output(1, "linear"), loss="mean_squared_error").labels == ("x", "y")
    assert "is text" in (read(texts("x", "y")).because or "")


def test_booleans_of_an_array_are_classes_unless_said_otherwise() -> None:
    column = numbers(0, 1, is_boolean=True)
    for out, loss in ((None, "mean_squared_error"), (output(1, "linear"), None), (None, None)):
        found = read(column, out=out, loss=loss)
        assert found.labels == (0, 1) and "`y` is booleans" in (found.because or "")
    assert read(replace(column, class_or_value="value")).labels is None


def test_dates_are_values_without_a_warning() -> None:
    found = read(numbers(0, 1, 2, is_date=True))
    assert (found.labels, found.warnings) == (None, {}) and "`y` is a date" in (found.because or "")
    assert read(numbers(0, 1, 2, is_date=True, said="class")).labels == (0, 1, 2)


def test_text_cannot_be_said_to_be_values() -> None:
    with pytest.raises(Invalid, match="target `y` is text, so it is classes, but target_type says value"):
        read(texts("x", "y", said="value"))


@pytest.mark.parametrize("loss", [None, "categorical_cross_entropy", "mean_squared_error"])
@pytest.mark.parametrize(("said", "labels"), [("class", (0, 1, 2)), ("value", None)])
def test_target_type_says_it_outright(said: str, labels: Any, loss: str | None) -> None:
    found = read(numbers(0, 1, 2, said=said), loss=loss)
    assert found.labels == labels and found.warnings == {}
    assert f"target_type is {said}" in (found.because or "")


def test_target_type_class_needs_whole_numbers() -> None:
    with pytest.raises(Invalid, match="cannot be read as classes"):
        read(numbers(said="class"))


@pytest.mark.parametrize(
    ("whole", "out", "loss", "labels", "because"),
    [
        # the loss is one for classes
        ((3, 7), None, "categorical_cross_entropy", (3, 7), "the loss, categorical_cross_entropy, is for classes"),
        ((3, 7), output(1, "sigmoid"), "binary_cross_entropy", (3, 7), "the loss, binary_cross_entropy, is for"),
        ((3, 7), output(1, "linear"), "hinge", (3, 7), "the loss, hinge, is for classes"),
        # the output has more than one unit
        ((3, 7, 9), output(3, "softmax"), None, (3, 7, 9), "the output has 3 units"),
        ((3, 7), output(2, "linear"), "mean_squared_error", (3, 7), "the output has 2 units"),
        # one sigmoid unit and the values are 0 and 1
        (BITS, output(1, "sigmoid"), None, (0, 1), "one sigmoid unit and the values are 0 and 1"),
        (BITS, output(1, "sigmoid"), "quadratic", (0, 1), "one sigmoid unit and the values are 0 and 1"),
        # -1 and 1 with one tanh or sigmoid unit
        (SIGNS, output(1, "tanh"), None, (-1, 1), "one tanh unit and the values are -1 and 1"),
        (SIGNS, output(1, "tanh"), "mean_squared_error", (-1, 1), "one tanh unit and the values are -1 and 1"),
        (SIGNS, output(1, "sigmoid"), None, (-1, 1), "one sigmoid unit and the values are -1 and 1"),
        # neither says
        (BITS, None, None, (0, 1), "the values are 0 and 1, and neither network nor loss says otherwise"),
        (SIGNS, None, None, (-1, 1), "the values are -1 and 1, and neither"),
        (BITS, output(1, "tanh"), None, (0, 1), "the values are 0 and 1, and neither"),
        (run(0, 3), None, None, (0, 1, 2), "3 whole numbers from 0 to 2, with at least 5 rows each on average"),
        (run(1, 20), None, None, tuple(range(1, 21)), "20 whole numbers from 1 to 20"),
    ],
)
def test_whole_numbers_are_classes(whole: Any, out: Any, loss: Any, labels: Any, because: str) -> None:
    found = read(numbers(*whole), out=out, loss=loss)
    assert found.labels == labels and because in (found.because or "") and found.warnings == {}
    assert found.outputs == (out.units if out is not None else len(labels))


@pytest.mark.parametrize(
    ("whole", "out", "loss", "rows", "because"),
    [
        ((), None, None, 100, "`y` is not whole numbers"),
        ((), None, "hinge", 100, "`y` is not whole numbers"),
        (BITS, None, "mean_squared_error", 100, "the loss, mean_squared_error, is for values"),
        (run(0, 10), None, "huber", 100, "the loss, huber, is for values"),
        (BITS, output(1, "tanh"), "quadratic", 100, "the loss, quadratic, is for values"),
        (BITS, output(1, "linear"), None, 100, "the output is one linear unit, which is for values"),
        (run(0, 10), output(1, "sigmoid"), None, 100, "the output is one sigmoid unit, which is for values"),
        ((1, 2), None, None, 100, "the values (1 and 2) are neither 0 and 1, nor -1 and 1, nor 3 to 20"),
        ((7,), None, None, 100, "the values (7 alone) are neither"),
        (run(2, 3), None, None, 100, "the values (from 2 to 4) are neither"),
        (run(-1, 3), None, None, 100, "the values (from -1 to 1) are neither"),
        ((0, 1, 3), None, None, 100, "the values (from 0 to 3) are neither"),
        (run(0, 21), None, None, 1000, "the values (from 0 to 20) are neither"),
        (run(0, 3), None, None, 14, "3 whole numbers from 0 to 2, but with under 5 rows each on average"),
    ],
)
def test_all_else_is_values(whole: Any, out: Any, loss: Any, rows: int, because: str) -> None:
    found = read(numbers(*whole), out=out, loss=loss, rows=rows)
    assert (found.labels, found.outputs) == (None, 1)
    assert because in (found.because or "") and "target_type=class" in (found.because or "")


def test_five_rows_a_value_suffice() -> None:
    assert read(numbers(*run(0, 3)), rows=15).labels == (0, 1, 2)


@pytest.mark.parametrize(("count", "warns"), [(1, True), (20, True), (21, False)])
def test_few_distinct_whole_numbers_read_as_values_are_a_warning(count: int, warns: bool) -> None:
    found = read(numbers(*run(5, count)))
    assert found.labels is None and (FEW_VALUES in found.warnings) == warns
    if count == 20:
        assert found.warnings[FEW_VALUES].startswith("`y` holds 20 distinct whole numbers and is read as values: the")


@pytest.mark.parametrize(
    ("column", "out", "loss", "low"),
    [
        (numbers(*SIGNS), output(1, "tanh"), None, -1.0),
        (numbers(*SIGNS), output(1, "softsign"), None, -1.0),
        (numbers(*SIGNS, said="class"), output(1, "tanh"), "mean_squared_error", -1.0),
        (numbers(*SIGNS), output(1, "sigmoid"), None, 0.0),
        (numbers(*SIGNS), output(1, "tanh"), "hinge", 0.0),
        (numbers(*SIGNS), output(2, "tanh"), None, 0.0),
        (numbers(*SIGNS), None, None, 0.0),
        (numbers(*BITS), output(1, "tanh"), None, 0.0),
        (texts("no", "yes"), output(1, "tanh"), None, 0.0),
    ],
)
def test_minus_one_and_one_are_trained_towards_as_they_are_under_one_tanh_unit(
    column: Column, out: Any, loss: Any, low: float
) -> None:
    found = read(column, out=out, loss=loss)
    assert found.are_classes and found.low == low


ONE_HOT = tuple(numbers(0, 1, name=name, mean=1 / 3) for name in ("red", "green", "blue"))


@pytest.mark.parametrize(("out", "loss"), [(output(3, "softmax"), None), (None, "categorical_cross_entropy")])
@pytest.mark.parametrize("known", [True, None])
def test_one_hot_columns_under_softmax_are_classes(out: Any, loss: Any, known: bool | None) -> None:
    found = read(*ONE_HOT, out=out, loss=loss, target_sums_are_one=known)
    assert found.labels == ("red", "green", "blue") and found.outputs == 3
    assert "the 3 target columns are one-hot" in (found.because or "")


def test_the_classes_of_one_hot_columns_without_names_are_numbers() -> None:
    columns = tuple(replace(column, name=f"target_{n}") for n, column in enumerate(ONE_HOT, 1))
    assert read(*columns, out=output(3, "softmax"), target_sums_are_one=True).labels == (0, 1, 2)


@pytest.mark.parametrize(("out", "loss"), [(output(3, "sigmoid"), None), (None, None), (None, "binary_cross_entropy")])
def test_several_columns_are_values_otherwise(out: Any, loss: Any) -> None:
    found = read(*ONE_HOT, out=out, loss=loss, target_sums_are_one=True)
    assert (found.labels, found.outputs, found.warnings) == (None, 3, {})
    assert "there are 3 target columns" in (found.because or "")


def test_target_type_decides_for_one_hot_columns_too() -> None:
    as_classes = [replace(column, class_or_value="class") for column in ONE_HOT]
    assert read(*as_classes, target_sums_are_one=True).labels == ("red", "green", "blue")
    with pytest.raises(Invalid, match="has 3 target columns, but classes take one, or columns of 0 and 1"):
        read(*as_classes, target_sums_are_one=False)
    as_values = [replace(column, class_or_value="value") for column in ONE_HOT]
    assert read(*as_values, out=output(3, "softmax"), target_sums_are_one=True).labels is None


def test_several_columns_with_text_are_no_classes() -> None:
    with pytest.raises(Invalid, match="has 2 target columns, but classes take one"):
        read(texts("x", "y"), numbers(name="z"))


@pytest.mark.parametrize(
    ("columns", "known", "sums", "one_hot"),
    [
        (ONE_HOT, True, True, True),
        (ONE_HOT, False, False, False),
        (ONE_HOT, None, True, True),
        (tuple(replace(column, mean=0.5) for column in ONE_HOT), None, False, False),
        (tuple(replace(column, maximum=2.0) for column in ONE_HOT), None, False, False),
        (tuple(replace(column, whole_values=None) for column in ONE_HOT), True, True, False),
        (tuple(replace(column, missing=1) for column in ONE_HOT), True, False, False),
    ],
)
def test_datasets_from_before_are_judged_by_their_means(columns: Any, known: Any, sums: bool, one_hot: bool) -> None:
    contents = Table(100, columns, "float64", 1.0, "0" * 64, 0, target_sums_are_one=known)
    assert (sums_are_one(contents), are_one_hot(contents)) == (sums, one_hot)


def test_one_class_and_no_target_are_refused() -> None:
    with pytest.raises(Invalid, match="has one class only"):
        read(numbers(4, said="class"))
    with pytest.raises(Invalid, match="has no target column"):
        read()
