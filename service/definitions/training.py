"""The `training` object of a job, with its short forms.

Imports `service.backprop` for the names and settings of what can be chosen.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.schedules import SCHEDULES
from service.definitions.base import Integer, Model, Number, Text, at_most, few_wrong
from service.definitions.choices import choice
from service.definitions.guessing import show
from service.definitions.training_parts import (
    MAX_EPOCHS,
    EarlyStoppingChoice,
    GradientClipping,
    HeldOutTest,
    PreprocessingChoice,
    RegularizationChoice,
    RowRange,
    StoreParameters,
    Validation,
)

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
MAX_SEED = 2**63 - 1


def _as_fraction(value: Any) -> Any:
    """Accept a share of the rows alone for `{"fraction": share}`."""
    if isinstance(value, bool | str | list):
        raise ValueError(
            f'must be a share such as 0.2, {{"dataset": name}}, {{"rows": [from, to]}} or null, got {show(value)}'
        )
    return {"fraction": value} if isinstance(value, int | float) else value


Weight = Annotated[Number, Field(ge=0)]


def _is_weight(value: Any) -> bool:
    return type(value) in (int, float) and value >= 0


class TrainingDefinition(Model):
    """How to train; what is left out is resolved for the dataset and shown in the job's answer."""

    loss: LossChoice | None = Field(default=None, description="by default what fits the output and the targets")
    optimizer: OptimizerChoice | None = Field(default=None, description="by default sgd, rate 0.1, momentum 0.9")
    epochs: Annotated[Integer, Field(ge=1, le=MAX_EPOCHS)] | None = Field(
        default=None, description="by default 2000 over the number of batches, within 10 to 10,000"
    )
    batch_size: Annotated[Integer, Field(ge=1, le=2**31 - 1)] | Literal["full"] = 32
    shuffle: bool = True
    seed: Annotated[Integer, Field(ge=0, le=MAX_SEED)] | None = Field(default=None, description="made when left out")
    precision: Literal["float32", "float64"] = "float32"
    rows: RowRange | None = Field(default=None, description="limits the training rows")
    class_weights: Literal["balanced"] | Annotated[dict[Text, Weight], few_wrong(_is_weight)] | None = Field(
        default=None, description="what each class weighs in the loss, by its label; one that is not named weighs 1"
    )
    validation: Annotated[Validation | None, BeforeValidator(_as_fraction)] = Field(
        default=None,
        description="rows measured after every epoch; a number is a fraction; by default 0.2 from 100 rows on",
    )
    test: Annotated[HeldOutTest | None, BeforeValidator(_as_fraction)] = Field(
        default=None, description="rows that choose nothing, measured once; a number is a fraction; by default none"
    )
    metrics: list[MetricChoice] | None = Field(
        default=None, max_length=16, description="by default accuracy for classes, mae and rmse for values"
    )
    regularization: RegularizationChoice = RegularizationChoice()
    label_smoothing: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    schedule: ScheduleChoice | None = None
    gradient_clipping: GradientClipping | None = None
    early_stopping: EarlyStoppingChoice | None = None
    stop_when: Annotated[dict[Text, Number] | None, at_most(16)] = Field(
        default=None,
        min_length=1,
        max_length=16,
        description="losses from above and accuracies from below, all of them, at which training has reached its aim",
    )
    time_limit_seconds: Annotated[Number, Field(gt=0)] | None = None
    preprocessing: PreprocessingChoice = PreprocessingChoice()
    store_parameters: StoreParameters = StoreParameters()
    version_epoch: Literal["best", "last"] | None = Field(
        default=None, description="the epoch that the version is; by default the best with validation, else the last"
    )

    def given(self) -> dict[str, Any]:
        """Return the keys that were given, each with its own defaults filled in, as a network stores them."""
        record = self.model_dump(mode="json")
        return {name: _without_nulls(record[name]) for name in type(self).model_fields if name in self.model_fields_set}

    def over(self, defaults: "TrainingDefinition | None") -> "TrainingDefinition":
        """Return this training with the keys of `defaults` that it does not have itself."""
        if defaults is None:
            return self
        both = (defaults, self)
        return TrainingDefinition(**{name: getattr(of, name) for of in both for name in of.model_fields_set})


def _without_nulls(value: Any) -> Any:
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value
