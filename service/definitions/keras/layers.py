"""Reads Keras's layers: one function for each class, from its settings to a tree of this service's record."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from service.definitions.guessing import show
from service.definitions.keras.inputs import OF_INPUTS
from service.definitions.keras.pieces import Piece
from service.definitions.keras.words import ACTIVATIONS, INITIALIZERS, SCALED, Word

Tree = dict[str, Any]
SHARED = ("name", "trainable", "dtype", "autocast", *OF_INPUTS)  # those of inputs count in the first layer alone
LAST_AXIS = (-1, 1, [-1], [1])
SEEDED = "must be null, as a job has one `seed` for all that it draws"
ALWAYS = "here it always is"
NORMAL = ("truncated_normal", "untruncated_normal", "normal")


def dense(config: Piece) -> Tree:
    # penalties and bounds of weights belong to the training; `sequential` reads them
    config.nothing_but(
        *SHARED,
        *("units", "activation", "use_bias", "kernel_initializer", "bias_initializer"),
        *("kernel_regularizer", "kernel_constraint"),
    )
    config.not_null("use_bias", "bias_initializer")
    config["use_bias"].must_be(True, why="biases cannot be left out here")
    return {
        "type": "dense",
        "units": config["units"],
        "activation": activation(config["activation"]),
        "initializer": initializer(config.get("kernel_initializer", "GlorotUniform")),
        "bias_initializer": initializer(config.get("bias_initializer", "Zeros")),
    }


def activation_layer(config: Piece) -> Tree:
    config.nothing_but(*SHARED, "activation")
    return {"type": "activation", "activation": activation(config["activation"])}


def dropout(config: Piece) -> Tree:
    config.nothing_but(*SHARED, "rate", "seed")
    if config["seed"].is_there:
        config["seed"].refuse(SEEDED)
    return {"type": "dropout", "rate": config["rate"].with_value(config["rate"].number())}


def batch_normalization(config: Piece) -> Tree:
    moving = ("moving_mean_initializer", "moving_variance_initializer")
    _normalization(config, "momentum", *moving, "renorm_momentum", "synchronized")
    _starts_at(config[moving[0]], 0.0)
    _starts_at(config[moving[1]], 1.0)
    momentum = config.get("momentum", 0.99)
    ours = 1 - Decimal(repr(momentum.number()))  # in decimals, so that 0.99 gives 0.01
    return {
        "type": "batch_normalization",
        "momentum": momentum.with_value(float(ours)),
        "epsilon": config.get("epsilon", 0.001),
    }


def layer_normalization(config: Piece) -> Tree:
    _normalization(config)
    return {"type": "layer_normalization", "epsilon": config.get("epsilon", 0.001)}


def _normalization(config: Piece, *more: str) -> None:
    """Refuse what neither kind of normalization supports."""
    config.nothing_but(*SHARED, "axis", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer", *more)
    config.not_null("center", "scale")
    config["axis"].must_be(*LAST_AXIS)
    config["center"].must_be(True, why=ALWAYS)
    config["scale"].must_be(True, why=ALWAYS)
    _starts_at(config["beta_initializer"], 0.0)
    _starts_at(config["gamma_initializer"], 1.0)


def _starts_at(piece: Piece, value: float) -> None:
    if not piece.is_there:
        return
    found = initializer(piece)
    start = found["value"] if found["type"] == "constant" else 0.0 if found["type"] == "zeros" else None
    if (start.value if isinstance(start, Piece) else start) != value:
        piece.refuse(f"must start at {value:g}, as it always does here")


def activation(piece: Piece) -> Any:
    """Read an activation, given by its function's name or as a layer."""
    if not piece.is_there:
        return "linear"
    name, config = piece.named()
    if isinstance(piece.value, dict) and piece["class_name"].value != "function":
        check_trainable(config)
        return name.choose(ACTIVATION_LAYERS, "activation")(config)
    return name.with_value(name.choose(ACTIVATIONS, "activation"))


