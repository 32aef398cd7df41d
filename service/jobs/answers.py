"""The answers about jobs and their epochs, as the OpenAPI document shows them.

An answer model is a typed dict: what builds it is checked by mypy, pydantic writes its schema, and at run time it is
the dict that becomes JSON, its keys in the order in which they are given.
"""

from datetime import datetime
from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.definitions.decisions import DecisionAnswer
from service.definitions.job_columns import TargetType
from service.definitions.network_answers import LayerAnswer
from service.definitions.training_answers import Range, SuggestedTrainingAnswer, TrainingAnswer
from service.jobs.held_out_answers import Nonfinite, TestAnswer
from service.jobs.promotion_answers import PromoteAnswer, PromotedAnswer
from service.jobs.replay_answers import ReplayAnswer
from service.store.records import OnOtherMachine, Request, Status
from service.webhooks.answers import NotifyAnswer


@answer_model
class EpochMetrics(TypedDict):
    """The metrics of an epoch by name; null where a number is not finite."""

    training: dict[str, float | None]
    validation: dict[str, float | None]


@answer_model
class EpochAnswer(TypedDict):
    """The losses and metrics of one epoch, and whether its parameters are stored."""

    epoch: int
    training_loss: float | None
    validation_loss: float | None
    metrics: EpochMetrics
    learning_rate: float
    seconds: float
    parameters_stored: bool
    sha256: Annotated[str, Field(description="of the parameters after the epoch")]
    nonfinite: NotRequired[Nonfinite]


@answer_model
class WaitingAnswer(TypedDict):
    """The place of a queued job among those that wait, counted from 1, and why it does not run."""

    position: int
    reason: str


@answer_model
class JobNetworkName(TypedDict):
    """The network of a job in a list; the job itself has its layers."""

    name: Annotated[str | None, Field(description="null where the network came with the job")]


@answer_model
class JobNetwork(JobNetworkName):
    """The job's own copy of its network."""

    inputs: int | None
    layers: list[LayerAnswer]
    training: NotRequired[SuggestedTrainingAnswer]


@answer_model
class JobColumnsAnswer(TypedDict):
    """The columns that a job uses of its dataset, in the order of the network's inputs and outputs."""

    inputs: Annotated[list[str], Field(description="in the order in which a row to predict has them")]
    target: list[str]
    target_type: Annotated[TargetType | None, Field(description="what the client said the targets are")]


@answer_model
class TargetsAnswer(TypedDict):
    """How targets are read: as `values`, or as `classes`, which are listed."""

    kind: Literal["classes", "values"]
    classes: Annotated[list[str | int] | None, Field(description="in the order of the outputs; null for values")]
    because: Annotated[
        str | None, Field(description="the rule that decided it, and how to say otherwise; null in jobs from before")
    ]


@answer_model
class ProgressAnswer(TypedDict):
    """The epochs that are done, of how many, and how fast they are trained."""

    epoch: int
    epochs: int
    fraction: float
    epochs_per_second: float | None
    eta_seconds: float | None


@answer_model
class StoppedAnswer(TypedDict):
    """Why and after which epoch training ended early."""

    reason: str | None
    epoch: int | None


@answer_model
class ConfusionMatrixAnswer(TypedDict):
    """How many rows of each class (a row of `counts`) are predicted to be of each class (its columns)."""

    epoch: NotRequired[int]
    rows: Annotated[Literal["validation", "training"], Field(description="the rows that are counted")]
    classes: list[str | int]
    counts: list[list[int]]


@answer_model
class ForkedFromAnswer(TypedDict):
    """The job and the epoch that epoch 0 of a fork is."""

    job: str
    epoch: int
    optimizer_state: Literal["stored", "fresh"]
    reason: str | None
    precision: Literal["float32", "float64"]
    draws_from: int
    split_seed: int
    test_from: NotRequired[
        Annotated[list[Range] | None, Field(description="the ranges of rows from which the test rows were drawn")]
    ]


@answer_model
class JobModelAnswer(TypedDict):
    """The model that the job makes a version of; `version` is null until it has succeeded."""

    name: str
    version: int | None


@answer_model
class JobErrorAnswer(TypedDict):
    """Why a job failed, and its last epoch."""

    code: Annotated[str, Field(description="such as `diverged` or `time_limit`; a later release may add others")]
    detail: str
    epoch: int | None


@answer_model
class WarningAnswer(TypedDict):
    """Something that its owner should look at, in an epoch or in a layer of it."""

    code: str
    epoch: int | None
    layer: int | None
    detail: str


