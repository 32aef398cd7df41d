"""Reads the settings of `compile()` as the training defaults of a network."""

from typing import Any

import numpy as np

from service.definitions.keras.dtypes import precision_of
from service.definitions.keras.layers import Tree, settings_of
from service.definitions.keras.pieces import Piece
from service.definitions.keras.words import LOSSES, METRICS, OPTIMIZERS

OF_RUNNING = ("run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss", "pss_evaluation_shards")
OF_OPTIMIZERS = ("name", "ema_momentum", "ema_overwrite_frequency", "jit_compile", "is_legacy_optimizer")
MEANS = ("sum_over_batch_size", "auto", "mean")


def read_compiled(compiled: Piece) -> Tree:
    """Read optimizer, loss and metrics; refuse what has no counterpart."""
    compiled.nothing_but("optimizer", "loss", "metrics", "weighted_metrics", *OF_RUNNING)
    compiled["weighted_metrics"].must_be([])
    training: Tree = {}
    if compiled["optimizer"].is_there:
        training |= _optimizer(compiled["optimizer"])
    if compiled["loss"].is_there:
        training |= _loss(compiled["loss"])
    if compiled["metrics"].is_there:
        training["metrics"] = compiled["metrics"].with_value([_metric(metric) for metric in compiled["metrics"]])
    return training


def _optimizer(piece: Piece) -> Tree:
    name, config = piece.named()
    word = name.choose(OPTIMIZERS, "optimizer")
    own = [key for key, _ in word.settings.values() if key is not None]
    if config["clipnorm"].is_there:
        config["clipnorm"].refuse("bounds each array by itself, which is not done here; `global_clipnorm` is supported")
    config.nothing_but(*own, *OF_OPTIMIZERS, "global_clipnorm", "clipvalue")
    if isinstance(config["learning_rate"].value, dict):
        config["learning_rate"].refuse("must be a number; a schedule is chosen by `schedule` in a job's `training`")
    settings = settings_of(word, config)
    settings["learning_rate"] = _shortest(settings["learning_rate"])
    training: Tree = {"optimizer": piece.with_value(settings)}
    bounds = {"norm": config["global_clipnorm"], "value": config["clipvalue"]}
    given = {key: bound for key, bound in bounds.items() if bound.is_there}
    return training | ({"gradient_clipping": config.with_value(given)} if given else {})


def _shortest(rate: Piece) -> Piece:
    """Return a learning rate as it was given: Keras writes 0.001 as 0.0010000000474974513, its float32."""
    if not isinstance(rate.value, float) or abs(rate.value) > 1e38 or float(np.float32(rate.value)) != rate.value:
        return rate
    return rate.with_value(float(str(np.float32(rate.value))))


def _loss(piece: Piece) -> Tree:
    name, config = piece.named()
    loss = name.choose(LOSSES, "loss")
    config.nothing_but("name", "dtype", "reduction", "axis", "from_logits", "label_smoothing", "delta")
    _check_dtype(config)
    config["reduction"].must_be(*MEANS)
    config["axis"].must_be(-1)
    logits = config["from_logits"]
    logits.must_be(False, why="outputs are probabilities here; end the network with softmax or sigmoid")
    record: Any = {"type": loss, "delta": config["delta"]} if config["delta"].is_there else loss
    training: Tree = {"loss": piece.with_value(record)}
    smoothing = config.get("label_smoothing", 0.0)
    return training | ({"label_smoothing": smoothing} if smoothing.value else {})


def _metric(piece: Piece) -> Piece:
    name, config = piece.named()
    metric = name.choose(METRICS, "metric")
    config.nothing_but("name", "dtype", "k", "threshold", "class_aggregation")
    _check_dtype(config)
    if isinstance(piece.value, dict) and name.value == "Accuracy":
        name.refuse("counts outputs that equal their target exactly; write the text `accuracy` for the share of rows")
    config["threshold"].must_be(0.5)
    config["class_aggregation"].must_be("uniform_average")
    return piece.with_value({"type": metric, "k": config.get("k", 5)} if metric == "top_k_accuracy" else metric)


def _check_dtype(config: Piece) -> None:
    if config["dtype"].is_there:
        precision_of(config["dtype"])
