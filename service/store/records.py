"""The frozen records that cross from the store to the rest of the service. Imports definitions only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from service.definitions.columns import Table
from service.definitions.dataset_names import DatasetReference
from service.definitions.how_read import HowRead
from service.definitions.job_columns import JobColumns
from service.definitions.job_parts import Failure, ForkedFrom, Promote, Promoted, Replay, Stopped
from service.definitions.resolved import ResolvedTraining, Splitting, Targets
from service.definitions.webhooks import Notified

T = TypeVar("T")


class Status(StrEnum):
    """The states of a job, and of a prediction of a dataset."""

    QUEUED = "queued"  # waits for a worker, the first time or after a worker released it
    RUNNING = "running"  # a worker holds its lease
    PAUSED = "paused"  # waits for the client to resume, step or cancel it
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether it is final."""
        return self in ENDED


class Request(StrEnum):
    """The requests of clients to a running job."""

    CANCEL = "cancel"
    PAUSE = "pause"


class OnOtherMachine(StrEnum):
    """What happens to a job when no live worker computes bit for bit as the one that stored its newest epoch."""

    RESUME = "resume"  # continues, with a warning
    WAIT = "wait"  # stays in the queue until such a worker starts
    RESTART = "restart"  # begins again at epoch 0


class Kind(StrEnum):
    """The kinds of events."""

    STATUS = "status"
    EPOCH = "epoch"
    WARNING = "warning"
    END = "end"
    GAP = "gap"  # of answers alone: events that a client asks for are no longer kept


ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})


@dataclass(frozen=True)
class TenantRecord:
    """A tenant, with its weight and its own limits."""

    number: int
    name: str
    created_at: datetime
    weight: float
    limits: dict[str, Any]


@dataclass(frozen=True)
class NetworkRecord:
    """A stored definition of a network."""

    number: int
    name: str
    definition: dict[str, Any]
    sha256: str
    created_at: datetime


@dataclass(frozen=True)
class DatasetUse:
    """Which version of a dataset a job uses, and the hash of its content, None where an older release stored none."""

    name: str
    version: int
    sha256: str | None

    @property
    def reference(self) -> DatasetReference:
        return DatasetReference(self.name, self.version)


@dataclass(frozen=True)
class DatasetRecord:
    """One version of a dataset. `address` is where the rows lie in the blobs, as one `.npy` file.

    `number` orders datasets by their first upload; all versions of a name have the same one.
    """

    number: int
    name: str
    version: int
    table: Table
    address: str
    created_at: datetime

    @property
    def use(self) -> DatasetUse:
        return DatasetUse(self.name, self.version, self.table.sha256)

    @property
    def summary(self) -> "DatasetSummary":
        """What lists show of it: everything but the columns."""
        table = self.table
        return DatasetSummary(
            self.number,
            self.name,
            self.version,
            table.rows,
            table.bytes,
            table.scale,
            table.sha256,
            table.target_type,
            table.read,
            table.warnings,
            self.created_at,
        )


@dataclass(frozen=True)
class DatasetSummary:
    """One version of a dataset as lists have it, without the descriptions of its columns."""

    number: int
    name: str
    version: int
    rows: int
    bytes: int
    scale: float
    sha256: str
    target_type: str | None
    read: HowRead | None
    warnings: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True)
class NewJob:
    """A job to insert into the queue. `model_name` None means the job's id; the store fills in the other columns."""

    priority: int
    pause_at: int | None
    on_other_machine: str
    model_name: str | None
    metadata: dict[str, str]
    network_name: str | None
    network: dict[str, Any]
    dataset: DatasetUse
    validation: DatasetUse | None
    training: ResolvedTraining
    targets: Targets
    test: DatasetUse | None = None
    preprocessing: dict[str, Any] | None = None
    forked_from: ForkedFrom | None = None
    fingerprint: str | None = None
    replay_of: str | None = None
    replay: Replay | None = None
    columns: JobColumns | None = None
    decision: dict[str, Any] | None = None
    promote: Promote | None = None
    notify: Notified | None = None

    @property
    def uses(self) -> tuple[DatasetUse, ...]:
        """The versions of datasets that the job needs."""
        return tuple(use for use in (self.dataset, self.validation, self.test) if use is not None)


@dataclass(frozen=True)
class JobRecord:
    """A job as the database has it; `number` orders jobs, `id` is what clients know."""

    number: int
    tenant: int
    id: str
    status: Status
    requested: Request | None
    priority: int
    network_name: str | None
    network: dict[str, Any]
    dataset: DatasetUse
    validation: DatasetUse | None
    test: DatasetUse | None
    training: ResolvedTraining
    targets: Targets
    preprocessing: dict[str, Any] | None
    model_name: str
    model_version: int | None
    metadata: dict[str, str]
    on_other_machine: OnOtherMachine
    pause_at: int | None
    attempt: int
    stored_attempt: int
    fingerprint: str | None
    worker: str | None
    epoch: int | None
    best_epoch: int | None
    epochs_per_second: float | None
    training_seconds: float
    warnings: list[dict[str, Any]]
    error: Failure | None
    stopped: Stopped | None
    reached_epoch: int | None
    confusion_matrix: dict[str, Any] | None
    tested: dict[str, Any] | None  # what its version was measured to be on the test rows
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    chain: str | None
    forked_from: ForkedFrom | None
    replay_of: str | None
    replay: Replay | None
    columns: JobColumns | None  # None: each column of the dataset as it was sent
    promote: Promote | None  # the alias that is to be moved to its version
    promoted: Promoted | None  # what became of that
    decision: dict[str, Any] | None  # `service.definitions.decisions.Decision`, of the version that it makes
    notify: Notified | None  # the webhook that it was submitted with

    @property
    def draws_from(self) -> int:
        """The epoch number that random draws use for epoch 0: a fork continues the draws of its parent."""
        return 0 if self.forked_from is None else self.forked_from.draws_from

    @property
    def splitting(self) -> Splitting:
        """The split of its rows into training, validation and test: a fork has its parent's, even with another seed."""
        own, parents = self.training.splitting, self.forked_from
        if parents is None:
            return own
        return own.model_copy(update={"seed": parents.split_seed, "test_from": parents.test_from})

    @property
    def final_epoch(self) -> int:
        """The epoch at which the job ends at the latest: for a replay, the last epoch of the replayed job."""
        return self.training.epochs if self.replay is None else self.replay.through


@dataclass(frozen=True)
class EventRecord:
    """Something that happened to a job; `id` grows in the order of commits. A gap may be one of all jobs."""

    id: int
    job_id: str | None
    kind: Kind
    data: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class Page:
    """Which part of a list: at most `limit` entries that come after one of them in its order, mostly newest first.

    That one is given by its name or id, `after`, which must exist, or by its row's number, `position`, which stays
    valid when the entry is deleted. A list begins with its first entry when neither is given.
    """

    limit: int = 50
    after: str | None = None
    position: int | None = None


@dataclass(frozen=True)
class Listing(Generic[T]):
    """Part of a list, and whether more follows."""

    data: tuple[T, ...]
    has_more: bool
