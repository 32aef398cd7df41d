"""Commands on jobs after their submission: pause, resume, step, cancel and removal, and the tidying of ended ones.

The database is written first, then the doorbell is rung.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from service.backprop.training.state import TrainingState
from service.datasets.catalog import collect_orphans, collect_superseded
from service.definitions.build import build_network
from service.definitions.limits import Limits
from service.errors import Conflict, NotFound, ServiceError
from service.jobs.new_jobs import record_no_key
from service.services import Services
from service.store import events, limits, model_removal, shrinking
from service.store.blobs.placement import free
from service.store.blobs.placement import read as read_bytes
from service.store.database import Connection
from service.store.epoch_records import ParameterBlock, StoredBytes
from service.store.epochs import epochs
from service.store.epochs.placed_parameters import PlacedParameters
from service.store.idempotency import RecordKey
from service.store.jobs import commands, expiry, jobs, sizes
from service.store.jobs.commands import CommandResult
from service.store.records import JobRecord

SHRINK_SECONDS = 0.25  # of a request; workers go on with it

log = logging.getLogger(__name__)


def cancel(services: Services, job_id: str, record_key: RecordKey = record_no_key) -> CommandResult:
    result = _command(services, job_id, record_key, commands.cancel)
    if result.job.status.ended and result.changed:
        tidy(services, result.job)
    return result


def pause(services: Services, job_id: str, record_key: RecordKey = record_no_key) -> CommandResult:
    return _command(services, job_id, record_key, commands.pause)


def resume(services: Services, job_id: str, record_key: RecordKey = record_no_key) -> CommandResult:
    result = _command(services, job_id, record_key, commands.resume)
    services.doorbell.ring()
    return result


def step(services: Services, job_id: str, count: int, record_key: RecordKey = record_no_key) -> CommandResult:
    result = _command(services, job_id, record_key, partial(commands.step, epochs=count))
    services.doorbell.ring()
    return result


def _command(
    services: Services, job_id: str, record_key: RecordKey, command: Callable[[Connection, str], CommandResult]
) -> CommandResult:
    """Do a command and record its `Idempotency-Key` in one transaction, so that it is not done again."""

    def act(connection: Connection) -> CommandResult:
        result = command(connection, job_id)
        if result.changed:
            record_key(connection, job_id)
        return result

    return services.ending(act)


def check_can_step(services: Services, job_id: str) -> None:
    with services.database.read() as connection:
        commands.check_can_step(connection, job_id)


def remove(services: Services, job_id: str) -> None:
    """Remove an ended job and all bytes that only it points to."""
    addresses = services.ending(lambda connection: jobs.delete_job(connection, job_id))
    free(services.blobs, services.database, addresses)
    if shrinking.free_pages(services.database):
        _shrink(services)


def _shrink(services: Services) -> None:
    """Give the space of deleted rows back to the disk for a moment; workers go on with it."""
    try:
        services.space.spend(lambda: shrinking.shrink(services.database, SHRINK_SECONDS))
    except ServiceError as error:
        log.warning("the space of a deleted job is reused, but not given back yet: %s", error.detail)


def tidy(services: Services, job: JobRecord) -> None:
    """Store the last epoch's parameters of a job that ended while no worker ran it, and free its resume state.

    When this fails, the hourly collection does it.
    """
    try:
        _tidy(services.scoped(job.tenant), job)
    except ServiceError as error:
        log.warning("%s: its resume state is left to the hourly collection: %s", job.id, error.detail)


def _tidy(services: Services, job: JobRecord) -> None:
    with services.database.read() as connection:
        stored = epochs.load_resume_state(connection, job.number)
        last = None if job.epoch is None else epochs.get_epoch(connection, job.number, job.epoch)
    if stored is None:
        return
    placed = None
    if last is not None and not last.parameters_stored:
        placed = _last_epoch(services, job, stored)
    with services.database.begin() as connection:
        jobs.lock(connection, job)
        if epochs.load_resume_state(connection, job.number) is None:
            return  # another process has done it already
        if placed is not None:
            placed.insert(connection, services.blobs, job, job.epoch)
            sizes.add_epochs(connection, job.number, placed.size)
        address = epochs.drop_resume_state(connection, job.number)
    free(services.blobs, services.database, [] if address is None else [address])


def _last_epoch(services: Services, job: JobRecord, stored: StoredBytes) -> PlacedParameters | None:
    """Return the parameters of the job's last epoch, from its resume state, and the optimizer's state if stored."""
    state = TrainingState.from_bytes(read_bytes(services.blobs, stored))
    if state.epoch != job.epoch or state.partial_epoch is not None:
        return None
    network = build_network(job.network, job.training.precision)
    network.vector[...] = state.vector
    data = network.stored_bytes()
    states = {state.epoch: state.optimizer.to_bytes()} if job.training.store_parameters.optimizer_state else {}
    block = ParameterBlock(state.epoch, state.epoch, 1, len(data), data)
    return PlacedParameters.place(services.blobs, [block], states)


def collect(services: Services) -> None:
    """Delete what is no longer needed: old events and jobs, states of ended jobs, superseded datasets, blobs."""
    settings, now = services.settings, datetime.now(UTC)
    before = now - timedelta(seconds=settings.keep_events_seconds)
    while True:
        with services.database.begin() as connection:
            if not events.prune(connection, before, settings.keep_events):
                break
    with services.database.read() as connection:
        own = limits.all_limits(connection)
    for tenant, mine in own.items():
        if seconds := Limits.of(settings, mine).keep_jobs_seconds:
            _remove_old(services.scoped(tenant), now - timedelta(seconds=seconds))
    with services.database.read() as connection:
        left = expiry.with_resume_state(connection)
    for job in left:
        tidy(services, job)
    _remove_expired_versions(services, now)
    if removed := collect_superseded(services, now):
        log.info("removed %d superseded version(s) of datasets that no job uses", removed)
    collect_orphans(services)


def _remove_expired_versions(services: Services, now: datetime) -> None:
    try:
        with services.database.begin() as connection:
            removed = model_removal.delete_expired_versions(connection, now)
    except Conflict:  # an alias was moved to one of them meanwhile; the next hour sees it
        return
    if removed:
        log.info("removed %d version(s) of models that were to be kept until now", removed)


def _remove_old(services: Services, before: datetime) -> None:
    with services.database.read() as connection:
        old = expiry.job_ids_before(connection, before)
    for job_id in old:
        try:
            remove(services, job_id)
        except (NotFound, Conflict):
            continue  # another process has removed it, or the job is being replayed
    if old:
        log.info("removed %d job(s) that ended before %s", len(old), before.isoformat(timespec="seconds"))
