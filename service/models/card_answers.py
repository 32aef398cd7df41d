"""The answer about a model's card: what a version is, what it was trained on, and how well it does."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.definitions.decisions import DecisionAnswer
from service.definitions.network_answers import LayerAnswer
from service.definitions.training_answers import HeldOutAnswer, Range, TrainingAnswer
from service.jobs.answers import EpochMetrics
from service.jobs.held_out_answers import TestAnswer, TestMatrixAnswer
from service.jobs.replay_answers import ReplayDifference
from service.models.signature_answers import ExampleAnswer, InputAnswer, OutputAnswer
from service.store.model_records import Origin


@answer_model
class CardNetworkAnswer(TypedDict):
    """The network of a version."""

    layers: Annotated[list[LayerAnswer], Field(description="each with its type, its settings and its parameters")]
    parameters: int
    precision: str


@answer_model
class SplitAnswer(TypedDict):
    """Which rows train, validate and test, as the job's training says it."""

    rows: Range | None
    validation: HeldOutAnswer | None
    test: HeldOutAnswer | None


@answer_model
class CardForkAnswer(TypedDict):
    """The job and the epoch that a job continued."""

    job: str
    epoch: int


@answer_model
class CardDataAnswer(TypedDict):
    """What a version was trained on, as far as it is still known; counts of rows are null where they are not."""

    dataset: str | None
    dataset_version: int | None
    sha256: Annotated[str | None, Field(description="of the dataset's rows")]
    rows: Annotated[int | None, Field(description="of the dataset")]
    columns: Annotated[int | None, Field(description="of the dataset")]
    training_rows: int | None
    validation_rows: int | None
    test_rows: int | None
    split: Annotated[SplitAnswer | None, Field(description="`rows`, `validation` and `test` of the job's training")]


@answer_model
class CardEpochAnswer(TypedDict):
    """One of at most 20 epochs of the version's job: the first, the last, and those with the extremes of the losses."""

    epoch: int
    training_loss: float | None
    validation_loss: float | None
    metrics: EpochMetrics


@answer_model
class ClassAnswer(TypedDict):
    """How well a class is predicted; null where nothing is predicted as it, or no row is of it."""

    label: str | int
    precision: Annotated[float | None, Field(description="of the rows predicted to be of it, the share that is")]
    recall: Annotated[float | None, Field(description="of the rows that are of it, the share predicted to be")]
    f1: Annotated[float | None, Field(description="the harmonic mean of both")]
    support: Annotated[int, Field(description="how many rows are of it")]


@answer_model
class CardClassesAnswer(TypedDict):
    """The confusion matrix of a version, and what it says of each class."""

    measured_on: Annotated[str, Field(description="`test`, `validation` or `training` rows")]
    confusion_matrix: TestMatrixAnswer
    classes: list[ClassAnswer]


@answer_model
class CardReplayAnswer(TypedDict):
    """The newest replay of the version's job that has ended."""

    job: Annotated[str, Field(description="the replay")]
    through: Annotated[int, Field(description="the last epoch that was repeated")]
    identical: Annotated[bool | None, Field(description="whether every epoch had the recorded result")]
    first_difference: ReplayDifference | None


@answer_model
class CardAnswer(TypedDict):
    """A model card; what is gone with a deleted job or dataset is null, and named in `gone`."""

    object: Literal["model_card"]
    model: str
    version: int
    aliases: list[str]
    created_at: datetime
    sha256: Annotated[str, Field(description="of its parameters")]
    origin: Origin
    job: str | None
    epoch: int | None
    forked_from: Annotated[CardForkAnswer | None, Field(description="the `job` and `epoch` its job continued")]
    network: CardNetworkAnswer
    data: CardDataAnswer
    inputs: list[InputAnswer]
    outputs: list[OutputAnswer]
    decision: DecisionAnswer | None
    training: Annotated[TrainingAnswer | None, Field(description="the settings of its job")]
    curve: list[CardEpochAnswer] | None
    metrics: Annotated[EpochMetrics, Field(description="of the version's epoch")]
    training_loss: float | None
    validation_loss: float | None
    test: TestAnswer | None
    by_class: CardClassesAnswer | None
    replay: CardReplayAnswer | None
    example: ExampleAnswer
    predict: Annotated[str, Field(description="the path to send the `example` to")]
    gone: Annotated[list[str], Field(description="sentences on what is not known any more")]
