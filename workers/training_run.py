"""One run of one job: claim, train, record. Plain functions, called by the worker and by tests without Celery."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from service.backprop.network import Network
from service.backprop.rows import Rows
from service.backprop.state import TrainingState
from service.backprop.trainer import TrainingSettings, train
from service.data.preprocessing import Preprocessing, fit
from service.data.rows import MappedRows, open_rows, rows_of_another, split
from service.data.weights import class_weights
from service.definitions.build import build_network, build_settings
from service.errors import Damaged, Diverged, Invalid, NotFound, ServiceError, Unavailable
from service.parts import Parts
from service.store import epochs, jobs, models, resources
from service.store.records import JobRecord, Status
from service.stored_bytes import read as read_bytes
from workers.recorder import Fenced, Recorder

LOOK_SECONDS = 1.0  # how often a run looks whether it shall stop, also inside a long epoch
RENEW_SHARE = 0.25  # of the lease, after which it is renewed

log = logging.getLogger(__name__)


def run_next_job(parts: Parts, worker: str, should_stop: Callable[[], bool]) -> bool:
    """Take the best waiting job and run it to its end, or until `should_stop`; whether there was one."""
    with parts.database.begin() as connection:
        job = jobs.claim(connection, worker, parts.settings.lease_seconds)
    if job is None:
        return False
    log.info("%s: attempt %d begins", job.id, job.attempt)
    try:
        _run(parts, job, should_stop)
    except Fenced:
        log.warning("%s: attempt %d has lost the job and drops its work", job.id, job.attempt)
    return True


@dataclass(frozen=True)
class Prepared:
    """All that a run computes with."""

    network: Network
    settings: TrainingSettings
    preprocessing: Preprocessing
    training: Rows
    validation: Rows | None
    resume: TrainingState | None


class Watch:
    """Looks beside the training whether it shall stop, and keeps the lease alive through long epochs."""

    def __init__(self, parts: Parts, job: JobRecord, should_stop: Callable[[], bool]) -> None:
        self.parts, self.job, self.should_stop = parts, job, should_stop
        self.asked: str | None = None
        self.lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch {job.id}", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def stop(self) -> bool:
        """Asked before every batch."""
        return self.asked is not None or self.lost or self.should_stop()

    def _watch(self) -> None:
        lease = self.parts.settings.lease_seconds
        pause = min(LOOK_SECONDS, lease * RENEW_SHARE)
        waited = 0.0
        while not self._over.wait(pause):
            waited += pause
            try:
                self._look(renew=waited >= lease * RENEW_SHARE)
            except ServiceError as error:
                log.warning("%s: %s", self.job.id, error.detail)
                continue
            except Exception:  # the thread must live: it keeps the lease
                log.exception("%s: the watch beside the training failed", self.job.id)
                continue
            if waited >= lease * RENEW_SHARE:
                waited = 0.0

    def _look(self, renew: bool) -> None:
        if renew:
            with self.parts.database.begin() as connection:
                self.lost = not jobs.fenced(connection, self.job, self.parts.settings.lease_seconds)
        with self.parts.database.read() as connection:
            self.asked = jobs.requested(connection, self.job)


def _run(parts: Parts, job: JobRecord, should_stop: Callable[[], bool]) -> None:
    recorder: Recorder | None = None
    try:
        with Watch(parts, job, should_stop) as watch:
            prepared = _prepare(parts, job)
            recorder = _recorder(parts, job, prepared)
            asked = _train(prepared, recorder, watch)
        _end(parts, job, prepared, recorder, asked)
    except Diverged as error:
        _fail(parts, job, recorder, "diverged", error.detail, error.epoch)
    except MemoryError:
        _fail(parts, job, recorder, "out_of_memory", "the worker has not enough memory for this job")
    except NotFound as error:
        _fail(parts, job, recorder, "dataset_missing", error.detail)
    except Damaged as error:
        _fail(parts, job, recorder, "damaged", error.detail)
    except Invalid as error:
        _fail(parts, job, recorder, "internal", error.detail)
    except (Fenced, Unavailable):
        raise Fenced from None
    except Exception:
        log.exception("%s: attempt %d failed", job.id, job.attempt)
        _fail(parts, job, recorder, "internal", "the worker failed; its log says why")


def _train(prepared: Prepared, recorder: Recorder, watch: Watch) -> str | None:
    """Train and record; None when all epochs are done, else why it stopped: `cancel` or `stop`."""
    total = prepared.settings.epochs
    done = prepared.resume.epoch if prepared.resume is not None else -1
    run = train(
        prepared.network,
        prepared.settings,
        prepared.training,
        prepared.validation,
        resume=prepared.resume,
        should_stop=watch.stop,
    )
    for result in run:
        done = result.epoch
        recorder.add(result)
        if done < total and recorder.is_due() and recorder.flush() == "cancel":
            return "cancel"
    if watch.lost:
        raise Fenced
    if done == total:
        return None
    return watch.asked or "stop"


def _prepare(parts: Parts, job: JobRecord) -> Prepared:
    """Read definitions, dataset and the state to go on from, in one look; then fit, map and build."""
    with parts.database.read() as connection:
        dataset = resources.get_dataset(connection, job.dataset_name)
        other = None if job.validation_name is None else resources.get_dataset(connection, job.validation_name)
        state = epochs.load_resume_state(connection, job.number)
    array = open_rows(parts.blobs.path(dataset.address))
    rows, held_out = split(dataset.table, array, job.training)
    labels = None if job.targets["labels"] is None else tuple(job.targets["labels"])
    single = labels is not None and job.targets["outputs"] == 1
    preprocessing = fit(dataset.table, array, rows, job.training["preprocessing"], labels, single)
    network = build_network(job.network, job.training["precision"])
    resume = None if state is None else TrainingState.from_bytes(read_bytes(parts.blobs, state))
    if resume is None:
        network.initialize(job.training["seed"])
    training = MappedRows(array, dataset.table, preprocessing, rows, network.dtype)
    given = job.training.get("class_weights")
    weights = class_weights(given, labels, array, dataset.table, rows, training.sample_weights)
    settings = build_settings(job.training, preprocessing.target_scale, weights)
    preprocessing = replace(preprocessing.with_class_weights(weights), threshold=settings.loss.threshold)
    validation = None
    if held_out is not None:
        validation = MappedRows(array, dataset.table, preprocessing, held_out, network.dtype)
    elif other is not None:
        there = open_rows(parts.blobs.path(other.address))
        validation = rows_of_another(there, other.table, dataset.table, preprocessing, network.dtype)
    return Prepared(network, settings, preprocessing, training, validation, resume)


def _recorder(parts: Parts, job: JobRecord, prepared: Prepared) -> Recorder:
    return Recorder(parts, job, prepared.network.vector.nbytes, prepared.preprocessing.to_dict())


def _end(parts: Parts, job: JobRecord, prepared: Prepared, recorder: Recorder, asked: str | None) -> None:
    if asked is None:
        recorder.end(Status.SUCCEEDED, lambda connection: _add_version(connection, job, prepared, recorder))
        log.info("%s: succeeded", job.id)
    elif asked == "cancel":
        recorder.end(Status.CANCELLED)
        log.info("%s: cancelled", job.id)
    else:
        recorder.put_back()
        parts.doorbell.ring()
        log.info("%s: put back in the queue", job.id)


def _add_version(connection: Any, job: JobRecord, prepared: Prepared, recorder: Recorder) -> dict[str, Any]:
    """Make the model's next version of the chosen epoch; the job's column that names it."""
    chosen = job.training["epochs"]
    if job.training["version_epoch"] == "best" and recorder.best_epoch is not None:
        chosen = recorder.best_epoch
    stored = epochs.load_parameters(connection, job.number, chosen)
    record = epochs.get_epoch(connection, job.number, chosen)
    assert record is not None
    version = models.add_version(
        connection,
        job.model_name,
        {
            "job_id": job.id,
            "epoch": chosen,
            "network": job.network,
            "preprocessing": prepared.preprocessing.to_dict(),
            "precision": job.training["precision"],
            "record": {
                "training_loss": record.training_loss,
                "validation_loss": record.validation_loss,
                "metrics": {"training": record.training_metrics, "validation": record.validation_metrics},
            },
            "bytes": stored.bytes,
            "address": stored.address,
            "sha256": stored.sha256,
        },
    )
    return {"model_version": version}


def _fail(
    parts: Parts, job: JobRecord, recorder: Recorder | None, code: str, detail: str, epoch: int | None = None
) -> None:
    error = {"code": code, "detail": detail, "epoch": epoch}
    log.warning("%s: failed: %s: %s", job.id, code, detail)
    if recorder is not None:
        try:
            recorder.end(Status.FAILED, lambda _: {"error": error})
            return
        except (Fenced, Unavailable):
            raise
        except Exception:  # what is pending cannot be stored; that the job failed has to be
            log.exception("%s: its last epochs cannot be stored", job.id)
    with parts.database.begin() as connection:
        if not jobs.finish(connection, job, Status.FAILED, error=error):
            raise Fenced
