"""Decides whether a job's targets are classes or values, and says by which rule. No rows are read.

The rule is the contract's: text and booleans are classes, `target_type` says it outright, then the loss and the output
of the network say it, and where neither does, the values of a column of whole numbers.
"""

from dataclasses import dataclass
from typing import NamedTuple

from service.backprop.activations import Activation, Linear
from service.backprop.layers import Layer
from service.backprop.losses import Loss
from service.definitions.columns import SUM_TOLERANCE, Column, ColumnType, Role, Table, target_names
from service.definitions.network import widths
from service.definitions.resolved import Targets
from service.errors import Invalid

FEWEST_IN_A_RUN, MOST_IN_A_RUN = 3, 20  # consecutive whole numbers that are taken for classes
ROWS_A_VALUE = 5  # on average, from which consecutive whole numbers are taken for classes
MOST_FEW_VALUES = 20  # distinct whole numbers that are read as values with a warning, as they may be classes
SIGNS = (-1.0, 1.0)
BITS = (0.0, 1.0)
TO_HAVE_VALUES = "to have values, give target_type=value with the job or the dataset"
TO_HAVE_CLASSES = "to have classes, give target_type=class with the job or the dataset"
FEW_VALUES = "whole_numbers_as_values"  # the code of a warning


@dataclass(frozen=True)
class Output:
    """The output of a network: the index of its last layer, its units, and its activation."""

    layer: int
    units: int
    function: Activation

    @classmethod
    def of(cls, layers: list[Layer], inputs: int) -> "Output":
        return cls(len(layers) - 1, widths(layers, inputs)[-1], layers[-1].last_activation() or Linear())

    @property
    def activation(self) -> str:
        return self.function.name

    @property
    def is_signed(self) -> bool:
        """Whether it lies between -1 and 1, so that -1 and 1 are what two classes are trained towards."""
        return self.function.bounds == SIGNS


class Reading(NamedTuple):
    """Whether a column is read as classes, the rule that decides it, and how to say otherwise."""

    as_classes: bool
    rule: str
    otherwise: str

    @property
    def because(self) -> str:
        return f"{self.rule}; {self.otherwise}" if self.otherwise else self.rule


def read_targets(table: Table, output: Output | None, loss: Loss | None) -> Targets:
    """Return how targets are read, as classes or as values.

    Parameters
    ----------
    output
        The output of the network; None when it is made to fit the targets.
    loss
        The loss that the client gave, or None.
    """
    columns = table.having(Role.TARGET)
    if not columns:
        raise Invalid.at(
            "#/dataset", "has no target column, so there is nothing to train towards; name one with `target`"
        )
    if len(columns) > 1:
        return _several(table, columns, output, loss)
    column = columns[0]
    reading = _reading(column, table.rows, output, loss)
    if not reading.as_classes:
        return Targets(outputs=1, labels=None, because=reading.because, warnings=_warnings(column, reading))
    labels = labels_of_column(column)
    if len(labels) < 2:
        raise Invalid.at("#/dataset", f"target `{column.name}` has one class only ({labels[0]!r})")
    single = output is not None and output.units == 1 and len(labels) == 2
    signed = single and output is not None and output.is_signed and column.whole_values == SIGNS
    low = -1.0 if signed and not (loss is not None and loss.sign_targets) else 0.0
    return Targets(outputs=1 if single else len(labels), labels=labels, because=reading.because, low=low)


def labels_of(table: Table) -> tuple[str | int, ...]:
    """Return the classes of a table's targets, in the order of the outputs."""
    columns = table.having(Role.TARGET)
    return labels_of_column(columns[0]) if len(columns) == 1 else one_hot_labels(columns)


def labels_of_column(column: Column) -> tuple[str | int, ...]:
    """Return the classes of one target column, ascending."""
    if column.type is ColumnType.CATEGORY:
        return tuple(column.categories or ())
    if column.whole_values is None:
        raise Invalid.at(
            "#/dataset", f"target `{column.name}` cannot be read as classes: it is not whole or has over 1,000 values"
        )
    return tuple(int(value) for value in column.whole_values)


def one_hot_labels(columns: tuple[Column, ...]) -> tuple[str | int, ...]:
    """Return the classes of one-hot columns: their names, or 0, 1, ... where the service made up the names."""
    names = tuple(column.name for column in columns)
    return tuple(range(len(names))) if names == target_names(len(names)) else names


def sums_are_one(table: Table) -> bool:
    """Return whether the targets of each row lie between 0 and 1 and sum to 1, as softmax outputs do.

    Datasets of older releases do not say it of each row; there the columns' means decide, and the rows are checked
    when they are read.
    """
    columns = table.having(Role.TARGET)
    if any(column.type is not ColumnType.NUMBER or column.missing for column in columns):
        return False
    if table.target_sums_are_one is not None:
        return table.target_sums_are_one
    if any(column.minimum is None or column.minimum < 0 or (column.maximum or 0) > 1 for column in columns):
        return False
    return abs(sum(column.mean or 0.0 for column in columns) - 1.0) <= SUM_TOLERANCE


def are_one_hot(table: Table) -> bool:
    """Return whether several target columns hold 0 and 1, one 1 a row; see `sums_are_one`."""
    whole = all(set(column.whole_values or (None,)) <= {0.0, 1.0} for column in table.having(Role.TARGET))
    return whole and sums_are_one(table)


