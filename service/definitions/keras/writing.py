"""Writes a network's record as Keras 3's JSON of a Sequential model, which `keras.models.model_from_json` reads.

Keras ignores keys that it does not know next to `config`. What its JSON has no place for is written there, so that the
document read here again is the same network with the same training: `weights` and `biases` next to the `config` of a
layer, and the other training defaults as `training` next to that of the model.
"""

from decimal import Decimal
from typing import Any

from service.definitions.keras.compiling import compile_config
from service.definitions.keras.objects import Json, inexpressible, keras_object, word_of
from service.definitions.keras.words import ACTIVATIONS, INITIALIZERS

LEAST_DENSE = ("use_bias", True), ("bias_regularizer", None), ("bias_constraint", None)
PRECISION = "precision"
REGULARIZATION = "regularization"


def write_sequential(name: str, record: Json) -> Json:
    """Return the document; raise `Invalid` where a part of the network has no counterpart in Keras."""
    if "layers" not in record:
        raise inexpressible("a network given by `hidden` gets its output layer from a job")
    training = dict(record.get("training", {}))
    dtype = training.pop(PRECISION, "float32")
    has_dense = any(layer["type"] == "dense" for layer in record["layers"])
    regularization = training.pop(REGULARIZATION, {}) if has_dense else {}
    layers = [] if record["inputs"] is None else [_input(record["inputs"], dtype)]
    for index, layer in enumerate(record["layers"]):
        if layer["type"] not in WRITERS:
            raise inexpressible(f"layer {index}, `{layer['type']}`, has no counterpart there")
        written = WRITERS[layer["type"]](layer, regularization)
        written["config"] = {"dtype": dtype, **written["config"]}
        layers.append(written)
    config = {"name": name, "trainable": True, "dtype": dtype, "layers": layers}
    document = keras_object("keras", "Sequential", config)
    if record["inputs"] is not None:
        config["build_input_shape"] = [None, record["inputs"]]
        document["build_config"] = {"input_shape": [None, record["inputs"]]}
    compiled, rest = compile_config(training)
    document |= {} if compiled is None else {"compile_config": compiled}
    return document | ({"training": rest} if rest else {})


def _layer(class_name: str, **config: Any) -> Json:
    return keras_object("keras.layers", class_name, config)


def _input(inputs: int, dtype: str) -> Json:
    return _layer("InputLayer", batch_shape=[None, inputs], dtype=dtype, sparse=False)


def _dense(layer: Json, regularization: Json) -> Json:
    written = _layer(
        "Dense",
        units=layer["units"],
        activation=_activation(layer["activation"]),
        kernel_initializer=_initializer(layer["initializer"]),
        bias_initializer=_initializer(layer["bias_initializer"]),
        **_of_weights(regularization),
        **dict(LEAST_DENSE),
    )
    return written | {key: layer[key] for key in ("weights", "biases") if layer.get(key) is not None}


def _of_weights(regularization: Json) -> Json:
    """Halve l2: Keras adds l2 times the sum of squares to the loss, this service half of it."""
    l1, l2 = regularization.get("l1", 0.0), regularization.get("l2", 0.0)
    if l2 / 2.0 * 2.0 != l2:
        raise inexpressible(f"half of l2 {l2!r} cannot be written exactly")
    bound = regularization.get("max_norm")
    penalties = {key: value for key, value in (("l1", l1), ("l2", l2 / 2.0)) if value}
    return {
        "kernel_regularizer": keras_object("keras.regularizers", "".join(penalties).upper(), penalties)
        if penalties
        else None,
        "kernel_constraint": None
        if bound is None
        else keras_object("keras.constraints", "MaxNorm", {"max_value": bound, "axis": 0}),
    }


def _activation(activation: str | Json) -> str | Json:
    """Return the function's name, or for one with settings that a name cannot express the layer that applies it."""
    for name, ours in ACTIVATIONS.items():
        if ours == activation:
            return name
    settings = {"type": activation} if isinstance(activation, str) else activation
    if settings["type"] == "leaky_relu":
        return _layer("LeakyReLU", negative_slope=settings.get("slope", 0.01))
    if settings["type"] == "elu":
        return _layer("ELU", alpha=settings["alpha"])
    raise inexpressible(f"activation `{settings['type']}` has no counterpart there")


def _activation_layer(layer: Json, regularization: Json) -> Json:
    activation = _activation(layer["activation"])
    return activation if isinstance(activation, dict) else _layer("Activation", activation=activation)


def _dropout(layer: Json, regularization: Json) -> Json:
    return _layer("Dropout", rate=layer["rate"], seed=None, noise_shape=None)


def _batch_normalization(layer: Json, regularization: Json) -> Json:
    momentum = float(1 - Decimal(repr(layer["momentum"])))
    if float(1 - Decimal(repr(momentum))) != layer["momentum"]:
        raise inexpressible(
            f"1 less the momentum {layer['momentum']!r} cannot be written exactly; give it fewer digits"
        )
    return _layer("BatchNormalization", axis=-1, momentum=momentum, epsilon=layer["epsilon"], center=True, scale=True)


def _layer_normalization(layer: Json, regularization: Json) -> Json:
    return _layer("LayerNormalization", axis=-1, epsilon=layer["epsilon"], center=True, scale=True)


WRITERS = {
    "dense": _dense,
    "activation": _activation_layer,
    "dropout": _dropout,
    "batch_normalization": _batch_normalization,
    "layer_normalization": _layer_normalization,
}


def _initializer(record: Json) -> Json:
    found = word_of(INITIALIZERS, record)
    if found is None:
        raise inexpressible(f"initializer `{record['type']}` has no counterpart there")
    return keras_object("keras.initializers", *found)
