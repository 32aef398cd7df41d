"""Replays: new jobs that run another one's record again, to find whether every epoch comes out as it was recorded."""

from typing import Any

from service.definitions.requests import ReplayRequest
from service.errors import Conflict
from service.jobs.submission import Noting, enter, unnoted
from service.services import Services
from service.store import resources
from service.store.blobs import references
from service.store.epochs import epochs
from service.store.jobs import fork_starts, jobs
from service.store.records import JobRecord, Status


def check_can_replay(services: Services, job_id: str) -> None:
    """What `replay` would refuse whatever it was asked for."""
    with services.database.read() as connection:
        _check(connection, jobs.get_job(connection, job_id))


def _check(connection: Any, record: JobRecord) -> None:
    if not (record.status.ended or record.status is Status.PAUSED):
        raise Conflict(f"job `{record.id}` is {record.status}; only what has ended, or is paused, is replayed")
    if record.replay_of is not None:
        raise Conflict(f"job `{record.id}` is a replay itself; replay `{record.replay_of}` once more")
    if record.epoch is None:
        raise Conflict(f"job `{record.id}` has stored no epoch, so there is nothing to replay")
    dataset = resources.dataset_sha256(connection, record.dataset_name)
    if dataset is None or record.dataset_sha256 not in (None, dataset):
        what = "is gone" if dataset is None else "is another one by now"
        raise Conflict(f"dataset `{record.dataset_name}`, which the job was trained on, {what}")
    if record.validation_name is not None and resources.dataset_sha256(connection, record.validation_name) is None:
        raise Conflict(f"dataset `{record.validation_name}`, which validated the job, is gone")


def replay(
    services: Services, job_id: str, request: ReplayRequest, noting: Noting = unnoted
) -> tuple[JobRecord, list[str]]:
    """Store a queued job that repeats the record up to its last epoch, and ring; the job, and warnings."""
    services.blobs.check_space(services.settings.keep_free_bytes)
    with services.database.begin() as connection:
        record = jobs.get_job(connection, job_id)
        jobs.lock(connection, record)  # it cannot be deleted before its replay is there
        _check(connection, record)
        start = fork_starts.load(connection, record.number)
        references.pointing(connection)
        job, warnings = enter(services, connection, _values(record, request, _through(connection, record)), noting)
        if start is not None:
            fork_starts.add(connection, job.number, start)
    services.doorbell.ring()
    return job, warnings


def _through(connection: Any, record: JobRecord) -> int:
    """The last epoch of the record, which its rows may no longer have."""
    return max(record.epoch or 0, epochs.last_epoch(connection, record.number) or 0)


def _values(record: JobRecord, request: ReplayRequest, through: int) -> dict[str, Any]:
    """The record's own columns; a limit of time is left out, as it has no part in the bits."""
    verdict = {"of": record.id, "through": through, "identical": None, "first_difference": None, "chain": None}
    return {
        "priority": request.priority,
        "pause_at": None,
        "on_other_machine": request.on_other_machine,
        "model_name": None,
        "extra": request.metadata,
        "network_name": record.network_name,
        "network": record.network,
        "dataset_name": record.dataset_name,
        "dataset_sha256": record.dataset_sha256,
        "validation_name": record.validation_name,
        "training": {**record.training, "time_limit_seconds": None},
        "targets": record.targets,
        "preprocessing": None if record.forked_from is None else record.preprocessing,
        "forked_from": record.forked_from,
        "fingerprint": record.fingerprint,
        "replay_of": record.id,
        "replay": {**verdict, "chain": {"recorded": record.chain}},
    }