def _several(table: Table, columns: tuple[Column, ...], output: Output | None, loss: Loss | None) -> Targets:
    """Read several target columns: as values, or as classes where they are one-hot and the output or loss needs it."""
    said = columns[0].class_or_value
    texts = [column for column in columns if column.type is ColumnType.CATEGORY]
    if texts:
        raise Invalid.at(
            "#/dataset", f"has {len(columns)} target columns, but classes take one (`{texts[0].name}` holds classes)"
        )
    softmax = output is not None and output.activation == "softmax"
    fused = loss is not None and loss.fused_with == "softmax"
    if said != "value" and (softmax or fused or said == "class") and are_one_hot(table):
        labels = one_hot_labels(columns)
        because = f"the {len(columns)} target columns are one-hot (0 and 1, one 1 a row), a class a column"
        return Targets(outputs=len(labels), labels=labels, because=f"{because}; {TO_HAVE_VALUES}")
    if said == "class":
        detail = f"has {len(columns)} target columns, but classes take one, or columns of 0 and 1 with one 1 a row"
        raise Invalid.at("#/dataset", detail)
    because = (
        f"there are {len(columns)} target columns; classes are one column, or one-hot columns (0 and 1, one 1 a row) "
        "under a softmax output or with target_type=class"
    )
    return Targets(outputs=len(columns), labels=None, because=because)


def _reading(column: Column, rows: int, output: Output | None, loss: Loss | None) -> Reading:
    name, said = f"`{column.name}`", column.class_or_value
    if column.type is ColumnType.CATEGORY:
        if said == "value":
            raise Invalid.at("#/dataset", f"target {name} is text, so it is classes, but target_type says value")
        return Reading(True, f"{name} is text or booleans", "")
    if said is not None:
        other = "class" if said == "value" else "value"
        return Reading(said == "class", f"target_type is {said}", f"target_type={other} says otherwise")
    if column.is_boolean and column.whole_values is not None:
        return Reading(True, f"{name} is booleans", TO_HAVE_VALUES)
    if column.is_date:
        return Reading(False, f"{name} is a date", TO_HAVE_CLASSES)
    if column.whole_values is None:
        why = f"{name} is not whole numbers, or has missing values or over 1,000 distinct ones"
        return Reading(False, why, "target_type=class needs whole numbers, text or booleans")
    return _by_loss(loss) or _by_output(column.whole_values, output) or _by_values(column.whole_values, rows, loss)


def _by_loss(loss: Loss | None) -> Reading | None:
    if loss is None or not loss.for_classes:
        return None
    return Reading(True, f"the loss, {loss.name}, is for classes", TO_HAVE_VALUES)


def _by_output(values: tuple[float, ...], output: Output | None) -> Reading | None:
    """Return what the network's output says; None when it is made to fit, or two classes may be one output."""
    if output is None:
        return None
    if output.units > 1:
        return Reading(True, f"the output has {output.units} units", "an output of one unit is for values")
    unit = f"the output is one {output.activation} unit"
    decides = output.activation == "sigmoid"
    if (values == BITS and decides) or (values == SIGNS and (decides or output.is_signed)):
        return Reading(True, f"{unit} and the values are {_words(values)}", TO_HAVE_VALUES)
    if len(values) != 2 or not (decides or output.is_signed):
        return Reading(False, f"{unit}, which is for values", TO_HAVE_CLASSES)
    return None


def _by_values(values: tuple[float, ...], rows: int, loss: Loss | None) -> Reading:
    """Return what the values say, where neither the network nor a loss does."""
    if loss is not None:
        return Reading(False, f"the loss, {loss.name}, is for values", TO_HAVE_CLASSES)
    if values in (BITS, SIGNS):
        why = f"the values are {_words(values)}, and neither network nor loss says otherwise"
        return Reading(True, why, TO_HAVE_VALUES)
    count, first = len(values), values[0]
    is_run = first in (0.0, 1.0) and values == tuple(first + step for step in range(count))
    if is_run and FEWEST_IN_A_RUN <= count <= MOST_IN_A_RUN:
        run = f"the values are the {count} whole numbers {_words(values)}"
        if rows >= ROWS_A_VALUE * count:
            return Reading(True, f"{run}, with at least {ROWS_A_VALUE} rows each on average", TO_HAVE_VALUES)
        return Reading(False, f"{run}, but with under {ROWS_A_VALUE} rows each on average", TO_HAVE_CLASSES)
    why = (
        f"the values ({_words(values)}) are neither 0 and 1, nor -1 and 1, nor {FEWEST_IN_A_RUN} to {MOST_IN_A_RUN} "
        "consecutive whole numbers from 0 or 1"
    )
    return Reading(False, why, TO_HAVE_CLASSES)


def _words(values: tuple[float, ...]) -> str:
    if len(values) == 2:
        return f"{values[0]:.0f} and {values[1]:.0f}"
    if len(values) == 1:
        return f"{values[0]:.0f} alone"
    return f"from {values[0]:.0f} to {values[-1]:.0f}"


def _warnings(column: Column, reading: Reading) -> dict[str, str]:
    """Return a warning for few distinct whole numbers that are read as values, unless the dataset says it outright."""
    count = len(column.whole_values or ())
    if column.class_or_value is not None or column.is_date or not 0 < count <= MOST_FEW_VALUES:
        return {}
    numbers = "1 whole number" if count == 1 else f"{count} distinct whole numbers"
    return {FEW_VALUES: f"`{column.name}` holds {numbers} and is read as values: {reading.because}"}
