"""The parts of a job's `training` that do not refer to the engine, such as validation and what is stored.

Imports `base` and `dataset_names` alone, so that the store can read jobs without loading the engine.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from service.definitions.base import Integer, Model, Number, Text
from service.definitions.dataset_names import DatasetName, NamedDataset

Scaling = Literal["auto", "none", "standardize", "min_max"]

MAX_EPOCHS = 10_000_000


def _ordered(value: list[int]) -> list[int]:
    if value[0] >= value[1]:
        raise ValueError(f"must be [from, to] with from below to, got [{value[0]}, {value[1]}]")
    return value


def _no_count(value: Any) -> Any:
    """Refuse a number of rows in place of a range."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"must be [from, to], such as [0, {value}], got {value}")
    return value


RowRange = Annotated[
    list[Annotated[Integer, Field(ge=0)]],
    Field(min_length=2, max_length=2, description="[from, to]: rows from (counted from 0) up to, not including, to"),
    AfterValidator(_ordered),
    BeforeValidator(_no_count),
]


class HeldOut(NamedDataset):
    """Rows that are not trained on: a share, a range, or another dataset."""

    fraction: Annotated[Number, Field(gt=0, lt=1)] | None = Field(
        default=None, description="a share, drawn by the seed"
    )
    stratify: bool | None = Field(
        default=None, description="with `fraction`: each class gives that share; by default where targets are classes"
    )
    rows: RowRange | None = None
    dataset: DatasetName | None = None

    @model_validator(mode="after")
    def _one(self) -> "HeldOut":
        given = [name for name in ("fraction", "rows", "dataset") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give one of `fraction`, `rows` and `dataset`")
        return self


class Validation(HeldOut):
    """Rows that are not trained on but measured after every epoch: a share, a range, or another dataset."""


class HeldOutTest(HeldOut):
    """Rows that choose nothing: measured once, at the version's epoch. A share, a range, or another dataset.

    They are held out before the validation's rows are drawn, and take no part in fitting the preprocessing, the best
    epoch or early stopping.
    """


class PreprocessingChoice(Model):
    """What is done to columns before training; `auto` of `numbers` standardizes when one lies outside -1 to 1."""

    numbers: Scaling = Field(default="auto", description="of inputs; all number columns are treated alike")
    targets: Scaling = Field(
        default="auto", description="of targets that are values; `auto` scales them to what the output can reach"
    )
    missing: Literal["error", "mean", "median", "indicator"] = Field(
        default="error",
        description="of inputs: an `error`, the number filled, or (`indicator`) filled and marked by a further input",
    )


class StoreParameters(Model):
    """Which epochs' parameters are stored: each `every`-th, and always 0, the best and the last."""

    every: Annotated[Integer, Field(ge=1, le=MAX_EPOCHS)] = 1
    limit_bytes: Annotated[Integer, Field(ge=1, le=2**50)] | None = Field(
        default=None, description="what they may take together; by default what the service is set to"
    )
    beyond: Literal["logarithmic"] = Field(
        default="logarithmic", description="past it older ones are thinned, to gaps that grow with the epoch's number"
    )
    optimizer_state: bool = Field(
        default=False, description="store the optimizer's state as well: a fork continues with it, a trace uses it"
    )


class RegularizationChoice(Model):
    """`l1` times the sum of |w| and `l2` / 2 times the sum of squared weights join the loss, biases excluded.

    `max_norm` bounds the length of the weights that lead into one unit.
    """

    l1: Annotated[Number, Field(ge=0)] = 0.0
    l2: Annotated[Number, Field(ge=0)] = 0.0
    max_norm: Annotated[Number, Field(gt=0)] | None = None


class GradientClipping(Model):
    """The gradient is shortened to a length of `norm`, or each entry of it is held within `value`."""

    norm: Annotated[Number, Field(gt=0)] | None = None
    value: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one(self) -> "GradientClipping":
        if (self.norm is None) == (self.value is None):
            raise ValueError("give one of `norm` and `value`")
        return self


class EarlyStoppingChoice(Model):
    """Stop when `monitor` has not got better by more than `min_delta` for `patience` epochs."""

    monitor: Text | None = Field(
        default=None, description="a loss or metric, as `validation_loss` or `training_accuracy`"
    )
    patience: Annotated[Integer, Field(ge=1, le=MAX_EPOCHS)] = 10
    min_delta: Annotated[Number, Field(ge=0)] = 0.0
