"""Builds the engine's objects from validated definitions."""

from typing import Any

from service.backprop.arrays import FloatArray
from service.backprop.layers import LAYERS, Layer
from service.backprop.losses import LOSSES, Loss
from service.backprop.metrics import METRICS, Metric
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.readings import Reading
from service.backprop.regularization import Regularization
from service.backprop.schedules import SCHEDULES
from service.backprop.training.kernels import NUMPY
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.stopping import EarlyStopping, Stopping
from service.definitions.choices import build
from service.definitions.resolved import ResolvedTraining


def build_network(definition: dict[str, Any], precision: str) -> Network:
    """Return a network of a normalised definition whose `inputs` and `layers` are known; its parameters are all 0."""
    return Network(definition["inputs"], engine_layers(definition), precision)


def engine_layers(definition: dict[str, Any]) -> list[Layer]:
    """Return the engine's layers of a normalised definition; nothing is allocated."""
    return [build(LAYERS, layer) for layer in definition["layers"]]


def build_settings(
    training: ResolvedTraining,
    target_scale: FloatArray | None,
    class_weights: FloatArray | None = None,
    threads: int = 1,
    kernels: str = NUMPY,
    draws_from: int = 0,
    low: float = 0.0,
) -> TrainingSettings:
    """Return the engine's settings of a job's resolved training.

    Parameters
    ----------
    target_scale
        (outputs,), converts outputs into the targets' own units.
    class_weights
        (classes,), or None.
    draws_from
        The epoch number that random draws use for epoch 0.
    low
        What a single output is trained towards for the first of two classes: 0, or -1, with 0 halfway to the second.
    """
    loss: Loss = build(LOSSES, training.loss)
    metrics: tuple[Metric, ...] = tuple(build(METRICS, metric) for metric in training.metrics)
    return TrainingSettings(
        loss=loss,
        optimizer=build(OPTIMIZERS, training.optimizer),
        epochs=training.epochs,
        batch_size=training.batch_size,
        shuffle=training.shuffle,
        seed=training.seed,
        metrics=metrics,
        reading=Reading(0.0 if low < 0 else loss.threshold, target_scale),
        threads=threads,
        class_weights=class_weights,
        label_smoothing=training.label_smoothing,
        regularization=_regularization(training),
        schedule=None if training.schedule is None else build(SCHEDULES, training.schedule),
        stopping=_stopping(training, metrics),
        kernels=kernels,
        draws_from=draws_from,
        keeps_states=training.store_parameters.optimizer_state,
    )


def _regularization(training: ResolvedTraining) -> Regularization:
    chosen, clipping = training.regularization, training.gradient_clipping
    return Regularization(
        l1=chosen.l1,
        l2=chosen.l2,
        max_norm=chosen.max_norm,
        clip_norm=None if clipping is None else clipping.norm,
        clip_value=None if clipping is None else clipping.value,
    )


def _stopping(training: ResolvedTraining, metrics: tuple[Metric, ...]) -> Stopping:
    return Stopping(_early_stopping(training), tuple((training.stop_when or {}).items()), metrics)


def _early_stopping(training: ResolvedTraining) -> EarlyStopping | None:
    chosen = training.early_stopping
    if chosen is None:
        return None
    assert chosen.monitor is not None  # it is filled in when the job is resolved
    return EarlyStopping(chosen.monitor, chosen.patience, chosen.min_delta)
