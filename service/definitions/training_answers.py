"""The answers about training settings: those of a job with every default, and those that a network suggests.

The fields are those of `service.definitions.training.TrainingDefinition`, in its order. Imports `service.backprop`
for the names and settings of what can be chosen.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.schedules import SCHEDULES
from service.definitions.base import answer_model
from service.definitions.choice_answers import chosen
from service.definitions.columns import ColumnType
from service.definitions.training_parts import Scaling

if TYPE_CHECKING:
    ChosenOptimizer: TypeAlias = Any
    ChosenLoss: TypeAlias = Any
    ChosenMetric: TypeAlias = Any
    ChosenSchedule: TypeAlias = Any
else:  # the types are known once the registries are filled
    ChosenOptimizer = chosen(OPTIMIZERS, "Optimizer")
    ChosenLoss = chosen(LOSSES, "Loss", is_short=True)
    ChosenMetric = chosen(METRICS, "Metric", is_short=True)
    ChosenSchedule = chosen(SCHEDULES, "Schedule")

Range = Annotated[list[int], Field(description="[from, to]: rows from (counted from 0) up to, not including, to")]


@answer_model
class HeldOutAnswer(TypedDict):
    """Rows that are not trained on: a share, a range, or another dataset."""

    fraction: NotRequired[Annotated[float | None, Field(description="a share, drawn by the seed")]]
    stratify: NotRequired[Annotated[bool | None, Field(description="whether each class gives that share")]]
    rows: NotRequired[Range | None]
    dataset: NotRequired[str | None]
    dataset_version: NotRequired[int | None]


@answer_model
class RegularizationAnswer(TypedDict):
    """Penalties on weights, and the bound on the length of those that lead into one unit."""

    l1: float
    l2: float
    max_norm: NotRequired[float | None]


@answer_model
class GradientClippingAnswer(TypedDict):
    """The length to which a gradient is shortened, or the bound of each entry of it."""

    norm: NotRequired[float | None]
    value: NotRequired[float | None]


@answer_model
class EarlyStoppingAnswer(TypedDict):
    """Training stops when `monitor` has not got better by more than `min_delta` for `patience` epochs."""

    monitor: NotRequired[Annotated[str | None, Field(description="a loss or metric, as `validation_loss`")]]
    patience: int
    min_delta: float


@answer_model
class FittedInputAnswer(TypedDict):
    """How an input column becomes inputs: (value / scale - offset) / divisor, or one input a category."""

    name: str
    type: ColumnType
    categories: list[str] | None
    offset: float
    divisor: float
    fill: Annotated[float | None, Field(description="what replaces a missing number; null where it is an error")]
    indicator: Annotated[bool, Field(description="whether a further input marks missing numbers")]
    is_date: NotRequired[Annotated[bool, Field(description="whether its numbers are days since 1970-01-01")]]
    minimum: NotRequired[Annotated[float | None, Field(description="of the training dataset's column, where known")]]
    maximum: NotRequired[float | None]
    mean: NotRequired[float | None]


@answer_model
class FittedTargetAnswer(TypedDict):
    """How a target column becomes targets: (value - offset) / divisor."""

    name: str
    offset: float
    divisor: float


@answer_model
class FittedAnswer(TypedDict):
    """What was fitted on the training rows."""

    scale: NotRequired[Annotated[float | None, Field(description="numbers of inputs are divided by it first")]]
    inputs: list[FittedInputAnswer]
    targets: list[FittedTargetAnswer]


@answer_model
class PreprocessingAnswer(TypedDict):
    """What is done to columns before training; once a job has started, what `auto` became."""

    numbers: Scaling
    targets: Scaling
    missing: Literal["error", "mean", "median", "indicator"]
    fitted: NotRequired[Annotated[FittedAnswer, Field(description="of a job that has started")]]


@answer_model
class StoreParametersAnswer(TypedDict):
    """Which epochs' parameters are stored: each `every`-th, and always 0, the best and the last."""

    every: int
    limit_bytes: NotRequired[Annotated[int | None, Field(description="what they may take together")]]
    beyond: Literal["logarithmic"]
    optimizer_state: bool


@answer_model
class TrainingAnswer(TypedDict):
    """How a job trains, with every default filled in."""

    loss: ChosenLoss
    optimizer: ChosenOptimizer
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    precision: Literal["float32", "float64"]
    rows: Range | None
    class_weights: Annotated[
        Literal["balanced"] | dict[str, float] | None, Field(description="`balanced` until the job has started")
    ]
    validation: HeldOutAnswer | None
    test: HeldOutAnswer | None
    metrics: list[ChosenMetric]
    regularization: RegularizationAnswer
    label_smoothing: float
    schedule: ChosenSchedule | None
    gradient_clipping: GradientClippingAnswer | None
    early_stopping: EarlyStoppingAnswer | None
    stop_when: dict[str, float] | None
    time_limit_seconds: float | None
    preprocessing: PreprocessingAnswer
    store_parameters: StoreParametersAnswer
    version_epoch: Literal["best", "last"]


@answer_model
class SuggestedTrainingAnswer(TypedDict, total=False):
    """The defaults that a network has for the training of its jobs: the settings that were sent with it."""

    loss: ChosenLoss | None
    optimizer: ChosenOptimizer | None
    epochs: int | None
    batch_size: int | Literal["full"]
    shuffle: bool
    seed: int | None
    precision: Literal["float32", "float64"]
    rows: Range | None
    class_weights: Literal["balanced"] | dict[str, float] | None
    validation: HeldOutAnswer | None
    test: HeldOutAnswer | None
    metrics: list[ChosenMetric] | None
    regularization: RegularizationAnswer
    label_smoothing: float
    schedule: ChosenSchedule | None
    gradient_clipping: GradientClippingAnswer | None
    early_stopping: EarlyStoppingAnswer | None
    stop_when: dict[str, float] | None
    time_limit_seconds: float | None
    preprocessing: PreprocessingAnswer
    store_parameters: StoreParametersAnswer
    version_epoch: Literal["best", "last"] | None
