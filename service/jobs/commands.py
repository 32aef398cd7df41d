"""Jobs' lives beyond their submission: pause, resume, step, cancel, removal, and what they leave when they have ended.

The database first, then the doorbell.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.backprop.training.state import TrainingState
from service.datasets.catalog import collect_orphans
from service.definitions.build import build_network
from service.errors import Conflict, NotFound, ServiceError
from service.services import Services
from service.store import events
from service.store.blobs import references
from service.store.blobs.placement import Placed, free, hold, place
from service.store.blobs.placement import read as read_bytes
from service.store.epochs import epochs, optimizer_states
from service.store.jobs import commands, expiry, jobs
from service.store.jobs.commands import CommandResult
from service.store.records import JobRecord, ParameterBlock, StoredBytes

log = logging.getLogger(__name__)


def cancel(services: Services, job_id: str) -> CommandResult:
    with services.database.begin() as connection:
        moved = commands.cancel(connection, job_id)
    if moved.job.status.ended and moved.changed:
        tidy(services, moved.job)
    return moved


def pause(services: Services, job_id: str) -> CommandResult:
    with services.database.begin() as connection:
        return commands.pause(connection, job_id)


def resume(services: Services, job_id: str) -> CommandResult:
    with services.database.begin() as connection:
        moved = commands.resume(connection, job_id)
    services.doorbell.ring()
    return moved


def step(services: Services, job_id: str, count: int) -> CommandResult:
    with services.database.begin() as connection:
        moved = commands.step(connection, job_id, count)
    services.doorbell.ring()
    return moved


def check_can_step(services: Services, job_id: str) -> None:
    with services.database.read() as connection:
        commands.check_can_step(connection, job_id)


def remove(services: Services, job_id: str) -> None:
    """Remove an ended job and all bytes that only it points to."""
    with services.database.begin() as connection:
        addresses = jobs.delete_job(connection, job_id)
    free(services.blobs, services.database, addresses)


def tidy(services: Services, job: JobRecord) -> None:
    """Of a job that ended while nobody ran it: keep its last epoch's parameters and free the state to go on from.

    What fails is done by the collector.
    """
    try:
        _tidy(services, job)
    except ServiceError as error:
        log.warning("%s: the collector will have to free its resume state: %s", job.id, error.detail)


def _tidy(services: Services, job: JobRecord) -> None:
    with services.database.read() as connection:
        stored = epochs.load_resume_state(connection, job.number)
        last = None if job.epoch is None else epochs.get_epoch(connection, job.number, job.epoch)
    if stored is None:
        return
    kept = None
    if last is not None and not last.parameters_stored:
        kept = _last_epoch(services, job, stored)
    with services.database.begin() as connection:
        jobs.lock(connection, job)
        if epochs.load_resume_state(connection, job.number) is None:
            return  # somebody else was quicker
        if kept is not None:
            references.pointing(connection)
            hold(services.blobs, [kept.parameters, *(() if kept.optimizer is None else (kept.optimizer,))])
            block = kept.block
            epochs.add_parameters(connection, job.number, [(block, kept.parameters.address)])
            if kept.optimizer is not None:
                optimizer_states.add(connection, job.number, [(block.last_epoch, kept.optimizer.stored())])
            epochs.mark_stored(connection, job.number, block.last_epoch)
        address = epochs.drop_resume_state(connection, job.number)
    free(services.blobs, services.database, [] if address is None else [address])


@dataclass(frozen=True)
class LastEpoch:
    """What is kept of an ended job's last epoch; the optimizer's state where the job keeps that."""

    block: ParameterBlock
    parameters: Placed
    optimizer: Placed | None


def _last_epoch(services: Services, job: JobRecord, stored: StoredBytes) -> LastEpoch | None:
    """The job's last epoch, out of the state to go on from."""
    state = TrainingState.from_bytes(read_bytes(services.blobs, stored))
    if state.epoch != job.epoch or state.partial_epoch is not None:
        return None
    network = build_network(job.network, job.training.precision)
    network.vector[...] = state.vector
    data = network.stored_bytes()
    keeps_states = job.training.store_parameters.optimizer_state
    optimizer = place(services.blobs, state.optimizer.to_bytes()) if keeps_states else None
    return LastEpoch(
        ParameterBlock(state.epoch, state.epoch, 1, len(data), data), place(services.blobs, data), optimizer
    )


def collect(services: Services) -> None:
    """What is done now and then, so that nothing grows for ever: the oldest events, old jobs, what nobody points to."""
    settings, now = services.settings, datetime.now(UTC)
    before = now - timedelta(seconds=settings.keep_events_seconds)
    while True:
        with services.database.begin() as connection:
            if not events.prune(connection, before, settings.keep_events):
                break
    if settings.keep_jobs_seconds:
        _remove_old(services, now - timedelta(seconds=settings.keep_jobs_seconds))
    with services.database.read() as connection:
        left = expiry.with_resume_state(connection)
    for job in left:
        tidy(services, job)
    collect_orphans(services)


def _remove_old(services: Services, before: datetime) -> None:
    with services.database.read() as connection:
        old = expiry.job_ids_before(connection, before)
    for job_id in old:
        try:
            remove(services, job_id)
        except (NotFound, Conflict):
            continue  # somebody else was quicker, or it is being replayed
    if old:
        log.info("%d job(s) that ended before %s are removed", len(old), before.isoformat(timespec="seconds"))
