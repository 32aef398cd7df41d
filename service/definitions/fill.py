"""The record of a job's training: every default filled in, every name looked up."""

from collections.abc import Iterable
from typing import Any

from service.backprop.layers import Layer
from service.backprop.losses import Loss
from service.backprop.metrics import METRICS, Metric
from service.backprop.optimizers import OPTIMIZERS
from service.definitions.choices import build
from service.definitions.training import TrainingDefinition, Validation
from service.definitions.validation import guess
from service.errors import Invalid, escaped

DEFAULT_OPTIMIZER = {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False}
BATCHES_IN_ALL = 2000  # a job's default length, whatever its rows
FEWEST_EPOCHS, MOST_EPOCHS = 10, 10_000


def fill(
    training: TrainingDefinition,
    loss: Loss,
    rows: int,
    validation: Validation | None,
    are_classes: bool,
    layers: list[Layer],
    seed: int,
) -> dict[str, Any]:
    """`training` as it is stored, for `rows` training rows; `Invalid` where its parts do not go together."""
    record = training.model_dump(mode="json")
    if training.loss is None:
        record["loss"] = loss.name
    record["optimizer"] = record["optimizer"] or DEFAULT_OPTIMIZER
    record["batch_size"] = _batch_size(training, record["optimizer"], rows, layers)
    record["epochs"] = training.epochs or _epochs(-(-rows // record["batch_size"]))
    record["metrics"], metrics = _metrics(record["metrics"], are_classes)
    record["seed"] = training.seed if training.seed is not None else seed
    record["validation"] = None if validation is None else validation.model_dump(mode="json", exclude_none=True)
    record["version_epoch"] = training.version_epoch or ("best" if validation is not None else "last")
    _check_smoothing(training, loss, are_classes)
    watchable = _watchable(metrics, validation is not None)
    _fill_early_stopping(record, watchable)
    for name in training.stop_when or {}:
        _check_watched(name, watchable, f"#/training/stop_when/{escaped(name)}")
    return record


def _epochs(batches: int) -> int:
    return min(MOST_EPOCHS, max(FEWEST_EPOCHS, BATCHES_IN_ALL // batches))


def _batch_size(training: TrainingDefinition, optimizer: dict[str, Any], rows: int, layers: list[Layer]) -> int:
    size = rows if training.batch_size == "full" else min(training.batch_size, rows)
    if build(OPTIMIZERS, optimizer).full_batch:
        if "batch_size" not in training.model_fields_set:
            return rows
        if size < rows:
            raise Invalid.at("#/training/batch_size", f'{optimizer["type"]} needs full batches: "full", got {size}')
    if size == 1 and any(layer.couples_rows for layer in layers):
        raise Invalid.at("#/training/batch_size", "must be at least 2 where a layer normalizes by the batch, got 1")
    return size


def _metrics(records: list[Any] | None, are_classes: bool) -> tuple[list[Any], list[Metric]]:
    """The metrics' records and the metrics, each once."""
    if records is None:
        records = ["accuracy"] if are_classes else ["mae", "rmse"]
    metrics: dict[str, tuple[Any, Metric]] = {}
    for index, record in enumerate(records):
        metric: Metric = build(METRICS, record)
        if metric.for_classes and not are_classes:
            raise Invalid.at(f"#/training/metrics/{index}", f"`{metric.name}` is for classes; the targets are values")
        metrics.setdefault(metric.key, (record, metric))
    return [record for record, _ in metrics.values()], [metric for _, metric in metrics.values()]


def _check_smoothing(training: TrainingDefinition, loss: Loss, are_classes: bool) -> None:
    if training.label_smoothing and not (loss.smooths and are_classes):
        have = loss.name if not loss.smooths else "targets that are values"
        raise Invalid.at("#/training/label_smoothing", f"needs classes and a cross-entropy, got {have}")


def _watchable(metrics: Iterable[Metric], validated: bool) -> list[str]:
    """What early stopping and `stop_when` may watch."""
    services = ["training", "validation"] if validated else ["training"]
    return [f"{part}_{name}" for part in services for name in ("loss", *(metric.key for metric in metrics))]


def _fill_early_stopping(record: dict[str, Any], watchable: list[str]) -> None:
    early = record["early_stopping"]
    if early is None:
        return
    if early["monitor"] is None:
        early["monitor"] = "validation_loss" if "validation_loss" in watchable else "training_loss"
    _check_watched(early["monitor"], watchable, "#/training/early_stopping/monitor")


def _check_watched(name: str, watchable: list[str], pointer: str) -> None:
    if name not in watchable:
        raise Invalid.at(pointer, f"`{name}` is not measured in this job{guess(name, watchable)}")
