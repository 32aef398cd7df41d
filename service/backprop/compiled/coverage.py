"""The coverage of the compiled steps, declared by name. NumPy computes every run that has anything else.

Every setting of a layer, activation, loss, optimizer, regularization and of the training itself has to be declared
here, in one of two ways: as handled at any value, or as unused, with the value that has no effect. A setting that is
added elsewhere is not declared, so the compiled steps decline the run.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import LAYERS, Layer
from service.backprop.losses import LOSSES
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.registry import Registry
from service.backprop.training.numpy_steps import RunSpec
from service.backprop.training.settings import TrainingSettings

Declared = dict[str, frozenset[str]]  # the handled settings by the name of the class that has them

COVERED_LAYERS: Declared = {
    "dense": frozenset({"units", "activation", "initializer", "bias_initializer", "weights", "biases"}),
}
COVERED_ACTIVATIONS: Declared = {
    "linear": frozenset(),
    "sigmoid": frozenset(),
    "tanh": frozenset(),
    "relu": frozenset(),
    "leaky_relu": frozenset({"slope"}),
    "elu": frozenset({"alpha"}),
    "selu": frozenset(),
    "gelu": frozenset(),
    "silu": frozenset(),
    "softplus": frozenset(),
    "softsign": frozenset(),
    "softmax": frozenset(),
}
COVERED_LOSSES: Declared = {
    "quadratic": frozenset(),
    "mean_squared_error": frozenset(),
    "mean_absolute_error": frozenset(),
    "huber": frozenset({"delta"}),
    "cross_entropy": frozenset(),
    "binary_cross_entropy": frozenset(),
    "categorical_cross_entropy": frozenset(),
    "hinge": frozenset(),
}
COVERED_OPTIMIZERS: Declared = {
    "sgd": frozenset({"learning_rate", "momentum", "nesterov"}),
    "adam": frozenset({"learning_rate", "beta1", "beta2", "epsilon", "amsgrad"}),
    "adamw": frozenset({"learning_rate", "beta1", "beta2", "epsilon", "amsgrad", "weight_decay"}),
}
REGULARIZATION = frozenset({"l1", "l2"})
REGULARIZATION_UNUSED = {"max_norm": None, "clip_norm": None, "clip_value": None}
TRAINING = frozenset(
    {
        *("loss", "optimizer", "regularization", "schedule", "stopping"),
        *("epochs", "batch_size", "shuffle", "seed", "draws_from", "keeps_states"),
        *("metrics", "reading", "threads", "kernels"),
    }
)
TRAINING_UNUSED = {"class_weights": None, "label_smoothing": 0.0}


def covers(spec: RunSpec) -> bool:
    """Return whether the compiled steps cover everything that a run uses."""
    layers = [placed.layer for placed in spec.network.layers]
    return covers_settings(layers, spec.settings) and spec.rows.sample_weights is None


def covers_settings(layers: Sequence[Layer], settings: TrainingSettings) -> bool:
    """Return whether they cover these layers and settings, for rows without weights."""
    return (
        all(_is_declared(layer, LAYERS, COVERED_LAYERS) for layer in layers)
        and all(_is_declared(layer.last_activation(), ACTIVATIONS, COVERED_ACTIVATIONS) for layer in layers)
        and _is_declared(settings.optimizer, OPTIMIZERS, COVERED_OPTIMIZERS)
        and _is_declared(settings.loss, LOSSES, COVERED_LOSSES)
        and _has_only(settings.regularization, REGULARIZATION, REGULARIZATION_UNUSED)
        and _has_only(settings, TRAINING, TRAINING_UNUSED)
    )


def _is_declared(choice: Any, registry: Registry[Any], declared: Declared) -> bool:
    """Return whether a choice has the class that is registered under its name, and only declared settings."""
    if choice is None or choice.name not in declared or type(choice) is not registry[choice.name]:
        return False
    return _has_only(choice, declared[choice.name], {})


def _has_only(choice: Any, handled: frozenset[str], unused: dict[str, Any]) -> bool:
    """Return whether all fields are `handled`, or `unused` with the value that has no effect."""
    names = {field.name for field in fields(choice)} - handled
    return names <= unused.keys() and all(_is_unused(getattr(choice, name), unused[name]) for name in names)


def _is_unused(value: Any, idle: Any) -> bool:
    return value is None if idle is None else bool(value == idle)
