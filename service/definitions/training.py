"""How a network is to be trained: the `training` object of a job, with its short forms.

Imports `service.backprop` for the names and settings of what can be chosen.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.schedules import SCHEDULES
from service.definitions.base import Integer, Model, Name, Number, Text
from service.definitions.choices import choice

if TYPE_CHECKING:
    OptimizerChoice: TypeAlias = Any
    LossChoice: TypeAlias = Any
    MetricChoice: TypeAlias = Any
    ScheduleChoice: TypeAlias = Any
else:  # the types are known once the registries are filled
    OptimizerChoice = choice(OPTIMIZERS, "Optimizer")
    LossChoice = choice(LOSSES, "Loss", short_answers=True)
    MetricChoice = choice(METRICS, "Metric", short_answers=True)
    ScheduleChoice = choice(SCHEDULES, "Schedule")
Scaling = Literal["auto", "none", "standardize", "min_max"]

MAX_EPOCHS = 10_000_000
MAX_SEED = 2**63 - 1


def _ordered(value: list[int]) -> list[int]:
    if value[0] >= value[1]:
        raise ValueError(f"must be [from, to] with from below to, got [{value[0]}, {value[1]}]")
    return value


RowRange = Annotated[
    list[Annotated[Integer, Field(ge=0)]],
    Field(min_length=2, max_length=2, description="[from, to]: rows from (counted from 0) up to, not including, to"),
]


class Validation(Model):
    """Rows that are not trained on but measured after every epoch: a share, a range, or another dataset."""

    fraction: Annotated[Number, Field(gt=0, lt=1)] | None = None
    stratify: bool | None = Field(
        default=None, description="with `fraction`: each class gives that share; by default where targets are classes"
    )
    rows: RowRange | None = None
    dataset: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> "Validation":
        given = [name for name in ("fraction", "rows", "dataset") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give one of `fraction`, `rows` and `dataset`")
        if self.rows is not None:
            _ordered(self.rows)
        return self


def _as_fraction(value: Any) -> Any:
    return {"fraction": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


class PreprocessingChoice(Model):
    """What is done to columns before training; `auto` standardizes when a training value lies outside -1 to 1."""

    numbers: Scaling = "auto"
    targets: Scaling = "auto"
    missing: Literal["error", "mean", "median", "indicator"] = "error"


class StoreParameters(Model):
    """Which epochs' parameters are kept: each `every`-th, and always 0, the best and the last."""

    every: Annotated[Integer, Field(ge=1, le=MAX_EPOCHS)] = 1
    limit_bytes: Annotated[Integer, Field(ge=1, le=2**50)] | None = Field(
        default=None, description="what they may take together; by default what the service is set to"
    )
    beyond: Literal["logarithmic"] = Field(
        default="logarithmic", description="past it older ones are thinned, to gaps that grow with the epoch's number"
    )
    optimizer_state: bool = Field(
        default=False, description="keep the optimizer's state beside them: a fork goes on with it, a trace uses it"
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


class TrainingDefinition(Model):
    """How to train; what is left out is resolved against the dataset and told in the job's answer."""

    loss: LossChoice | None = None
    optimizer: OptimizerChoice | None = None
    epochs: Annotated[Integer, Field(ge=1, le=MAX_EPOCHS)] | None = None
    batch_size: Annotated[Integer, Field(ge=1, le=2**31 - 1)] | Literal["full"] = 32
    shuffle: bool = True
    seed: Annotated[Integer, Field(ge=0, le=MAX_SEED)] | None = None
    precision: Literal["float32", "float64"] = "float32"
    rows: RowRange | None = Field(default=None, description="limits the training rows")
    class_weights: Literal["balanced"] | dict[Text, Annotated[Number, Field(ge=0)]] | None = Field(
        default=None, description="what each class weighs in the loss, by its label; one that is not named weighs 1"
    )
    validation: Annotated[Validation | None, BeforeValidator(_as_fraction)] = None
    metrics: list[MetricChoice] | None = Field(default=None, max_length=16)
    regularization: RegularizationChoice = RegularizationChoice()
    label_smoothing: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    schedule: ScheduleChoice | None = None
    gradient_clipping: GradientClipping | None = None
    early_stopping: EarlyStoppingChoice | None = None
    stop_when: dict[Text, Number] | None = Field(
        default=None,
        min_length=1,
        max_length=16,
        description="losses from above and accuracies from below, all of them, at which training has reached its aim",
    )
    time_limit_seconds: Annotated[Number, Field(gt=0)] | None = None
    preprocessing: PreprocessingChoice = PreprocessingChoice()
    store_parameters: StoreParameters = StoreParameters()
    version_epoch: Literal["best", "last"] | None = None

    @model_validator(mode="after")
    def _rows_ordered(self) -> "TrainingDefinition":
        if self.rows is not None:
            _ordered(self.rows)
        return self

    def given(self) -> dict[str, Any]:
        """The keys that were given, each with its own defaults filled in, as a network keeps them."""
        record = self.model_dump(mode="json")
        return {name: _without_nulls(record[name]) for name in type(self).model_fields if name in self.model_fields_set}

    def over(self, defaults: "TrainingDefinition | None") -> "TrainingDefinition":
        """This training, with `defaults` for the keys that it does not give."""
        if defaults is None:
            return self
        both = (defaults, self)
        return TrainingDefinition(**{name: getattr(of, name) for of in both for name in of.model_fields_set})


def _without_nulls(value: Any) -> Any:
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value
