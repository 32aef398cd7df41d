"""Writes a network's record as Keras 3's JSON of a Sequential model, which `keras.models.model_from_json` reads.

Such JSON does not contain weights. Training defaults are written as far as Keras's JSON can express them.
"""

from decimal import Decimal
from typing import Any

from service.definitions.keras.words import ACTIVATIONS, INITIALIZERS, LOSSES, METRICS, OPTIMIZERS, Word
from service.errors import Invalid

Json = dict[str, Any]
LEAST_DENSE = ("use_bias", True), ("bias_regularizer", None), ("bias_constraint", None)


def write_sequential(name: str, record: Json) -> Json:
    """Return the document; raise `Invalid` where a part of the network has no counterpart in Keras."""
    if "layers" not in record:
        raise unsaid("a network given by `hidden` gets its output layer from a job")
    training = record.get("training", {})
    layers = [] if record["inputs"] is None else [_input(record["inputs"])]
    for index, layer in enumerate(record["layers"]):
        layers += WRITERS[layer["type"]](layer, training) if layer["type"] in WRITERS else _unknown(index, layer)
    config = {"name": name, "trainable": True, "layers": layers}
    document = _object("keras", "Sequential", config)
    if record["inputs"] is not None:
        config["build_input_shape"] = [None, record["inputs"]]
        document["build_config"] = {"input_shape": [None, record["inputs"]]}
    compiled = _compiled(training)
    return document if compiled is None else {**document, "compile_config": compiled}


def unsaid(detail: str) -> Invalid:
    return Invalid.at("?format", f"cannot be keras: {detail}")


def _unknown(index: int, layer: Json) -> list[Json]:
    raise unsaid(f"layer {index}, `{layer['type']}`, has no counterpart there")


def _object(module: str, class_name: str, config: Json) -> Json:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def _layer(class_name: str, **config: Any) -> Json:
    return _object("keras.layers", class_name, config)


def _input(inputs: int) -> Json:
    return _layer("InputLayer", batch_shape=[None, inputs], dtype="float32", sparse=False)


def _dense(layer: Json, training: Json) -> list[Json]:
    name, separate = _activation(layer["activation"])
    written = _layer(
        "Dense",
        units=layer["units"],
        activation=name,
        kernel_initializer=_initializer(layer["initializer"]),
        bias_initializer=_initializer(layer["bias_initializer"]),
        **_of_weights(training.get("regularization", {})),
        **dict(LEAST_DENSE),
    )
    return [written, *separate]


def _of_weights(regularization: Json) -> Json:
    """Halve l2: Keras adds l2 times the sum of squares to the loss, this service half of it."""
    l1, l2 = regularization.get("l1", 0.0), regularization.get("l2", 0.0) / 2.0
    bound = regularization.get("max_norm")
    penalties = {key: value for key, value in (("l1", l1), ("l2", l2)) if value}
    return {
        "kernel_regularizer": _object("keras.regularizers", "".join(penalties).upper(), penalties)
        if penalties
        else None,
        "kernel_constraint": None
        if bound is None
        else _object("keras.constraints", "MaxNorm", {"max_value": bound, "axis": 0}),
    }


def _activation(activation: str | Json) -> tuple[str, list[Json]]:
    """Return the function's name, or `linear` and a layer of its own if it has settings that a name cannot express."""
    for name, ours in ACTIVATIONS.items():
        if ours == activation:
            return name, []
    if isinstance(activation, dict) and activation["type"] == "leaky_relu":
        return "linear", [_layer("LeakyReLU", negative_slope=activation["slope"])]
    if activation == "leaky_relu":
        return "linear", [_layer("LeakyReLU", negative_slope=0.01)]
    if isinstance(activation, dict) and activation["type"] == "elu":
        return "linear", [_layer("ELU", alpha=activation["alpha"])]
    shown = activation if isinstance(activation, str) else activation["type"]
    raise unsaid(f"activation `{shown}` has no counterpart there")


def _activation_layer(layer: Json, training: Json) -> list[Json]:
    name, separate = _activation(layer["activation"])
    return separate or [_layer("Activation", activation=name)]


def _dropout(layer: Json, training: Json) -> list[Json]:
    return [_layer("Dropout", rate=layer["rate"], seed=None, noise_shape=None)]


def _batch_normalization(layer: Json, training: Json) -> list[Json]:
    momentum = float(1 - Decimal(repr(layer["momentum"])))
    return [_layer("BatchNormalization", axis=-1, momentum=momentum, epsilon=layer["epsilon"], center=True, scale=True)]


def _layer_normalization(layer: Json, training: Json) -> list[Json]:
    return [_layer("LayerNormalization", axis=-1, epsilon=layer["epsilon"], center=True, scale=True)]


WRITERS = {
    "dense": _dense,
    "activation": _activation_layer,
    "dropout": _dropout,
    "batch_normalization": _batch_normalization,
    "layer_normalization": _layer_normalization,
}


def _initializer(record: Json) -> Json:
    found = _word(INITIALIZERS, record)
    if found is None:
        raise unsaid(f"initializer `{record['type']}` has no counterpart there")
    return _object("keras.initializers", *found)


def _word(words: dict[str, Word], record: Json) -> tuple[str, Json] | None:
    """Return Keras's name and settings of a record; None where it has a setting that Keras lacks."""
    for name, word in words.items():
        if word.type == record["type"]:
            fixed = all(record[ours] == value for ours, (key, value) in word.settings.items() if key is None)
            said = {key: record[ours] for ours, (key, _) in word.settings.items() if key is not None}
            return (name, said) if fixed else None
    return None


def _compiled(training: Json) -> Json | None:
    """Return optimizer, loss and metrics; nothing without an optimizer, as Keras would choose another one."""
    found = _word(OPTIMIZERS, training["optimizer"]) if training.get("optimizer") else None
    if found is None:
        return None
    clipping = training.get("gradient_clipping") or {}
    bounds = {"global_clipnorm": clipping.get("norm"), "clipvalue": clipping.get("value")}
    return {
        "optimizer": _object("keras.optimizers", found[0], {**found[1], **bounds}),
        "loss": _loss(training),
        "metrics": [name for metric in training.get("metrics") or [] if (name := _metric(metric)) is not None],
    }


def _loss(training: Json) -> Json | str | None:
    """Return a loss with settings as an object: Keras reads its delta, though it writes none itself."""
    loss = training.get("loss")
    settings = {} if loss is None or isinstance(loss, str) else {k: v for k, v in loss.items() if k != "type"}
    name = next((name for name, ours in LOSSES.items() if ours == _type(loss)), None)
    if training.get("label_smoothing") and name is not None:
        settings["label_smoothing"] = training["label_smoothing"]
    if name is None or not settings:
        return name
    class_name = "".join(part.capitalize() for part in name.split("_"))
    return _object("keras.losses", class_name, settings)


def _metric(metric: str | Json) -> Json | str | None:
    name = next((name for name, ours in METRICS.items() if ours == _type(metric)), None)
    if name == "TopKCategoricalAccuracy":
        return _object("keras.metrics", name, {"k": metric["k"] if isinstance(metric, dict) else 5})
    return name if name is None or name == "accuracy" else _object("keras.metrics", name, {})


def _type(record: str | Json | None) -> Any:
    return record["type"] if isinstance(record, dict) else record
