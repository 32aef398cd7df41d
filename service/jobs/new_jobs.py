"""Functions shared by submissions, forks and replays: the dataset of a new job, its checks, and adding it to the queue.

The database is written first; the caller rings the doorbell once the transaction is committed.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from service.access.quotas import check_dataset_bytes, check_limits
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.datasets.catalog import generated_name, reader_of_request, staged_rows
from service.datasets.options import limits_of
from service.definitions.aliases import Promotion, better_on
from service.definitions.choices import build
from service.definitions.columns import Role, Table
from service.definitions.dataset_names import DatasetReference
from service.definitions.job_columns import JobColumns, view
from service.definitions.job_parts import Promote
from service.definitions.requests import DatasetRequest
from service.definitions.resolve import Resolved
from service.definitions.resolved import ResolvedTraining, Targets
from service.definitions.target_scaling import check_loss_targets
from service.definitions.validation_dataset import check_validation_dataset
from service.definitions.webhooks import JOB_ENDS, JOB_EVENTS, Notify
from service.errors import Invalid, NotFound, QueueFull
from service.preprocessing.whole_values import view_of_another, with_whole_values
from service.services import Services
from service.store import datasets, limits
from service.store.database import Connection
from service.store.datasets import IfTaken, NewContent
from service.store.idempotency import RecordKey
from service.store.jobs import jobs
from service.store.jobs.capacity import Queue, queue_for
from service.store.records import DatasetRecord, DatasetUse, JobRecord, NewJob
from service.store.tenancy import DEFAULT_TENANT
from service.store.webhooks import endpoints
from service.store.webhooks.records import NewWebhook
from service.webhooks.endpoints import for_one

NO_WORKER = "no worker is alive: the job waits until one is started"


def record_no_key(connection: Connection, job_id: str) -> None:
    """Do nothing: the request has no `Idempotency-Key`."""


class QueuedJob(NamedTuple):
    """A job that was just added to the queue, warnings for the client, and the webhook that it was submitted with."""

    job: JobRecord
    warnings: list[str]
    webhook: NewWebhook | None = None


@dataclass(frozen=True)
class JobData:
    """The rows that a job is made for, at `path`: those of a `stored` dataset, or `staged` ones of the request.

    `table` has the columns that the job uses, and `columns` their names if the job chose them.
    """

    name: str
    table: Table
    path: Path
    stored: DatasetUse | None = None
    staged: NewContent | None = None
    columns: JobColumns | None = None

    def using(self, columns: JobColumns | None) -> "JobData":
        """Return the rows with the columns that a job uses."""
        if columns is None:
            return self
        columns = with_whole_values(self.path, self.table, columns)
        return replace(self, table=view(self.table, columns), columns=columns)


@contextmanager
def dataset_of(services: Services, dataset: DatasetReference | DatasetRequest) -> Iterator[JobData]:
    """Find the dataset that is meant, or stage the rows that came with the request."""
    if isinstance(dataset, DatasetReference):
        record = find_dataset(services, dataset, "#/dataset")
        yield JobData(record.name, record.table, services.blobs.path(record.address), stored=record.use)
        return
    limits = limits_of(services.settings, services.settings.max_upload_bytes)
    with staged_rows(services, reader_of_request(dataset, limits, "#/dataset")) as staged:
        yield JobData(dataset.name or generated_name("dataset"), staged.contents, staged.path, staged=staged)


def find_dataset(services: Services, reference: DatasetReference, where: str) -> DatasetRecord:
    """Return the version of a dataset that a request names, the latest where it says none.

    A job keeps the version that this returns, whatever is stored under the name afterwards.

    Raises
    ------
    Invalid
        When there is no such dataset or version; `where` is the JSON pointer to its name.
    """
    with services.database.read() as connection:
        try:
            return datasets.get_dataset(connection, reference)
        except NotFound as error:
            raise Invalid.at(where, error.detail) from None


def store_dataset(services: Services, connection: Connection, data: JobData) -> DatasetUse:
    """Store the rows that came with the request, unless a version of the dataset has them; return what the job uses."""
    if data.stored is not None:
        return data.stored
    assert data.staged is not None
    record, is_new = datasets.add_dataset(connection, data.name, data.staged, IfTaken.USE_EARLIER)
    if is_new:
        check_dataset_bytes(services, connection)
    return record.use


@dataclass(frozen=True)
class HeldOutUses:
    """The versions of the datasets that validate and test; None where none does."""

    validation: DatasetUse | None
    test: DatasetUse | None


def check_held_out(
    services: Services, data: JobData, table: Table, resolved: Resolved, trained_before: DatasetUse | None = None
) -> HeldOutUses:
    """Return the versions of the datasets that validate and test. `table` is of the columns that train.

    One that tests must not have the rows of another, as these choose parameters or the best epoch. `trained_before` is
    what a fork's parameters were trained on.

    Raises
    ------
    Invalid
        Unless the datasets fit the one that trains.
    """
    training = resolved.training
    chosen = {data.table.sha256: "is what the job trains on"}
    if trained_before is not None and trained_before.sha256 is not None:
        chosen.setdefault(trained_before.sha256, "is what the forked job was trained on")
    uses: dict[str, DatasetUse | None] = {"validation": None, "test": None}
    for part, reference in (("validation", training.validation_dataset), ("test", training.test_dataset)):
        if reference is None:
            continue
        where = f"#/training/{part}/dataset"
        record = find_dataset(services, reference, where)
        sha256 = record.table.sha256
        if part == "test" and sha256 in chosen:
            raise Invalid.at(where, f"`{reference}` {chosen[sha256]}; give other rows, or a `fraction` to hold out")
        chosen[sha256] = "validates, so it chooses the best epoch"
        _check_fits(services, data, table, resolved, record, where)
        uses[part] = record.use
    return HeldOutUses(**uses)


def _check_fits(
    services: Services, data: JobData, table: Table, resolved: Resolved, record: DatasetRecord, where: str
) -> None:
    """Raise `Invalid` at the pointer `where` unless a dataset fits `table`, the columns that train."""
    training, other = resolved.training, record.table
    if data.columns is not None:
        other = view_of_another(services.blobs.path(record.address), other, data.columns, where)
    precision, missing = training.precision, training.preprocessing.missing
    check_validation_dataset(record.name, other, table, precision, missing, resolved.targets.labels, where)
    if resolved.targets.labels is None:
        loss, scaling = build(LOSSES, training.loss), training.preprocessing.targets
        check_loss_targets(other.having(Role.TARGET), loss, scaling, where)


def promotion_of(
    services: Services, promote: Promotion | None, data: JobData, targets: Targets, where: str = "#/promote"
) -> Promote | None:
    """Return what a job is to do with an alias, as it is stored.

    Raises
    ------
    Invalid
        When there is no dataset to be better on, or its metric is for classes and the job's targets are values.
    """
    if promote is None:
        return None
    gate = promote.if_better_on
    if gate is not None:
        if gate.reference().name != data.name:  # the request's own may be stored with the job
            find_dataset(services, gate.reference(), f"{where}/if_better_on/dataset")
        if gate.metric in METRICS and METRICS[gate.metric].for_classes and not targets.are_classes:
            detail = f"`{gate.metric}` is for classes, and the targets are values: {targets.because}"
            raise Invalid.at(f"{where}/if_better_on/metric", detail)
    return Promote(alias=promote.alias, if_better_on=None if gate is None else better_on(gate))


def with_storage_limit(services: Services, training: ResolvedTraining) -> ResolvedTraining:
    """Fill in the bytes that stored epochs may take together: those requested, limited by the service's setting."""
    most, rule = services.settings.stored_epochs_bytes, training.store_parameters
    limited = rule.model_copy(update={"limit_bytes": min(most, rule.limit_bytes or most)})
    return training.model_copy(update={"store_parameters": limited})


