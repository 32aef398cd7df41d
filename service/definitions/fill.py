"""Fills in every default of a job's training, and checks that its settings are compatible."""

from collections.abc import Iterable
from typing import Any

from service.backprop.layers import Layer
from service.backprop.losses import Loss
from service.backprop.metrics import METRICS, Metric
from service.backprop.optimizers import OPTIMIZERS
from service.definitions.choices import build
from service.definitions.guessing import guess
from service.definitions.resolved import Choice, ResolvedTraining, Targets
from service.definitions.rows import RowUse
from service.definitions.schedules import check_schedule
from service.definitions.training import TrainingDefinition
from service.errors import Invalid, escaped

DEFAULT_OPTIMIZER = {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False}
BATCHES_IN_ALL = 2000  # the default length of a job with any number of rows
FEWEST_EPOCHS, MOST_EPOCHS = 10, 10_000


def fill(
    training: TrainingDefinition,
    loss: Loss,
    use: RowUse,
    targets: Targets,
    layers: list[Layer],
    seed: int,
) -> ResolvedTraining:
    """Return `training` with every default filled in, for a dataset whose rows are used as `use` says.

    Raises
    ------
    Invalid
        When its settings are not compatible.
    """
    given = training.model_dump(mode="json")
    rows, validation = use.training_rows, use.validation
    optimizer = given["optimizer"] or DEFAULT_OPTIMIZER
    batch_size = _batch_size(training, optimizer, rows, layers)
    metric_choices, metrics = _metrics(given["metrics"], targets)
    epochs = training.epochs or _epochs(-(-rows // batch_size))
    check_schedule(given["schedule"], optimizer, epochs)
    _check_smoothing(training, loss, targets)
    monitored = _monitored(metrics, validation is not None)
    early_stopping = _early_stopping(given["early_stopping"], monitored)
    for name in training.stop_when or {}:
        _check_monitored(name, monitored, f"#/training/stop_when/{escaped(name)}")
    filled = {
        "loss": loss.name if training.loss is None else given["loss"],
        "optimizer": optimizer,
        "epochs": epochs,
        "batch_size": batch_size,
        "seed": seed if training.seed is None else training.seed,
        "validation": None if validation is None else validation.model_dump(mode="json", exclude_none=True),
        "test": None if use.test is None else use.test.model_dump(mode="json", exclude_none=True),
        "metrics": metric_choices,
        "early_stopping": early_stopping,
        "version_epoch": training.version_epoch or ("last" if validation is None else "best"),
    }
    return ResolvedTraining.from_json({**given, **filled})


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


def _metrics(records: list[Choice] | None, targets: Targets) -> tuple[list[Choice], list[Metric]]:
    """Return the chosen metrics, each once, and the engine's objects for them."""
    if records is None:
        records = ["accuracy"] if targets.are_classes else ["mae", "rmse"]
    metrics: dict[str, tuple[Choice, Metric]] = {}
    for index, record in enumerate(records):
        metric: Metric = build(METRICS, record)
        if metric.for_classes and not targets.are_classes:
            detail = f"`{metric.name}` is for classes, and the targets are values: {targets.because}"
            raise Invalid.at(f"#/training/metrics/{index}", detail)
        metrics.setdefault(metric.key, (record, metric))
    return [record for record, _ in metrics.values()], [metric for _, metric in metrics.values()]


def _check_smoothing(training: TrainingDefinition, loss: Loss, targets: Targets) -> None:
    if training.label_smoothing and not (loss.smooths and targets.are_classes):
        have = loss.name if not loss.smooths else f"targets that are values: {targets.because}"
        raise Invalid.at("#/training/label_smoothing", f"needs classes and a cross-entropy, got {have}")


def _monitored(metrics: Iterable[Metric], validated: bool) -> list[str]:
    """Return the names of the losses and metrics of an epoch, which early stopping and `stop_when` may refer to."""
    measured_on = ["training", "validation"] if validated else ["training"]
    return [f"{rows}_{name}" for rows in measured_on for name in ("loss", *(metric.key for metric in metrics))]


def _early_stopping(given: dict[str, Any] | None, monitored: list[str]) -> dict[str, Any] | None:
    if given is None:
        return None
    default = "validation_loss" if "validation_loss" in monitored else "training_loss"
    monitor = default if given["monitor"] is None else given["monitor"]
    _check_monitored(monitor, monitored, "#/training/early_stopping/monitor")
    return {**given, "monitor": monitor}


def _check_monitored(name: str, monitored: list[str], pointer: str) -> None:
    if name in monitored:
        return
    if name.startswith("val") and not any(known.startswith("validation_") for known in monitored):
        detail = f"`{name}` is not measured, as this job validates on no rows; set `validation`, for example to 0.2"
        raise Invalid.at(pointer, detail)
    raise Invalid.at(pointer, f"`{name}` is not measured in this job{guess(name, monitored)}")
