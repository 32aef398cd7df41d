"""The names in Keras of this service's classes and settings: one table for each kind, used for reading and writing.

Each setting of a class is listed with Keras's name for it and Keras's default; a setting without a name in Keras (None)
always has the given value. Later entries for a class are other spellings, which are only read.
"""

from dataclasses import dataclass, field
from typing import Any

Settings = dict[str, tuple[str | None, Any]]


@dataclass(frozen=True)
class Word:
    """This service's `type` of a class, and its settings with Keras's names and defaults."""

    type: str
    settings: Settings = field(default_factory=dict)


ACTIVATIONS: dict[str, Any] = {
    "linear": "linear",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "leaky_relu": {"type": "leaky_relu", "slope": 0.2},  # the function's default; the layer's is 0.3
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "silu": "silu",
    "softplus": "softplus",
    "softsign": "softsign",
    "softmax": "softmax",
    "swish": "silu",
}

INITIALIZERS: dict[str, Word] = {
    "Zeros": Word("zeros"),
    "Constant": Word("constant", {"value": ("value", 0.0)}),
    "RandomNormal": Word("normal", {"mean": ("mean", 0.0), "stddev": ("stddev", 0.05)}),
    "RandomUniform": Word("uniform", {"minimum": ("minval", -0.05), "maximum": ("maxval", 0.05)}),
    "TruncatedNormal": Word("truncated_normal", {"mean": ("mean", 0.0), "stddev": ("stddev", 0.05)}),
    "Orthogonal": Word("orthogonal", {"gain": ("gain", 1.0)}),
    "GlorotUniform": Word("glorot_uniform"),
    "GlorotNormal": Word("glorot_normal"),
    "HeUniform": Word("he_uniform"),
    "HeNormal": Word("he_normal"),
    "LecunUniform": Word("lecun_uniform"),
    "LecunNormal": Word("lecun_normal"),
    "Ones": Word("constant", {"value": (None, 1.0)}),
    "VarianceScaling": Word("scaled"),  # the general form of those above, as Keras 2 wrote them
}

SCALED = {(1.0, "fan_avg"): "glorot", (2.0, "fan_in"): "he", (1.0, "fan_in"): "lecun"}


def _rate(default: float) -> Settings:
    return {"learning_rate": ("learning_rate", default)}


def _moments() -> Settings:
    return {**_rate(0.001), "beta1": ("beta_1", 0.9), "beta2": ("beta_2", 0.999), "epsilon": ("epsilon", 1e-7)}


AMSGRAD: Settings = {"amsgrad": ("amsgrad", False)}

OPTIMIZERS: dict[str, Word] = {
    "SGD": Word("sgd", {**_rate(0.01), "momentum": ("momentum", 0.0), "nesterov": ("nesterov", False)}),
    "Adam": Word("adam", {**_moments(), **AMSGRAD}),
    "AdamW": Word("adamw", {**_moments(), **AMSGRAD, "weight_decay": ("weight_decay", 0.004)}),
    "RMSprop": Word(
        "rmsprop",
        {
            **_rate(0.001),
            "alpha": ("rho", 0.9),
            "momentum": ("momentum", 0.0),
            "epsilon": ("epsilon", 1e-7),
            "centered": ("centered", False),
        },
    ),
    "Adagrad": Word(
        "adagrad",
        {
            **_rate(0.001),
            "decay": (None, 0.0),
            "initial": ("initial_accumulator_value", 0.1),
            "epsilon": ("epsilon", 1e-7),
        },
    ),
    "Adadelta": Word("adadelta", {**_rate(0.001), "rho": ("rho", 0.95), "epsilon": ("epsilon", 1e-7)}),
    "Adamax": Word("adamax", _moments()),
    "Nadam": Word("nadam", {**_moments(), "momentum_decay": (None, 1.0)}),  # Keras has no such setting: 0.96^t
}

LOSSES: dict[str, str] = {
    "categorical_crossentropy": "categorical_cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "mean_squared_error": "mean_squared_error",
    "mean_absolute_error": "mean_absolute_error",
    "huber": "huber",
    "hinge": "hinge",
    "sparse_categorical_crossentropy": "categorical_cross_entropy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "bce": "binary_cross_entropy",
}

METRICS: dict[str, str] = {
    "accuracy": "accuracy",
    "TopKCategoricalAccuracy": "top_k_accuracy",
    "MeanAbsoluteError": "mae",
    "RootMeanSquaredError": "rmse",
    "R2Score": "r2",
    "acc": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "binary_accuracy": "accuracy",
    "SparseTopKCategoricalAccuracy": "top_k_accuracy",
    "mae": "mae",
}
