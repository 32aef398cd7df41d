"""The engine's objects from checked definitions."""

from typing import Any

import numpy as np

from service.backprop.activations import ACTIVATIONS
from service.backprop.initializers import INITIALIZERS
from service.backprop.layers import Dense
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.trainer import TrainingSettings
from service.definitions.choices import build


def build_network(definition: dict[str, Any], precision: str) -> Network:
    """A network of a normalised definition whose `inputs` and `layers` are known; its parameters are all 0."""
    layers = [
        Dense(
            units=layer["units"],
            activation=ACTIVATIONS[layer["activation"]](),
            initializer=build(INITIALIZERS, layer["initializer"]),
            bias_initializer=build(INITIALIZERS, layer["bias_initializer"]),
            weights=np.array(layer["weights"]) if "weights" in layer else None,
            biases=np.array(layer["biases"]) if "biases" in layer else None,
        )
        for layer in definition["layers"]
    ]
    return Network(definition["inputs"], layers, precision)


def build_settings(training: dict[str, Any], target_scale: Any, threads: int = 1) -> TrainingSettings:
    """The engine's settings of a job's resolved `training`."""
    return TrainingSettings(
        loss=LOSSES[training["loss"]](),
        optimizer=build(OPTIMIZERS, training["optimizer"]),
        epochs=training["epochs"],
        batch_size=training["batch_size"],
        shuffle=training["shuffle"],
        seed=training["seed"],
        metrics=tuple(METRICS[name]() for name in training["metrics"]),
        target_scale=target_scale,
        threads=threads,
    )
