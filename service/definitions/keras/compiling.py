"""Writes training defaults as the settings of `compile()`, as far as Keras's JSON can express them."""

from typing import Any

from service.definitions.keras.objects import Json, keras_object, word_of
from service.definitions.keras.words import LOSSES, METRICS, OPTIMIZERS

SMOOTHED = ("categorical_cross_entropy", "binary_cross_entropy")


def compile_config(training: Json) -> tuple[Json | None, Json]:
    """Return the settings of `compile()`, and the training defaults that they do not express.

    Without an optimizer that Keras has there are no such settings, as Keras would choose another one.
    """
    rest = dict(training)
    found = word_of(OPTIMIZERS, rest["optimizer"]) if rest.get("optimizer") else None
    if found is None:
        return None, rest
    del rest["optimizer"]
    clipping = rest.pop("gradient_clipping", None) or {}
    bounds = {"global_clipnorm": clipping.get("norm"), "clipvalue": clipping.get("value")}
    compiled: Json = {
        "optimizer": keras_object("keras.optimizers", found[0], {**found[1], **bounds}),
        "loss": _loss(rest),
        "metrics": _metrics(rest),
    }
    return compiled, rest


def _loss(rest: Json) -> Json | str | None:
    """Take the loss off `rest` and return it, with settings as an object; None where Keras lacks it."""
    loss = rest.get("loss")
    name = next((name for name, ours in LOSSES.items() if loss is not None and ours == _type(loss)), None)
    if name is None:
        return None
    settings = {} if isinstance(loss, str) else {key: value for key, value in rest["loss"].items() if key != "type"}
    del rest["loss"]
    if LOSSES[name] in SMOOTHED and rest.get("label_smoothing"):
        settings["label_smoothing"] = rest.pop("label_smoothing")
    if not settings:
        return name
    class_name = "".join(part.capitalize() for part in name.split("_"))
    return keras_object("keras.losses", class_name, settings)


def _metrics(rest: Json) -> list[Json | str] | None:
    """Take the metrics off `rest` and return them; None where none are given or Keras lacks one of them."""
    if rest.get("metrics") is None:
        return None
    names = [_metric(metric) for metric in rest["metrics"]]
    if None in names:
        return None
    del rest["metrics"]
    return [name for name in names if name is not None]


def _metric(metric: str | Json) -> Json | str | None:
    name = next((name for name, ours in METRICS.items() if ours == _type(metric)), None)
    if name == "TopKCategoricalAccuracy":
        return keras_object("keras.metrics", name, {"k": metric["k"] if isinstance(metric, dict) else 5})
    return name if name is None or name == "accuracy" else keras_object("keras.metrics", name, {})


def _type(record: str | Json) -> Any:
    return record["type"] if isinstance(record, dict) else record
