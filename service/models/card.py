"""Makes the card of a version of a model from what is stored of it, of its job, and of its dataset."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from service.definitions.decisions import DecisionAnswer
from service.definitions.network import describe
from service.definitions.resolved import ResolvedTraining
from service.definitions.training_answers import TrainingAnswer
from service.definitions.training_parts import HeldOut
from service.errors import NotFound
from service.jobs.answers import EpochMetrics
from service.jobs.fitted import read_fitted
from service.jobs.held_out_answers import TestAnswer, TestMatrixAnswer
from service.jobs.replay_answers import ReplayDifference
from service.models.card_answers import (
    CardAnswer,
    CardClassesAnswer,
    CardDataAnswer,
    CardEpochAnswer,
    CardForkAnswer,
    CardReplayAnswer,
    ClassAnswer,
    SplitAnswer,
)
from service.models.references import Wanted
from service.models.signature import example, signature
from service.preprocessing.fit import Preprocessing
from service.services import Services
from service.store import datasets, models
from service.store.aliases import aliases_of
from service.store.database import Connection
from service.store.epoch_records import EpochRecord
from service.store.epochs import sampling
from service.store.jobs import jobs
from service.store.model_records import Origin, VersionRecord
from service.store.records import DatasetRecord, JobRecord

CURVE_POINTS = 20


@dataclass(frozen=True)
class Sources:
    """What is stored about a version; None for what is gone, or was never there."""

    job: JobRecord | None
    dataset: DatasetRecord | None
    epochs: list[EpochRecord] | None
    replay: JobRecord | None


def card(services: Services, name: str, wanted: Wanted | None) -> CardAnswer:
    """Return the card of a version, given by its number or an alias; None means what the model's name alone means."""
    with services.database.read(snapshot=True) as connection:
        version = models.load_version(connection, name, wanted)
        fitted = read_fitted(connection, version.job_id, version.preprocessing)
        aliases, found = aliases_of(connection, name, version.version), _sources(connection, version)
    job, described = found.job, describe(version.network)
    taken, record = signature(version.network, fitted), version.record
    return {
        "object": "model_card",
        "model": name,
        "version": version.version,
        "aliases": aliases,
        "created_at": version.created_at,
        "sha256": version.sha256,
        "origin": Origin(version.origin),
        "job": version.job_id,
        "epoch": version.epoch,
        "forked_from": _forked_from(job),
        "network": {
            "layers": [_without_arrays(layer) for layer in described["layers"]],
            "parameters": described["parameters"],
            "precision": version.precision,
        },
        "data": _data(version, found),
        "inputs": taken["inputs"],
        "outputs": taken["outputs"],
        "decision": cast(DecisionAnswer | None, version.decision),
        "training": None if job is None else _training(job, fitted),
        "curve": None if found.epochs is None else [_point(epoch) for epoch in found.epochs],
        "metrics": cast(EpochMetrics, record["metrics"]),
        "training_loss": record["training_loss"],
        "validation_loss": record["validation_loss"],
        "test": cast(TestAnswer | None, version.test),
        "by_class": _by_class(version, job),
        "replay": _replay(found.replay),
        "example": example(fitted),
        "predict": f"/v1/models/{name}/versions/{version.version}:predict",
        "gone": _gone(version, found),
    }


def _sources(connection: Connection, version: VersionRecord) -> Sources:
    job = dataset = replay = points = None
    if version.job_id is not None:
        with suppress(NotFound):
            job = jobs.get_job(connection, version.job_id)
    if job is not None:
        points = sampling.sampled_epochs(connection, job.number, CURVE_POINTS)
        replay = jobs.newest_replay(connection, job.id)
        with suppress(NotFound):
            dataset = datasets.get_dataset(connection, job.dataset.reference)
    return Sources(job, dataset, points, replay)


def _gone(version: VersionRecord, found: Sources) -> list[str]:
    if version.job_id is None:
        return ["The parameters were sent by a client, so how they were trained, and on what, is not known."]
    if found.job is None:
        return [
            f"Job {version.job_id} was deleted, and with it its settings, its curve, the split of rows, and replays."
        ]
    if found.dataset is None:
        return ["The dataset was deleted, so how many rows and columns it had is not known."]
    return []


def _without_arrays(layer: dict[str, Any]) -> dict[str, Any]:
    """Return a layer without the weights and biases that its definition may hold."""
    return {name: value for name, value in layer.items() if name not in ("weights", "biases")}


