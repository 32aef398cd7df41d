"""Results of a job that succeeded: its model's version, measured on test rows, and a confusion matrix of classes."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from service.backprop.arrays import IndexArray
from service.backprop.metrics import ConfusionMatrix
from service.backprop.network import Network
from service.backprop.training.accumulators import Measures
from service.backprop.training.evaluator import Evaluator, evaluate
from service.backprop.training.row_weights import Weighing
from service.backprop.training.settings import TrainingSettings
from service.definitions.build import build_network
from service.definitions.decisions import threshold_of
from service.jobs.fitted import with_ranges
from service.services import Services
from service.store import models
from service.store.blobs.placement import read as read_bytes
from service.store.blobs.placement import size_of
from service.store.database import Connection
from service.store.epochs import epochs
from service.store.records import JobRecord
from workers.run.prepare import Prepared
from workers.run.recorder import Recorder

MOST_CLASSES = 100  # a larger matrix is of no use to a reader
MOST_TRAINING_ROWS = 10_000  # counted when there are no validation rows: as many as epoch 0 is evaluated on


def version_epoch(job: JobRecord, recorder: Recorder) -> int:
    """Return the epoch whose parameters become the model's version."""
    last, best = recorder.last_epoch, recorder.best.number
    assert last is not None
    return best if job.training.version_epoch == "best" and best is not None else last


def confusion_matrix(
    services: Services, job: JobRecord, prepared: Prepared, recorder: Recorder, check: Callable[[], None]
) -> dict[str, Any] | None:
    """Return the confusion matrix of the version's epoch: a row for each true class, a column for each predicted one.

    It is counted on the validation rows or, without any, on at most `MOST_TRAINING_ROWS` evenly spaced training rows.
    Returns None when targets are values, and when there are more than `MOST_CLASSES` classes. `check` is called before
    each block of rows, and may raise.
    """
    labels = _counted_labels(prepared)
    if labels is None:
        return None
    epoch, settings = version_epoch(job, recorder), _deciding(job, prepared)
    measures = Measures(settings.loss, (ConfusionMatrix(),), settings.reading)
    evaluator = Evaluator(network_at(services, job, recorder, epoch), measures, Weighing(settings.loss))
    stops = partial(_goes_on, check)
    if prepared.validation is not None:
        tally = evaluator.evaluate(prepared.validation, should_stop=stops)
    else:
        tally = evaluator.evaluate(prepared.training, _evenly(len(prepared.training)), stops)
    assert tally is not None
    return {
        "epoch": epoch,
        "rows": "training" if prepared.validation is None else "validation",
        "classes": labels,
        "counts": tally.memories[0].tolist(),
    }


def measured_test(
    services: Services, job: JobRecord, prepared: Prepared, recorder: Recorder, check: Callable[[], None]
) -> dict[str, Any] | None:
    """Return the loss, the metrics and the confusion matrix of the version's epoch on the test rows, if there are any.

    `check` is called before each block of rows, and may raise.
    """
    if prepared.test is None:
        return None
    epoch, labels = version_epoch(job, recorder), _counted_labels(prepared)
    network = network_at(services, job, recorder, epoch)
    found = evaluate(network, _deciding(job, prepared), prepared.test, labels is not None, partial(_goes_on, check))
    assert found is not None
    matrix = None
    if labels is not None and found.counts is not None:
        matrix = {"classes": labels, "counts": found.counts.tolist()}
    return {
        "epoch": epoch,
        "dataset": None if job.test is None else job.test.name,
        "dataset_version": None if job.test is None else job.test.version,
        "rows": len(prepared.test),
        "loss": _finite(found.loss),
        "metrics": {name: _finite(value) for name, value in found.metrics.items()},
        "confusion_matrix": matrix,
    }


def _deciding(job: JobRecord, prepared: Prepared) -> TrainingSettings:
    """Return the job's settings, with outputs read as its version reads them."""
    settings = prepared.settings
    return replace(settings, reading=replace(settings.reading, decision=threshold_of(job.decision)))


def _counted_labels(prepared: Prepared) -> list[str | int] | None:
    """Return the classes of a confusion matrix; None for values, and for more than `MOST_CLASSES` classes."""
    labels = prepared.preprocessing.labels
    return None if labels is None or len(labels) > MOST_CLASSES else list(labels)


def network_at(services: Services, job: JobRecord, recorder: Recorder, epoch: int) -> Network:
    """Return the job's network as it was after an epoch."""
    network = build_network(job.network, job.training.precision)
    network.load(recorder.bytes_of(epoch) or _stored_bytes(services, job, epoch))
    return network


def _goes_on(check: Callable[[], None]) -> bool:
    """Call `check`, which raises when the run is to stop; return False, so that the evaluation continues."""
    check()
    return False


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _evenly(rows: int) -> IndexArray:
    """Return at most `MOST_TRAINING_ROWS` evenly spaced indices of rows, as rows may be sorted by their class."""
    count = min(rows, MOST_TRAINING_ROWS)
    return np.arange(count, dtype=np.intp) * rows // count


def _stored_bytes(services: Services, job: JobRecord, epoch: int) -> bytes:
    with services.database.read() as connection:
        stored = epochs.load_parameters(connection, job.number, epoch)
    return read_bytes(services.blobs, stored)


def add_version(
    connection: Connection, job: JobRecord, prepared: Prepared, recorder: Recorder, test: dict[str, Any] | None
) -> dict[str, Any]:
    """Insert the model's next version with the chosen epoch; return the job's columns about it.

    `test` is what it was measured to be on the test rows.
    """
    chosen = version_epoch(job, recorder)
    stored = epochs.load_parameters(connection, job.number, chosen)
    record = epochs.get_epoch(connection, job.number, chosen)
    assert record is not None
    version = models.add_version(
        connection,
        job.model_name,
        listed=job.model_name != job.id,
        values={
            "job_id": job.id,
            "decision": job.decision,
            "dataset_name": job.dataset.name,
            "dataset_version": job.dataset.version,
            "epoch": chosen,
            "network": job.network,
            "preprocessing": with_ranges(connection, prepared.preprocessing, job.dataset).to_dict(),
            "precision": job.training.precision,
            "record": record.measured,
            "test": test,
            "bytes": stored.bytes,
            "address": stored.address,
            "sha256": stored.sha256,
            "size": size_of(recorder.writer.services.blobs, stored),
        },
    )
    return {"model_version": version, "tested": test}
