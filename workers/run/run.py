"""One run of one job: claim, prepare, train, record, end. Called by the worker, and by tests without Celery."""

import logging
import time
from collections.abc import Callable
from typing import Any

from service import logs
from service.backprop.training.fingerprint import fingerprint
from service.backprop.training.loop import train
from service.backprop.training.results import EpochRun
from service.backprop.training.state import TrainingState
from service.counts import Counts, Total
from service.definitions.job_parts import Failure, FailureCode
from service.errors import Damaged, Diverged, Invalid, NotFound, OutOfSpace, Unavailable
from service.jobs.commands import tidy
from service.services import Services
from service.store.database import Connection
from service.store.epochs import epochs, hash_chain
from service.store.jobs import crashes, fingerprints, jobs
from service.store.records import JobRecord, Request, Status
from workers.run.checkpoint import EpochCheckpoint
from workers.run.finish import add_version, confusion_matrix, measured_test
from workers.run.lease import Fenced, Interrupted, Lease
from workers.run.prepare import Prepared, prepare
from workers.run.recorder import Recorder, release
from workers.run.replay_verdict import also_stored, certify

RELEASE_SECONDS = 0.5  # between two attempts to put a job back into the queue

log = logging.getLogger(__name__)


def run_next_job(services: Services, worker: str, should_stop: Callable[[], bool]) -> bool:
    """Claim the first job of the queue and run it to its end, or until `should_stop`; return whether there was one."""
    if services.space.waits_for() is not None:
        return False
    mine = fingerprint(services.settings.kernels)  # before the transaction, as the first one loads libraries
    with services.database.begin() as connection:
        freed = crashes.free_expired(connection)
        settings = services.settings
        job = jobs.claim(connection, worker, settings.lease_seconds, mine, settings.tenant_running_jobs)
        if job is not None:
            job = fingerprints.adapt_to_machine(connection, job, mine)
    for released in freed:
        if released.status.ended:
            tidy(services, released)
    if freed:
        services.counts.add(Total.LEASE_EXPIRATIONS, len(freed))
    if job is None:
        return False
    services.counts.add(Total.ATTEMPTS)
    with logs.ids(job_id=job.id, attempt=job.attempt):
        log.info("the attempt begins")
        try:
            _run(services.scoped(job.tenant), job, should_stop)
        except (Fenced, Unavailable, OutOfSpace):
            services.counts.add(Total.LEASE_LOSSES)
            log.warning("the attempt has lost the job and drops its work")
    return True


def _run(services: Services, job: JobRecord, should_stop: Callable[[], bool]) -> None:
    recorder: Recorder | None = None
    try:
        with Lease(services, job, should_stop) as lease:
            try:
                prepared = prepare(services, job, lease.check)
                recorder = _recorder(services, job, prepared, lease)
            except Interrupted:
                _release_unprepared(services, job, lease)
                return
            recorder.writer.should_stop = should_stop
            asked = _train(prepared, recorder, lease)
            recorder.settle()
            lease.end()
            _end(services, job, prepared, recorder, lease, asked)  # within the block, to renew the lease
    except Diverged as error:
        _fail(services, job, recorder, FailureCode.DIVERGED, error.detail, error.epoch)
    except MemoryError:
        _fail(services, job, recorder, FailureCode.OUT_OF_MEMORY, "the worker has not enough memory for this job")
    except NotFound as error:
        _fail(services, job, recorder, FailureCode.DATASET_MISSING, error.detail)
    except Damaged as error:
        _fail(services, job, recorder, FailureCode.DAMAGED, error.detail)
    except Invalid as error:
        _fail(services, job, recorder, FailureCode.INVALID_DATA, error.detail)
    except OutOfSpace as error:
        _wait_for_space(services, job, recorder, error, should_stop)
    except (Fenced, Unavailable):  # what cannot be stored is computed again after the lease has expired
        raise Fenced from None
    except Exception:
        log.exception("the attempt failed")
        _fail(services, job, recorder, FailureCode.INTERNAL, "the worker failed; its log says why")
    finally:
        if recorder is not None:
            recorder.close()