def _forked_from(job: JobRecord | None) -> CardForkAnswer | None:
    if job is None or job.forked_from is None:
        return None
    return {"job": job.forked_from.job, "epoch": job.forked_from.epoch}


def _data(version: VersionRecord, found: Sources) -> CardDataAnswer:
    table = None if found.dataset is None else found.dataset.table
    training, validation = (None, None) if table is None else _rows(version, found.job, table.rows)
    return {
        "dataset": version.dataset_name,
        "dataset_version": version.dataset_version,
        "sha256": None if table is None else table.sha256,
        "rows": None if table is None else table.rows,
        "columns": None if table is None else len(table.columns),
        "training_rows": training,
        "validation_rows": validation,
        "test_rows": None if version.test is None else version.test["rows"],
        "split": None if found.job is None else _split(found.job.training),
    }


def _training(job: JobRecord, fitted: Preprocessing) -> TrainingAnswer:
    """Return the settings of a job; what `auto` became of columns stands in its place."""
    became = {"numbers": fitted.numbers, "targets": fitted.target_values, "missing": fitted.missing}
    return cast(TrainingAnswer, {**job.training.filled(), "preprocessing": became})


def _split(training: ResolvedTraining) -> SplitAnswer:
    said = training.to_json()
    return cast(SplitAnswer, {part: said.get(part) for part in ("rows", "validation", "test")})


def _rows(version: VersionRecord, job: JobRecord | None, total: int) -> tuple[int | None, int | None]:
    """Return how many rows of the dataset trained and how many validated; None where that cannot be told.

    The sizes of shares drawn from each class, and of those of forks, are known only from what was counted on them.
    """
    if job is None:
        return None, None
    splitting = job.splitting
    left: int | None = sum(last - first for first, last in splitting.training_ranges(total))
    if splitting.test is not None and splitting.test.fraction is not None:
        tested = job.tested["rows"] if job.tested is not None else _share(left, splitting.test)
        left = None if tested is None or left is None or splitting.test_from is not None else left - tested
    part = splitting.validation
    if part is None or part.dataset is not None:
        return left, None
    if part.rows is not None:
        return left, part.rows[1] - part.rows[0]
    matrix = job.confusion_matrix
    if matrix is not None and matrix["rows"] == "validation":
        validated: int | None = sum(map(sum, matrix["counts"]))
    else:
        validated = _share(left, part)
    return None if left is None or validated is None else left - validated, validated


def _share(rows: int | None, part: HeldOut) -> int | None:
    return None if rows is None or part.stratify or part.fraction is None else round(rows * part.fraction)


def _point(epoch: EpochRecord) -> CardEpochAnswer:
    return cast(CardEpochAnswer, {"epoch": epoch.epoch, **epoch.measured})


def _by_class(version: VersionRecord, job: JobRecord | None) -> CardClassesAnswer | None:
    """Return the confusion matrix of the version on test rows, else the one that its job counted for it."""
    matrix, measured_on = None, "test"
    if version.test is not None:
        matrix = version.test["confusion_matrix"]
    if matrix is None and job is not None and job.confusion_matrix is not None:
        counted = job.confusion_matrix
        if counted["epoch"] == version.epoch and job.decision == version.decision:
            matrix, measured_on = counted, counted["rows"]
    if matrix is None:
        return None
    labels, counts = matrix["classes"], matrix["counts"]
    return {
        "measured_on": measured_on,
        "confusion_matrix": cast(TestMatrixAnswer, {"classes": labels, "counts": counts}),
        "classes": [_class(label, at, counts) for at, label in enumerate(labels)],
    }


def _class(label: str | int, at: int, counts: list[list[int]]) -> ClassAnswer:
    """Return precision, recall and F1 of a class from a matrix with a row for each true class."""
    right, true, predicted = counts[at][at], sum(counts[at]), sum(row[at] for row in counts)
    return {
        "label": label,
        "precision": right / predicted if predicted else None,
        "recall": right / true if true else None,
        "f1": 2 * right / (true + predicted) if true + predicted else None,
        "support": true,
    }


def _replay(job: JobRecord | None) -> CardReplayAnswer | None:
    if job is None or job.replay is None:
        return None
    verdict = job.replay
    return {
        "job": job.id,
        "through": verdict.through,
        "identical": verdict.identical,
        "first_difference": cast(ReplayDifference | None, verdict.first_difference),
    }
