"""What the service answers about jobs: the job itself, its epochs and events, and what it would cost."""

from typing import Any, Literal, NotRequired, TypedDict

Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
ENDED: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})


class Metrics(TypedDict):
    """The metrics of an epoch by name; null where a number is not finite."""

    training: dict[str, float | None]
    validation: dict[str, float | None]


class Epoch(TypedDict):
    """The losses and metrics of one epoch; epoch 0 is before training."""

    epoch: int
    training_loss: float | None
    validation_loss: float | None
    metrics: Metrics
    learning_rate: float
    seconds: float
    parameters_stored: bool
    sha256: str


class Progress(TypedDict):
    """How far a job is."""

    epoch: int
    epochs: int
    fraction: float
    epochs_per_second: float | None
    eta_seconds: float | None


class JobModel(TypedDict):
    """The model that a job makes a version of; `version` is null until it has succeeded."""

    name: str
    version: int | None


class JobError(TypedDict):
    """Why a job failed."""

    code: str
    detail: str
    epoch: int | None


class Stopped(TypedDict):
    """Why and after which epoch training ended early."""

    reason: str | None
    epoch: int | None


class Targets(TypedDict):
    """How the targets were read: as `classes`, which are listed, or as `values`."""

    kind: str
    classes: list[str | int] | None
    because: str | None


class _AnyJob(TypedDict):
    """What every job has: queued, listed, or only checked."""

    object: str
    status: Status
    requested: str | None
    waiting: dict[str, Any] | None
    started_at: str | None
    finished_at: str | None
    network: dict[str, Any]
    dataset: str
    dataset_version: int
    attempt: int
    progress: Progress
    latest: Epoch | None
    best_epoch: int | None
    reached_epoch: int | None
    error: JobError | None
    priority: int
    metadata: dict[str, str]


class _WholeJob(_AnyJob):
    """What lists leave out: how the job trains, and its larger results."""

    columns: dict[str, Any] | None
    targets: Targets
    training: dict[str, Any]
    stopped: Stopped | None
    confusion_matrix: dict[str, Any] | None
    test: dict[str, Any] | None
    forked_from: dict[str, Any] | None
    replay: dict[str, Any] | None
    promote: dict[str, Any] | None
    promoted: dict[str, Any] | None
    decision: dict[str, Any] | None
    warnings: list[Any]
    notify: dict[str, Any] | None


class JobSummary(_AnyJob):
    """A job in a list; of its `network` only the name is there. `Jobs.get` returns all of it.

    `best`, `at_epoch` and `curve` are there where the list was asked for them.
    """

    id: str
    created_at: str
    model: JobModel
    links: dict[str, str]
    best: NotRequired[Epoch | None]
    at_epoch: NotRequired[Epoch | None]
    curve: NotRequired[list[list[float | None]]]


class Job(_WholeJob):
    """A job: its definition with every default, its progress and its results."""

    id: str
    created_at: str
    model: JobModel
    links: dict[str, str]


class PlannedModel(TypedDict):
    """The model that a job would make a version of; `name` is null where it would be the job's id."""

    name: str | None
    version: None


class PlannedJob(_WholeJob):
    """A job that was checked and not stored, with every default; it has no `id`, `created_at` and `links`."""

    model: PlannedModel


class Range(TypedDict):
    """An expected number of seconds, and the range in which it is expected to lie."""

    expected: float
    low: float
    high: float


class EstimatedRows(TypedDict):
    """How many rows train, validate and test."""

    training: int
    validation: int
    test: int


class Basis(TypedDict):
    """What the seconds of an estimate rest on: `measured` jobs, a worker's `calibration`, or `constants`."""

    source: str
    jobs: int
    similarity: float
    fingerprint: str | None
    detail: str


class EstimatedBytes(TypedDict):
    """Bytes that a job would store, and of how many epochs the parameters."""

    parameters: int
    optimizer_states: int
    epochs: int
    model_version: int
    dataset: int
    total: int
    while_running: int
    stored_epochs: int


class Queue(TypedDict):
    """When a job would run if it were queued now; `reason` says why it would not."""

    position: int
    workers: int
    running: int
    starts_in_seconds: float | None
    starts_at: str | None
    ends_at: str | None
    reason: str | None


class Estimate(TypedDict):
    """What a job would cost and when it would run; `seconds` are from its start to its end with all epochs."""

    object: str
    job: PlannedJob
    parameters: int
    rows: EstimatedRows
    epochs: int
    batches_per_epoch: int
    seconds_per_epoch: Range
    seconds: Range
    may_end_sooner: list[str]
    basis: Basis
    bytes: EstimatedBytes
    memory_bytes: int
    queue: Queue


class Event(TypedDict):
    """Something that took place with a job; ids grow in the order of commits.

    `type` is `status`, `epoch`, `warning` or `end`, or `gap` where events are no longer kept. The data of `epoch` is
    that of `Epoch`; of `end` it has the `status`, the last `epoch`, the `error` and the `model`.
    """

    id: int
    object: str
    type: str
    job: str
    created_at: str
    data: dict[str, Any]