def _train(prepared: Prepared, recorder: Recorder, lease: Lease) -> str | None:
    """Train and record; return None when training is complete, otherwise why it stops (see `Lease.reason`)."""
    pause_at = recorder.job.pause_at
    total = last_epoch(recorder.job)
    done = prepared.resume.epoch if prepared.resume is not None else -1
    if done >= total or recorder.stopped is not None:  # an earlier attempt was stopped after its last epoch
        return None
    lease.begin(prepared.spent_seconds)
    runs = train(
        prepared.network,
        prepared.settings,
        prepared.training,
        prepared.validation,
        resume=prepared.resume,
        should_stop=lease.stop,
        pause_at=total if pause_at is None else min(pause_at, total),
        checkpoint=EpochCheckpoint(recorder, lease),
    )
    for run in runs:
        done = run.last_epoch
        recorder.add(run)
        _count(recorder.services.counts, run, len(prepared.training))
        if done >= total or run.stopped is not None:
            return None
        if why := _stops_after(recorder, lease, done == pause_at):
            return why
    return None if done == total and not lease.lost else lease.reason()


def _count(counts: Counts, run: EpochRun, rows: int) -> None:
    """Count the epochs of a run; epoch 0 is measured and not trained."""
    trained = len(run) - (run.first_epoch == 0)
    if trained:
        counts.add(Total.EPOCHS, trained)
        counts.add(Total.SAMPLES, trained * rows)


def last_epoch(job: JobRecord) -> int:
    """Return the epoch at which training ends at the latest: for a replay, the last epoch of the replayed job."""
    return job.final_epoch


def _stops_after(recorder: Recorder, lease: Lease, pauses: bool) -> str | None:
    """Return why the run stops at the end of this epoch; None when it continues."""
    if not recorder.is_resumable:
        return None
    pauses = pauses or Request.PAUSE in (lease.asked, recorder.requested())
    if pauses or lease.turn_is_over:
        asked = recorder.flush()
        return asked or ("pause" if pauses else "turn")
    if recorder.is_due():
        recorder.flush_in_background()
    return recorder.flushes.requested


def _recorder(services: Services, job: JobRecord, prepared: Prepared, lease: Lease) -> Recorder:
    also = also_stored(services, job, lease.check)
    recorder = Recorder(services, job, prepared.bytes_an_epoch, prepared.preprocessing.to_dict(), also)
    if job.epoch is not None and job.chain is None:  # it was started by a release without hash chains
        with services.database.read() as connection:
            recorder.writer.chain = hash_chain.of_stored(connection, job.number)
    resume = prepared.resume
    if resume is not None and resume.epoch >= 0:
        _resume(services, recorder, prepared, resume)
    return recorder


def _resume(services: Services, recorder: Recorder, prepared: Prepared, resume: TrainingState) -> None:
    """Continue recording from a state.

    Parameters of its epoch that are not stored are held in memory, as they are needed if it is the last epoch.
    """
    if resume.partial_epoch is not None or resume.epoch in recorder.retention:
        recorder.resume_from(resume, None, is_stored=True)
        return
    with services.database.read() as connection:
        record = epochs.get_epoch(connection, recorder.job.number, resume.epoch)
    prepared.network.vector[...] = resume.vector
    is_stored = record is None or record.parameters_stored
    recorder.resume_from(resume, prepared.network.stored_bytes(), is_stored)


def _wait_for_space(
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


def _end(
    services: Services, job: JobRecord, prepared: Prepared, recorder: Recorder, lease: Lease, asked: str | None
) -> None:
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
        _fail(services, job, recorder, FailureCode.TIME_LIMIT, detail, recorder.last_epoch)
    elif asked == "cancel":
        recorder.end(Status.CANCELLED)
        log.info("cancelled")
    else:
        _after_release(services, job, recorder.release(behind=asked == "turn"))


def _release_unprepared(services: Services, job: JobRecord, lease: Lease) -> None:
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

    def finish(connection: Connection) -> dict[str, Any]:
        version = add_version(connection, job, prepared, recorder, test)
        return {**version, **recorder.stopping(), "confusion_matrix": matrix}

    recorder.end(Status.SUCCEEDED, finish)
    log.info("succeeded")


def _fail(
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
