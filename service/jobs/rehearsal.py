"""Checks a job as a submission does and stores nothing: the transaction that inserts it is rolled back."""

import secrets
from dataclasses import dataclass, replace

from service.access.quotas import check_size
from service.definitions.requests import JobRequest
from service.jobs.new_jobs import JobData, QueuedJob, add_to_queue, record_no_key, store_dataset
from service.jobs.submission import CheckedJob, check
from service.services import Services
from service.store.database import Connection
from service.store.jobs import jobs
from service.store.records import JobRecord, NewJob
from service.store.webhooks.records import NewWebhook


@dataclass(frozen=True)
class Rehearsal:
    """A job as a submission would have stored it, and what it was made from.

    `dataset_bytes` are those of rows that came with the request and are not stored yet.
    """

    job: JobRecord
    checked: CheckedJob
    dataset_bytes: int
    warnings: list[str]


class _Undone(Exception):
    """Rolls the transaction of a rehearsal back."""


class _Adopted:
    """Stands for the step that makes staged rows a blob: it moves nothing, and is called for new content alone."""

    def __init__(self, data: JobData) -> None:
        self.bytes, self.is_new = data.table.bytes, False

    def __call__(self) -> None:
        self.is_new = True


def dry_run(services: Services, request: JobRequest) -> Rehearsal:
    """Do what `submit` does, with every check and every limit of this moment, and undo it."""
    return _rehearse(services, request, is_submission=True)


def plan(services: Services, request: JobRequest) -> Rehearsal:
    """Check a job as `submit` does, but not whether the queue and the tenant's store have room for it now."""
    return _rehearse(services, request, is_submission=False)


def _rehearse(services: Services, request: JobRequest, is_submission: bool) -> Rehearsal:
    queued: QueuedJob | None = None
    with check(services, request) as checked:
        adopted = _Adopted(checked.data)
        data = checked.data
        if data.staged is not None:
            data = replace(data, staged=replace(data.staged, adopt=adopted))
        try:
            with services.database.begin() as connection:
                new = checked.to_insert(services, store_dataset(services, connection, data))
                if is_submission:
                    queued = add_to_queue(services, connection, new, record_no_key, checked.webhook)
                else:
                    queued = _add_if_small(services, connection, new, checked.webhook)
                raise _Undone
        except _Undone:
            pass  # the block above ends in no other way, so nothing is committed
    assert queued is not None
    return Rehearsal(queued.job, checked, adopted.bytes if adopted.is_new else 0, queued.warnings)


def _add_if_small(services: Services, connection: Connection, new: NewJob, webhook: NewWebhook | None) -> QueuedJob:
    if webhook is not None:
        new = replace(new, notify=webhook.notified)
    check_size(services, connection, new)
    return QueuedJob(jobs.add_job(connection, f"job_{secrets.token_hex(8)}", new), [])
