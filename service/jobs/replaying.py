"""Replays jobs: a new job repeats another one, the record, to check that every epoch has the recorded result."""

from service.definitions.job_parts import Replay, ReplayChain
from service.definitions.requests import ReplayRequest
from service.errors import Conflict
from service.jobs.new_jobs import QueuedJob, add_to_queue, record_no_key, webhook_of
from service.services import Services
from service.store import datasets
from service.store.blobs import references
from service.store.blobs.placement import size_of
from service.store.database import Connection
from service.store.epochs import epochs
from service.store.idempotency import RecordKey
from service.store.jobs import fork_starts, jobs, sizes
from service.store.records import JobRecord, NewJob, OnOtherMachine, Status


def check_can_replay(services: Services, job_id: str) -> None:
    """Raise what `replay` would raise for any body of the request."""
    with services.database.read() as connection:
        _check(connection, jobs.get_job(connection, job_id))


def _check(connection: Connection, record: JobRecord) -> None:
    if not (record.status.ended or record.status is Status.PAUSED):
        raise Conflict(f"job `{record.id}` is {record.status}; only what has ended, or is paused, is replayed")
    if record.replay_of is not None:
        raise Conflict(f"job `{record.id}` is a replay itself; replay `{record.replay_of}` once more")
    if record.epoch is None:
        raise Conflict(f"job `{record.id}` has stored no epoch, so there is nothing to replay")
    used = (
        (record.dataset, ", which the job was trained on,"),
        (record.validation, ", which validated the job,"),
    )
    for use, role in used:
        absence = None if use is None else datasets.absence_of(connection, use, role)
        if absence is not None:
            raise Conflict(f"dataset {absence}")


def replay(services: Services, job_id: str, request: ReplayRequest, record_key: RecordKey = record_no_key) -> QueuedJob:
    """Store a queued job that repeats the record up to its last epoch, then ring the doorbell."""
    services.space.check(services.settings.keep_free_bytes)
    webhook = webhook_of(services, request.notify)
    with services.database.begin() as connection:
        record = jobs.get_job(connection, job_id)
        jobs.lock(connection, record)  # it cannot be deleted before its replay is stored
        _check(connection, record)
        start = fork_starts.load(connection, record.number)
        references.pointing(connection)
        new = _new_job(record, request, _last_epoch(connection, record))
        queued = add_to_queue(services, connection, new, record_key, webhook)
        if start is not None:
            fork_starts.add(connection, queued.job.number, start)
            sizes.set_start(connection, queued.job.number, sum(size_of(services.blobs, part) for part in start.parts()))
    services.doorbell.ring()
    return queued


def _last_epoch(connection: Connection, record: JobRecord) -> int:
    """Return the last epoch of the record, whose row may be missing."""
    return max(record.epoch or 0, epochs.last_epoch(connection, record.number) or 0)


def _new_job(record: JobRecord, request: ReplayRequest, through: int) -> NewJob:
    """Return a job with all settings of the record that decide its results, so without its time limit."""
    return NewJob(
        priority=request.priority,
        pause_at=None,
        on_other_machine=OnOtherMachine(request.on_other_machine),
        model_name=None,
        metadata=request.metadata,
        network_name=record.network_name,
        network=record.network,
        dataset=record.dataset,
        validation=record.validation,
        training=record.training.model_copy(update={"time_limit_seconds": None}),
        targets=record.targets,
        columns=record.columns,
        preprocessing=record.preprocessing,
        forked_from=record.forked_from,
        fingerprint=record.fingerprint,
        replay_of=record.id,
        replay=Replay(
            of=record.id,
            through=through,
            identical=None,
            first_difference=None,
            chain=ReplayChain(recorded=record.chain),
        ),
    )
