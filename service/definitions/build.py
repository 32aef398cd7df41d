"""The engine's objects from checked definitions."""

from typing import Any

from service.backprop.arrays import FloatArray
from service.backprop.layers import LAYERS
from service.backprop.losses import LOSSES, Loss
from service.backprop.metrics import METRICS, Metric, Reading
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.regularization import Regularization
from service.backprop.schedules import SCHEDULES
from service.backprop.training.kernels import NUMPY
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.stopping import EarlyStopping, Stopping
from service.definitions.choices import build


def build_network(definition: dict[str, Any], precision: str) -> Network:
    """A network of a normalised definition whose `inputs` and `layers` are known; its parameters are all 0."""
    return Network(definition["inputs"], [build(LAYERS, layer) for layer in definition["layers"]], precision)


def build_settings(
    training: dict[str, Any],
    target_scale: FloatArray | None,
    class_weights: FloatArray | None = None,
    threads: int = 1,
    kernels: str = NUMPY,
    draws_from: int = 0,
) -> TrainingSettings:
    """The engine's settings of a job's resolved `training`.

    `target_scale` (outputs,) turns outputs into the targets' own units; `class_weights` (classes,) or None;
    `draws_from` is the epoch that epoch 0 counts as in draws.
    """
    loss: Loss = build(LOSSES, training["loss"])
    metrics: tuple[Metric, ...] = tuple(build(METRICS, metric) for metric in training["metrics"])
    return TrainingSettings(
        loss=loss,
        optimizer=build(OPTIMIZERS, training["optimizer"]),
        epochs=training["epochs"],
        batch_size=training["batch_size"],
        shuffle=training["shuffle"],
        seed=training["seed"],
        metrics=metrics,
        reading=Reading(loss.threshold, target_scale),
        threads=threads,
        class_weights=class_weights,
        label_smoothing=training["label_smoothing"],
        regularization=_regularization(training),
        schedule=None if training["schedule"] is None else build(SCHEDULES, training["schedule"]),
        stopping=_stopping(training, metrics),
        kernels=kernels,
        draws_from=draws_from,
        keeps_states=training["store_parameters"].get("optimizer_state", False),
    )


def _regularization(training: dict[str, Any]) -> Regularization:
    clipping = training["gradient_clipping"] or {}
    return Regularization(
        **training["regularization"], clip_norm=clipping.get("norm"), clip_value=clipping.get("value")
    )


def _stopping(training: dict[str, Any], metrics: tuple[Metric, ...]) -> Stopping:
    early = training["early_stopping"]
    return Stopping(
        None if early is None else EarlyStopping(**early),
        tuple((training["stop_when"] or {}).items()),
        metrics,
    )
