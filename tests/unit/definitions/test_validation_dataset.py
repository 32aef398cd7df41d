"""Another dataset as validation: what has to be the training dataset's, and where it is reported when it is not."""

from dataclasses import replace
from typing import Any

import pytest

from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.validation_dataset import check_validation_dataset
from service.errors import Invalid

A = Column("a", Role.INPUT, ColumnType.NUMBER)
C = Column("c", Role.INPUT, ColumnType.CATEGORY, categories=("r", "g"))
CLASSES = Column("y", Role.TARGET, ColumnType.CATEGORY, categories=("p", "q"))
W = Column("w", Role.WEIGHT, ColumnType.NUMBER, minimum=0.0, maximum=2.0)
WHOLE = Column("y", Role.TARGET, ColumnType.NUMBER, whole_values=(0.0, 1.0, 2.0))


def table(*columns: Column) -> Table:
    return Table(10, columns, "float64", 1.0, "0" * 64, 0)


def check(other: Table, mine: Table, labels: Any = None, missing: str = "error") -> None:
    check_validation_dataset("other", other, mine, "float64", missing, labels)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ((C, CLASSES), "has other input columns than the training dataset: there is no `a`"),
        ((C, A, CLASSES), "has other input columns than the training dataset: they are in another order"),
        ((A, C, replace(A, name="b"), CLASSES), "has other input columns than the training dataset: `b` is not among"),
        (
            (A, replace(C, type=ColumnType.NUMBER, categories=None), CLASSES),
            "has other input columns than the training dataset: `c` is of type number, not category",
        ),
        ((A, C, replace(CLASSES, name="z")), "has other target columns than the training dataset: there is no `y`"),
        ((A, C, WHOLE), "has other target columns than the training dataset: `y` is of type number, not category"),
        ((A, replace(C, categories=("r", "blue")), CLASSES), "column `c` has an unknown category: 'blue'"),
        ((A, C, replace(CLASSES, categories=("p", "z"))), "column `y` has an unknown category: 'z'"),
        ((replace(A, missing=2), C, CLASSES), "column `a` has 2 missing values"),
        ((A, C, replace(CLASSES, missing=1)), "column `y` has 1 missing values"),
    ],
)
def test_what_differs_is_reported(other: tuple[Column, ...], says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        check(table(*other), table(A, C, CLASSES), ("p", "q"))
    assert caught.value.faults[0].pointer == "#/training/validation/dataset"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (replace(WHOLE, whole_values=(1.0, 7.0)), "has a class the training dataset lacks: 7"),
        (replace(WHOLE, whole_values=None), "cannot be read as classes"),
    ],
)
def test_classes_that_are_numbers_have_to_be_known(target: Column, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        check(table(A, target), table(A, WHOLE), (0, 1, 2))
    assert caught.value.faults[0].pointer == "#/training/validation/dataset"


@pytest.mark.parametrize(
    ("mine", "theirs", "says"),
    [
        ((W,), (), "has other weight columns"),
        ((), (W,), "has other weight columns"),
        ((W,), (replace(W, name="v"),), "has other weight columns"),
        ((W,), (replace(W, missing=1),), "column `w` has 1 missing values"),
        ((W,), (replace(W, minimum=-3.0),), "column `w` holds -3, but a weight must be at least 0"),
        ((W,), (replace(W, maximum=0.0),), "column `w` holds 0 at most, but some weight must be above 0"),
    ],
)
def test_both_have_weights_or_neither(mine: Any, theirs: Any, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        check(table(A, CLASSES, *theirs), table(A, CLASSES, *mine), ("p", "q"), missing="mean")
    assert caught.value.faults[0].pointer == "#/training/validation/dataset"


@pytest.mark.parametrize(
    ("mine", "theirs", "says"),
    [
        (255.0, 1.0, "`other` was sent without a scale, but .* divided by 255; send it again with scale=255"),
        (1.0, 255.0, "`other` was sent with scale=255, the training dataset without; send it again without"),
    ],
)
def test_a_scale_of_one_dataset_alone_is_refused(mine: float, theirs: float, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        check(replace(table(A, CLASSES), scale=theirs), replace(table(A, CLASSES), scale=mine), ("p", "q"))
    assert caught.value.faults[0].pointer == "#/training/validation/dataset"


def test_two_scales_may_differ() -> None:
    check(replace(table(A, CLASSES), scale=65535.0), replace(table(A, CLASSES), scale=255.0), ("p", "q"))


def test_precision_is_that_of_the_divided_numbers() -> None:
    large = replace(A, minimum=0.0, maximum=1e39)
    scaled = Table(10, (large, CLASSES), "float64", 1e6, "0" * 64, 0)
    check_validation_dataset("other", scaled, scaled, "float32", "error", ("p", "q"))


def test_what_fits_passes() -> None:
    check(table(A, replace(C, categories=("g",)), CLASSES), table(A, C, CLASSES), ("p", "q"))
    check(table(replace(A, missing=2), C, CLASSES), table(A, C, CLASSES), ("p", "q"), missing="median")
    check(table(A, CLASSES, W), table(A, CLASSES, W), ("p", "q"))
    check(table(A, replace(WHOLE, whole_values=(1.0,))), table(A, WHOLE), (0, 1, 2))
    check(table(A, replace(WHOLE, whole_values=None)), table(A, WHOLE))


def test_numbers_beyond_the_precision_are_reported() -> None:
    inputs = Column("a", Role.INPUT, ColumnType.NUMBER, minimum=0.0, maximum=1e39)
    other = Table(3, (inputs, WHOLE), "float64", 1.0, "0" * 64, 0)
    with pytest.raises(Invalid, match="beyond a float32") as caught:
        check_validation_dataset("other", other, other, "float32", "error", None)
    assert caught.value.faults[0].pointer == "#/training/validation/dataset"