def queue_with_room(services: Services, connection: Connection) -> Queue:
    """Return the queue for the services' tenant; raise `QueueFull` when no more jobs and predictions may wait."""
    queue = queue_for(connection, services.tenant or DEFAULT_TENANT)
    if queue.queued >= (most := services.settings.max_queued_jobs):
        seconds = limits.seconds_to_room(connection, None)
        raise QueueFull(f"{most} jobs of all tenants wait, which is the limit; try again in {seconds} s", seconds)
    return queue


def webhook_of(services: Services, notify: Notify | None) -> NewWebhook | None:
    """Return the webhook that a job is submitted with; raise `Invalid` when its address may not be sent to."""
    return for_one(services, notify, JOB_EVENTS, JOB_ENDS)


def add_to_queue(
    services: Services,
    connection: Connection,
    new: NewJob,
    record_key: RecordKey,
    webhook: NewWebhook | None = None,
) -> QueuedJob:
    """Insert a queued job under a new id, with its webhook if it has one."""
    if webhook is not None:
        new = replace(new, notify=webhook.notified)
    queue = queue_with_room(services, connection)
    check_limits(services, connection, new, queue.limits)
    for use in new.uses:
        datasets.hold_dataset(connection, use)
    job = jobs.add_job(connection, f"job_{secrets.token_hex(8)}", new)
    if webhook is not None:
        endpoints.add(connection, webhook, job=job.id)
    record_key(connection, job.id)
    return QueuedJob(job, [] if queue.workers else [NO_WORKER], webhook)