def _relu(config: Piece) -> Any:
    config.nothing_but(*SHARED, "negative_slope", "max_value")
    if config["max_value"].is_there:  # also 0, which makes every output 0
        config["max_value"].refuse("is not supported, as outputs are not bounded from above here; it must be null")
    slope = config.get("negative_slope", 0.0)
    return "relu" if slope.number() == 0 else {"type": "leaky_relu", "slope": slope}


def _leaky_relu(config: Piece) -> Any:
    config.nothing_but(*SHARED, "negative_slope", "alpha")
    slope = config["alpha"] if config["alpha"].is_there else config.get("negative_slope", 0.3)
    return {"type": "leaky_relu", "slope": slope}


def _elu(config: Piece) -> Any:
    config.nothing_but(*SHARED, "alpha")
    return {"type": "elu", "alpha": config.get("alpha", 1.0)}


def _softmax(config: Piece) -> Any:
    config.nothing_but(*SHARED, "axis")
    config["axis"].must_be(*LAST_AXIS)
    return "softmax"


ACTIVATION_LAYERS: dict[str, Callable[[Piece], Any]] = {
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "Softmax": _softmax,
}


def initializer(piece: Piece) -> Tree:
    """Read an initializer of weights or biases."""
    name, config = piece.named()
    word = name.choose(INITIALIZERS, "initializer")
    if config["seed"].is_there:
        config["seed"].refuse(SEEDED)
    if word.type == "scaled":
        return _scaled(name, config)
    config.nothing_but(*(key for key, _ in word.settings.values() if key is not None))
    return settings_of(word, config)


def settings_of(word: Word, config: Piece) -> Tree:
    """Return this service's record of a word, with each setting as given or Keras's default."""
    values = {
        ours: default if key is None else config.get(key, default) for ours, (key, default) in word.settings.items()
    }
    return {"type": word.type, **values}


def _scaled(name: Piece, config: Piece) -> Tree:
    """Read VarianceScaling as the Glorot, He or LeCun initializer that it equals."""
    config.nothing_but("scale", "mode", "distribution")
    scale, mode = config.get("scale", 1.0).number(), config.get("mode", "fan_in").value
    kin = SCALED.get((scale, mode)) if isinstance(mode, str) else None
    if kin is None:
        name.refuse(f"with scale {scale:g} and mode {show(mode)} is none of the Glorot, He and LeCun initializers")
    shape = config.get("distribution", "truncated_normal")
    shape.must_be("uniform", *NORMAL)
    return {"type": f"{kin}_{'uniform' if shape.value == 'uniform' else 'normal'}"}


def _by_itself(read: Callable[[Piece], Any]) -> Callable[[Piece], Tree]:
    """Return a reader for a layer that only applies an activation."""
    return lambda config: {"type": "activation", "activation": read(config)}


def _flatten(config: Piece) -> None:
    config.nothing_but(*SHARED, "data_format")
    config["data_format"].must_be("channels_last", why="the values of a row stay in their order here")


def _identity(config: Piece) -> Tree:
    config.nothing_but(*SHARED)
    return {"type": "activation", "activation": "linear"}


def _input(config: Piece) -> None:
    """Return no layer: `inputs` reads what an InputLayer says."""


LAYERS: dict[str, Callable[[Piece], Tree | None]] = {
    "Dense": dense,
    "Activation": activation_layer,
    "Dropout": dropout,
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    **{name: _by_itself(read) for name, read in ACTIVATION_LAYERS.items()},
    "Identity": _identity,
    "Flatten": _flatten,
    "InputLayer": _input,
}


def layer_of(piece: Piece) -> Callable[[Piece], Tree | None]:
    """Return the reader of a layer."""
    name, config = piece.named()
    check_trainable(config)
    return name.choose(LAYERS, "layer")


def check_trainable(config: Piece) -> None:
    config["trainable"].must_be(True, why="every layer is trained here")
