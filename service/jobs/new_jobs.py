"""Functions shared by submissions, forks and replays: the dataset of a new job, its checks, and adding it to the queue.

The database is written first; the caller rings the doorbell once the transaction is committed.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from service.backprop.losses import LOSSES
from service.datasets.catalog import StagedRows, generated_name, reader_of_request, staged_rows
from service.datasets.options import Limits as ReadLimits
from service.definitions.choices import build
from service.definitions.columns import Role, Table
from service.definitions.job_columns import JobColumns, view
from service.definitions.requests import DatasetRequest
from service.definitions.resolve import Resolved
from service.definitions.resolved import ResolvedTraining
from service.definitions.target_scaling import check_loss_targets
from service.definitions.validation_dataset import WHERE, check_validation_dataset
from service.errors import Conflict, Invalid, NotFound, TooMany
from service.preprocessing.whole_values import view_of_another, with_whole_values
from service.services import Services
from service.store import datasets, workers
from service.store.database import Connection
from service.store.jobs import jobs
from service.store.records import JobRecord, NewJob

# Records, in the transaction that inserts a job, that the request's `Idempotency-Key` has made the job of that id.
RecordKey: TypeAlias = Callable[[Connection, str], None]

NO_WORKER = "no worker is alive: the job waits until one is started"


def record_no_key(connection: Connection, job_id: str) -> None:
    """Do nothing: the request has no `Idempotency-Key`."""


class QueuedJob(NamedTuple):
    """A job that was just added to the queue, and warnings for the client."""

    job: JobRecord
    warnings: list[str]


@dataclass(frozen=True)
class JobData:
    """The rows that a job is made for, at `path`; `staged` when they are not in the database yet.

    `table` has the columns that the job uses, and `columns` their names if the job chose them.
    """

    name: str
    table: Table
    path: Path
    staged: StagedRows | None
    columns: JobColumns | None = None

    def using(self, columns: JobColumns | None) -> "JobData":
        """Return the rows with the columns that a job uses."""
        if columns is None:
            return self
        columns = with_whole_values(self.path, self.table, columns)
        return replace(self, table=view(self.table, columns), columns=columns)


@contextmanager
def dataset_of(services: Services, dataset: str | DatasetRequest) -> Iterator[JobData]:
    """Find the dataset of that name, or stage the rows that came with the request."""
    if isinstance(dataset, str):
        with services.database.read() as connection:
            try:
                record = datasets.get_dataset(connection, dataset)
            except NotFound as error:
                raise Invalid.at("#/dataset", error.detail) from None
        yield JobData(record.name, record.table, services.blobs.path(record.address), None)
        return
    limits = ReadLimits(max_bytes=services.settings.max_upload_bytes)
    with staged_rows(services, reader_of_request(dataset, limits)) as staged:
        yield JobData(dataset.name or generated_name("dataset"), staged.table, staged.path, staged)


def store_dataset(connection: Connection, data: JobData) -> str:
    """Store the rows that came with the request; return the dataset's name.

    Raises
    ------
    Conflict
        When a stored dataset was replaced since the job was checked against it.
    """
    if data.staged is not None:
        staged = data.staged
        record, _ = datasets.add_dataset(connection, data.name, staged.table, staged.address, staged.adopt)
        return record.name
    if datasets.dataset_sha256(connection, data.name) != data.table.sha256:
        raise Conflict(f"dataset `{data.name}` was replaced while the job was checked against it; try again")
    return data.name


def check_validation(services: Services, data: JobData, table: Table, resolved: Resolved) -> None:
    """Raise `Invalid` unless the dataset that validates, if there is one, fits `table`, the columns that train."""
    training = resolved.training
    name = training.validation_dataset
    if name is None:
        return
    with services.database.read() as connection:
        try:
            record = datasets.get_dataset(connection, name)
        except NotFound as error:
            raise Invalid.at(WHERE, error.detail) from None
    other = record.table
    if data.columns is not None:
        other = view_of_another(services.blobs.path(record.address), other, data.columns, WHERE)
    check_validation_dataset(
        name, other, table, training.precision, training.preprocessing.missing, resolved.targets.labels
    )
    if resolved.targets.labels is None:
        loss, scaling = build(LOSSES, training.loss), training.preprocessing.targets
        check_loss_targets(other.having(Role.TARGET), loss, scaling, WHERE)


def with_storage_limit(services: Services, training: ResolvedTraining) -> ResolvedTraining:
    """Fill in the bytes that stored epochs may take together: those requested, limited by the service's setting."""
    most, rule = services.settings.stored_epochs_bytes, training.store_parameters
    limited = rule.model_copy(update={"limit_bytes": min(most, rule.limit_bytes or most)})
    return training.model_copy(update={"store_parameters": limited})


def add_to_queue(services: Services, connection: Connection, new: NewJob, record_key: RecordKey) -> QueuedJob:
    """Insert a queued job under a new id."""
    if jobs.count_queued(connection) >= services.settings.max_queued_jobs:
        raise TooMany(f"{services.settings.max_queued_jobs} jobs are waiting already; try again later", 30)
    for name in (new.dataset_name, new.validation_name):
        if name is not None:
            datasets.hold_dataset(connection, name)
    job = jobs.add_job(connection, f"job_{secrets.token_hex(8)}", new)
    record_key(connection, job.id)
    return QueuedJob(job, [] if workers.count_alive(connection) else [NO_WORKER])
