"""Which scaling brings targets that are values to where the output of a network reaches them; `auto` is decided here.

`service.preprocessing.fit` applies it to the training rows. A job is checked with the statistics of the whole dataset
when it is submitted, and with those of its training rows when they are read.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.backprop.activations import Activation, Linear
from service.backprop.losses import Loss, MeanSquaredError
from service.definitions.columns import Column, Role, Table
from service.definitions.targets import BITS, SIGNS, sums_are_one
from service.errors import Invalid

WHERE = "#/training/preprocessing/targets"
ROUNDING = 1e-9  # by which a scaled target may lie outside what the output reaches
UNREACHABLE = "unreachable_targets"  # the code of a warning

Interval = tuple[float, float]


@dataclass(frozen=True)
class Reach:
    """What targets a network is trained towards: what its output reaches, and what its loss takes.

    Attributes
    ----------
    function
        The activation of the output.
    loss
        The loss, which may take targets as they are only.
    """

    function: Activation
    loss: Loss

    @property
    def activation(self) -> str:
        return self.function.name

    @property
    def bounds(self) -> Interval:
        """The smallest and the largest value that the output takes or comes near."""
        return self.function.bounds

    @property
    def as_they_are(self) -> bool:
        """Whether `auto` leaves targets as they are, whatever they are."""
        return self.loss.unit_targets or self.loss.sign_targets or self.activation == "softmax"

    @property
    def unscaled(self) -> Interval:
        """The range within which targets are trained as they are."""
        return max(-1.0, self.bounds[0]), min(1.0, self.bounds[1])

    def scaling(self) -> tuple[str, Interval]:
        """Return what `auto` becomes for targets outside `unscaled`, and the range that `min_max` maps them to."""
        if self.bounds[0] == -math.inf:
            return "standardize", BITS
        return "min_max", SIGNS if self.bounds == SIGNS else BITS

    def check(self, choice: str, name: str, scaled: Interval) -> None:
        """Raise `Invalid` unless the output reaches targets that were scaled by `choice` to the interval `scaled`."""
        low, high = self.bounds
        if scaled[0] >= low - ROUNDING and scaled[1] <= high + ROUNDING:
            return
        raise Invalid.at(
            WHERE,
            f"{choice} brings `{name}` to {scaled[0]:.4g} to {scaled[1]:.4g}, which a {self.activation} output "
            f"({_interval(self.bounds)}) does not reach; leave it at auto, or use a linear output",
        )


LINEAR = Reach(Linear(), MeanSquaredError())


def check_target_scaling(table: Table, reach: Reach, choice: str, some_train: bool, left_out: bool) -> None:
    """Raise `Invalid` when value targets cannot be trained towards, as far as the dataset's statistics show it.

    What may hold of other rows alone is left to the worker, which reads them.

    Parameters
    ----------
    some_train
        A range of rows trains, not all of them and no share drawn from all.
    left_out
        Some rows neither train nor validate.
    """
    columns = table.having(Role.TARGET)
    _check_choice(reach, choice)
    if reach.activation == "softmax":
        check_softmax(table)
    if not left_out:
        check_loss_targets(columns, reach.loss, choice, "#/training/loss")
    if choice != "standardize" or (some_train and reach.bounds[0] < 0):
        return
    for column in columns:
        if scaled := _standardized(column):
            reach.check(choice, column.name, scaled)


def check_fitted_scaling(table: Table, loss: Loss, scaling: str, left_out: bool) -> None:
    """Raise `Invalid` for a loss that takes targets as they are, where they are scaled already or are none it takes."""
    if (loss.unit_targets and scaling == "standardize") or (loss.sign_targets and scaling != "none"):
        raise Invalid.at(
            "#/training/loss", f"{loss.name} takes targets as they are, and the job's are scaled: {scaling}"
        )
    if not left_out:
        check_loss_targets(table.having(Role.TARGET), loss, scaling, "#/training/loss")


def _check_choice(reach: Reach, choice: str) -> None:
    """Raise `Invalid` for a scaling that the loss or a softmax output rules out."""
    loss = reach.loss
    if not reach.as_they_are or choice in ("auto", "none") or (loss.unit_targets and choice == "min_max"):
        return
    if loss.unit_targets or loss.sign_targets:
        wanted = "targets from 0 to 1" if loss.unit_targets else "targets of -1 and 1, or 0 and 1,"
        raise Invalid.at(WHERE, f"{loss.name} takes {wanted} as they are; leave it at auto, got {choice}")
    raise Invalid.at(WHERE, f"the units of a softmax output sum to 1, which {choice} targets do not; leave it at auto")


def check_softmax(table: Table) -> None:
    """Raise `Invalid` unless the targets of each row sum to 1, as the units of a softmax output do."""
    if sums_are_one(table):
        return
    count = len(table.having(Role.TARGET))
    raise Invalid.at(
        "#/dataset",
        f"has {count} target columns that are values, and a softmax output reaches only rows that lie between 0 and 1 "
        "and sum to 1; use linear outputs, sigmoid ones for several labels a row, or one target column of classes",
    )


def check_loss_targets(columns: Sequence[Column], loss: Loss, choice: str, where: str) -> None:
    """Raise `Invalid` for columns with values that the loss does not take, as their statistics show it.

    `choice` is the scaling; scaled columns are not checked, as the training rows decide what becomes of them.
    """
    if choice not in ("auto", "none"):
        return
    for column in columns:
        low, high = column.minimum or 0.0, column.maximum or 0.0
        if loss.unit_targets and (low < 0 or high > 1):
            raise Invalid.at(where, outside_unit(loss, column.name, (low, high)))
        if loss.sign_targets and not are_signs(column.whole_values):
            raise Invalid.at(where, no_signs(loss, column.name))


def are_signs(values: Sequence[float] | None) -> bool:
    """Return whether the distinct values of a column are -1 and 1, or 0 and 1 (or one of them)."""
    return values is not None and (set(values) <= {-1.0, 1.0} or set(values) <= {0.0, 1.0})


def outside_unit(loss: Loss, name: str, values: Interval) -> str:
    """Return the message for targets of a cross-entropy outside 0 to 1."""
    return (
        f"{loss.name} needs targets from 0 to 1, and `{name}` lies from {values[0]:g} to {values[1]:g}; "
        "use mean_squared_error, or preprocessing.targets min_max"
    )


def no_signs(loss: Loss, name: str) -> str:
    """Return the message for targets of a hinge loss that are no signs."""
    return f"{loss.name} needs targets of -1 and 1, or 0 and 1, and `{name}` has others; use mean_squared_error"


def warnings_of(table: Table, reach: Reach, choice: str) -> dict[str, str]:
    """Return a warning for targets that the client asked not to scale, where the output cannot reach them."""
    if choice != "none" or reach.as_they_are:
        return {}
    low, high = reach.bounds
    for column in table.having(Role.TARGET):
        if column.minimum is None or column.maximum is None or (column.minimum >= low and column.maximum <= high):
            continue
        detail = (
            f"`{column.name}` lies from {column.minimum:g} to {column.maximum:g}, and a {reach.activation} output "
            f"reaches {_interval(reach.bounds)}: preprocessing.targets auto scales it to where the output reaches it"
        )
        return {UNREACHABLE: detail}
    return {}


def _standardized(column: Column) -> Interval | None:
    """Return the range of a column after `standardize`; None where it is not known or all values are equal."""
    low, high, mean, deviation = column.minimum, column.maximum, column.mean, column.standard_deviation
    if low is None or high is None or mean is None or not deviation:
        return None
    return (low - mean) / deviation, (high - mean) / deviation


def _interval(bounds: Interval) -> str:
    low, high = bounds
    if high == math.inf:
        return f"{low:.3g} and above" if low > -math.inf else "all numbers"
    return f"{low:g} to {high:g}"