class FurtherEpochs(TypedDict, total=False):
    """What a list of jobs has of their epochs where it is asked for."""

    best: Annotated[EpochAnswer | None, Field(description="the epoch `best_epoch`; there with `?best`")]
    at_epoch: Annotated[
        EpochAnswer | None, Field(description="there with `?at_epoch=`; null where the job has no such epoch yet")
    ]
    curve: Annotated[
        list[list[float | None]],
        Field(
            description="there with `?curve=`: `[epoch, loss]` of epochs at equal distances, with the first and the "
            "last; the loss of validation, or of training without validation, null where it is not finite"
        ),
    ]


@answer_model
class JobSummaryAnswer(FurtherEpochs):
    """A job in a list: what it is and how far it has come. The address `self` of `links` shows all of it."""

    id: str
    object: Literal["job"]
    status: Status
    requested: Request | None
    waiting: WaitingAnswer | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    network: JobNetworkName
    dataset: str
    dataset_version: Annotated[int, Field(description="the version that the job uses, whatever is stored later")]
    attempt: int
    progress: ProgressAnswer
    latest: EpochAnswer | None
    best_epoch: int | None
    reached_epoch: Annotated[int | None, Field(description="the epoch at which `stop_when` was reached")]
    model: JobModelAnswer
    error: JobErrorAnswer | None
    priority: int
    metadata: dict[str, str]
    links: dict[str, str]


class DefinedJob(TypedDict):
    """What a job has as soon as it is defined, whether it is stored or not."""

    object: Literal["job"]
    status: Status
    requested: Request | None
    waiting: WaitingAnswer | None
    started_at: datetime | None
    finished_at: datetime | None
    network: JobNetwork
    dataset: str
    dataset_version: Annotated[int, Field(description="the version that the job uses, whatever is stored later")]
    columns: Annotated[
        JobColumnsAnswer | None,
        Field(description="what the job chose of its dataset's columns; null where it uses each as it was sent"),
    ]
    targets: TargetsAnswer
    training: TrainingAnswer
    attempt: int
    progress: ProgressAnswer
    latest: EpochAnswer | None
    best_epoch: int | None
    stopped: Annotated[StoppedAnswer | None, Field(description="`reason` and `epoch`, when training ended early")]
    reached_epoch: Annotated[int | None, Field(description="the epoch at which `stop_when` was reached")]
    confusion_matrix: Annotated[
        ConfusionMatrixAnswer | None,
        Field(description="of the version's `epoch`: `counts`, a row for each true class, a column for each predicted"),
    ]
    test: Annotated[
        TestAnswer | None, Field(description="of the version's `epoch`, on the rows that `training.test` holds out")
    ]
    chain: Annotated[str | None, Field(description="SHA-256 over the hashes of all epochs up to the newest, in order")]
    forked_from: Annotated[
        ForkedFromAnswer | None,
        Field(description="the `job` and `epoch` that epoch 0 is; the optimizer's state was `stored` or is `fresh`"),
    ]
    replay: Annotated[
        ReplayAnswer | None,
        Field(description="of a replay: the job it is `of`, whether all is `identical`, else the `first_difference`"),
    ]
    promote: Annotated[PromoteAnswer | None, Field(description="the alias that is moved when the job succeeds")]
    promoted: Annotated[PromotedAnswer | None, Field(description="what became of that")]
    decision: Annotated[DecisionAnswer | None, Field(description="of the version that the job makes")]
    error: JobErrorAnswer | None
    warnings: Annotated[
        list[WarningAnswer | str],
        Field(description="of the training; the answer to a new job may add sentences about its submission"),
    ]
    priority: int
    on_other_machine: OnOtherMachine
    metadata: dict[str, str]
    notify: Annotated[NotifyAnswer | None, Field(description="the webhook that events of this job are sent to")]


@answer_model
class JobAnswer(DefinedJob):
    """A job: its definition with every default, its progress, and its results."""

    id: str
    created_at: datetime
    model: JobModelAnswer
    links: dict[str, str]


class ListedJob(JobAnswer, FurtherEpochs):
    """All fields that a job in a list may have."""


@answer_model
class PlannedModelAnswer(TypedDict):
    """The model that a job would make a version of; `name` is null where it would be the job's id."""

    name: str | None
    version: None


@answer_model
class PlannedJobAnswer(DefinedJob):
    """A job that was checked and not stored: as `POST /v1/jobs` would answer, without what only a stored job has."""

    model: PlannedModelAnswer
