"""How a run leaves its job: succeeded, failed, cancelled, or back in the queue."""

import logging
import time
from collections.abc import Callable
from typing import Any

from service.definitions.job_parts import Failure, FailureCode
from service.errors import OutOfSpace, Unavailable
from service.jobs.commands import tidy
from service.services import Services
from service.store.database import Connection
from service.store.jobs import jobs
from service.store.records import JobRecord, Request, Status
from workers.run.finish import add_version, confusion_matrix, measured_test
from workers.run.lease import Fenced, Interrupted, Lease
from workers.run.prepare import Prepared
from workers.run.promotion import AliasMoved, Promotion
from workers.run.recorder import Recorder, release
from workers.run.replay_verdict import certify

RELEASE_SECONDS = 0.5  # between two attempts to put a job back into the queue

log = logging.getLogger(__name__)


def wait_for_space(
    services: Services,
    job: JobRecord,
    recorder: Recorder | None,
    error: OutOfSpace,
    should_stop: Callable[[], bool],
) -> None:
    """Put the job back into the queue, where it waits for space; this does not count as a crash.

    Even that is written to the disk that is full, so it is tried until it succeeds, or another run owns the job.
    """
    log.warning("the attempt ends, as a disk is full: %s", error.detail)
    services.space.record_refusal()
    while True:
        try:
            status = release(services, job, behind=True) if recorder is None else recorder.release(behind=True)
            break
        except (Unavailable, OutOfSpace):
            if should_stop():
                raise Fenced from None
            time.sleep(RELEASE_SECONDS)
    _after_release(services, job, status)


def end(
    services: Services, job: JobRecord, prepared: Prepared, recorder: Recorder, lease: Lease, asked: str | None
) -> None:
    """Leave the job once training has stopped: `asked` says why (see `Lease.reason`), None that it is complete."""
    state, recorder.state = recorder.state, None  # it refers to the arrays that training used
    if asked is None:
        reached = None if state is None else state(copied=False)
        del state
        try:
            _succeed(services, job, prepared, recorder, lease)
            return
        except Interrupted:
            asked = lease.reason()
        except jobs.Requested as requested:  # after the lease looked for the last time, and before the job ended
            asked = requested.request
        if reached is not None and asked != "cancel":  # so that a later run does not train again
            recorder.store_reached(reached)
    if asked == "time_limit":
        detail = f"training took longer than {job.training.time_limit_seconds:g} s"
        fail(services, job, recorder, FailureCode.TIME_LIMIT, detail, recorder.last_epoch)
    elif asked == "cancel":
        recorder.end(Status.CANCELLED)
        log.info("cancelled")
    else:
        _after_release(services, job, recorder.release(behind=asked == "turn"))


def release_unprepared(services: Services, job: JobRecord, lease: Lease) -> None:
    """Release the job unchanged, as the run is to stop before anything is trained."""
    lease.reason()
    _release(services, job)


def _release(services: Services, job: JobRecord) -> None:
    _after_release(services, job, release(services, job))


def _after_release(services: Services, job: JobRecord, status: Status) -> None:
    """Clean up after a job that was cancelled when it was released, and notify workers of one that is queued."""
    if status.ended:
        with services.database.read() as connection:
            ended = jobs.get_job(connection, job.id)
        tidy(services, ended)
    services.doorbell.ring()
    log.info("released, now %s", status)


def _succeed(services: Services, job: JobRecord, prepared: Prepared, recorder: Recorder, lease: Lease) -> None:
    """Finish a job whose training is complete.

    Raises
    ------
    Interrupted
        When the run is to stop before the job's results are computed.
    Requested
        When a client has requested a cancel or a pause before the job's end is committed.
    """
    if job.replay is not None:
        verdict = certify(services, job, recorder, lease.check)
        recorder.end(Status.SUCCEEDED, lambda _: {"replay": verdict, **recorder.stopping()})
        log.info("identical" if verdict["identical"] else "not identical")
        return
    matrix = confusion_matrix(services, job, prepared, recorder, lease.check)
    test = measured_test(services, job, prepared, recorder, lease.check)
    promotion = None if job.promote is None else Promotion(services, job, prepared, recorder, lease.check)

    def finish(connection: Connection) -> dict[str, Any]:
        made = add_version(connection, job, prepared, recorder, test)
        promoted = {} if promotion is None else {"promoted": promotion.move(connection, made["model_version"])}
        return {**made, **promoted, **recorder.stopping(), "confusion_matrix": matrix}

    while True:
        if promotion is not None:
            promotion.decide()
        try:
            recorder.end(Status.SUCCEEDED, finish)
            break
        except AliasMoved:
            log.info("the alias was moved meanwhile, so it is decided anew")
    log.info("succeeded")


def fail(
    services: Services,
    job: JobRecord,
    recorder: Recorder | None,
    code: FailureCode,
    detail: str,
    epoch: int | None = None,
) -> None:
    """End a job as failed, unless a client has requested a cancel or a pause.

    A paused job is resumed from what was stored last, and fails then if the reason is still there.
    """
    error = Failure(code=code, detail=detail, epoch=epoch)
    log.warning("failed: %s", code)  # the detail may quote rows, and is the job's `error`
    try:
        _end_anyhow(services, job, recorder, Status.FAILED, error=error)
    except jobs.Requested as requested:
        log.info("%s as requested", requested.request)
        if recorder is None:
            _release(services, job)
        elif requested.request is Request.CANCEL:
            _end_anyhow(services, job, recorder, Status.CANCELLED)
        else:
            _after_release(services, job, recorder.release())


def _end_anyhow(services: Services, job: JobRecord, recorder: Recorder | None, status: Status, **values: Any) -> None:
    """End a job with what its recorder has buffered or, if that cannot be stored, without it."""
    if recorder is not None:
        try:
            recorder.end(status, lambda _: values)
            return
        except (Fenced, Unavailable, OutOfSpace, jobs.Requested):
            raise
        except Exception:
            log.exception("the last epochs cannot be stored")
    with services.database.begin() as connection:
        if not jobs.finish(connection, job, status, **values):
            raise Fenced
