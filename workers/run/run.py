"""One run of one job: claim, prepare, train, record, end. Called by the worker, and by tests without Celery."""

import logging
from collections.abc import Callable

from service import logs
from service.backprop.training.fingerprint import fingerprint
from service.backprop.training.loop import train
from service.backprop.training.results import EpochRun
from service.backprop.training.state import TrainingState
from service.counts import Counts, Total
from service.definitions.job_parts import FailureCode
from service.errors import Damaged, Diverged, Invalid, NotFound, OutOfSpace, Unavailable
from service.jobs.commands import tidy
from service.services import Services
from service.store.claims import claim_next
from service.store.epochs import epochs, hash_chain
from service.store.jobs import crashes, fingerprints
from service.store.prediction_records import PredictionRecord
from service.store.predictions import crashes as prediction_crashes
from service.store.records import JobRecord, Request
from workers.run import ending
from workers.run.checkpoint import EpochCheckpoint
from workers.run.lease import Fenced, Interrupted, Lease
from workers.run.predict import run_prediction
from workers.run.prepare import Prepared, prepare
from workers.run.recorder import Recorder
from workers.run.replay_verdict import also_stored

log = logging.getLogger(__name__)


def run_next_job(services: Services, worker: str, should_stop: Callable[[], bool]) -> bool:
    """Claim a job, or a prediction of a dataset, and run it to its end, or until `should_stop`.

    Returns whether there was one.
    """
    if services.space.waits_for() is not None:
        return False
    mine = fingerprint(services.settings.kernels)  # before the transaction, as the first one loads libraries
    with services.database.begin() as connection:
        freed, predictions = crashes.free_expired(connection), prediction_crashes.free_expired(connection)
        settings = services.settings
        claimed = claim_next(connection, worker, settings.lease_seconds, mine, settings.tenant_running_jobs)
        if isinstance(claimed, JobRecord):
            claimed = fingerprints.adapt_to_machine(connection, claimed, mine)
    for released in freed:
        if released.status.ended:
            tidy(services, released)
    if freed or predictions:
        services.counts.add(Total.LEASE_EXPIRATIONS, len(freed) + len(predictions))
    if isinstance(claimed, PredictionRecord):
        run_prediction(services.scoped(claimed.tenant), claimed, should_stop)
    elif claimed is not None:
        _run_claimed(services, claimed, should_stop)
    return claimed is not None


def _run_claimed(services: Services, job: JobRecord, should_stop: Callable[[], bool]) -> None:
    services.counts.add(Total.ATTEMPTS)
    with logs.ids(job_id=job.id, attempt=job.attempt):
        log.info("the attempt begins")
        try:
            _run(services.scoped(job.tenant), job, should_stop)
        except (Fenced, Unavailable, OutOfSpace):
            services.counts.add(Total.LEASE_LOSSES)
            log.warning("the attempt has lost the job and drops its work")


def _run(services: Services, job: JobRecord, should_stop: Callable[[], bool]) -> None:
    recorder: Recorder | None = None
    try:
        with Lease(services, job, should_stop) as lease:
            try:
                prepared = prepare(services, job, lease.check)
                recorder = _recorder(services, job, prepared, lease)
            except Interrupted:
                ending.release_unprepared(services, job, lease)
                return
            recorder.writer.should_stop = should_stop
            asked = _train(prepared, recorder, lease)
            recorder.settle()
            lease.end()
            ending.end(services, job, prepared, recorder, lease, asked)  # within the block, to renew the lease
    except Diverged as error:
        ending.fail(services, job, recorder, FailureCode.DIVERGED, error.detail, error.epoch)
    except MemoryError:
        ending.fail(services, job, recorder, FailureCode.OUT_OF_MEMORY, "the worker has not enough memory for this job")
    except NotFound as error:
        ending.fail(services, job, recorder, FailureCode.DATASET_MISSING, error.detail)
    except Damaged as error:
        ending.fail(services, job, recorder, FailureCode.DAMAGED, error.detail)
    except Invalid as error:
        ending.fail(services, job, recorder, FailureCode.INVALID_DATA, error.detail)
    except OutOfSpace as error:
        ending.wait_for_space(services, job, recorder, error, should_stop)
    except (Fenced, Unavailable):  # what cannot be stored is computed again after the lease has expired
        raise Fenced from None
    except Exception:
        log.exception("the attempt failed")
        ending.fail(services, job, recorder, FailureCode.INTERNAL, "the worker failed; its log says why")
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
