"""A network that is written as Keras's JSON and read again is the same network with the same training."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from service.backprop.activations import ACTIVATIONS, Activation
from service.backprop.initializers import INITIALIZERS, Initializer
from service.backprop.layers import LAYERS
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.registry import Registry
from service.backprop.schedules import SCHEDULES
from service.definitions.choices import hints_of
from service.definitions.keras import write_sequential
from service.definitions.network import NetworkRequest
from service.definitions.training import TrainingDefinition

NUMBERS = (0.0, 1e-7, 0.001, 0.004, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0, 2.0, 3.5, 10.0)
NESTED: dict[Any, Registry[Any]] = {Activation: ACTIVATIONS, Initializer: INITIALIZERS}


def choices(registry: Registry[Any]) -> st.SearchStrategy[Any]:
    """Every class of a registry, by its name alone or with any of its settings."""
    return st.sampled_from(registry.names()).flatmap(
        lambda name: st.just(name) if not dataclasses.fields(registry[name]) else settings_of(registry, name)
    )


def settings_of(registry: Registry[Any], name: str) -> st.SearchStrategy[Any]:
    cls = registry[name]
    hints = hints_of(cls)
    values = {
        field.name: _values(hints[field.name], field.metadata)
        for field in dataclasses.fields(cls)
        if not field.metadata.get("dimensions")
    }
    required = {"units": values.pop("units")} if "units" in values else {}
    return st.fixed_dictionaries({"type": st.just(name), **required}, optional=values)


def _values(hint: Any, bounds: Any) -> st.SearchStrategy[Any]:
    if hint in NESTED:
        return choices(NESTED[hint])
    if hint is bool:
        return st.booleans()
    if hint is float:
        return st.sampled_from(NUMBERS).filter(lambda value: _within(value, bounds))
    return st.integers(1, 5)


def _within(value: float, bounds: Any) -> bool:
    above, below = bounds.get("above"), bounds.get("below")
    least, most = bounds.get("minimum"), bounds.get("maximum")
    return (
        (above is None or value > above)
        and (below is None or value < below)
        and (least is None or value >= least)
        and (most is None or value <= most)
    )


LAYER = st.sampled_from(LAYERS.names()).flatmap(lambda name: settings_of(LAYERS, name))
PENALTIES = st.fixed_dictionaries(
    {},
    optional={"l1": st.sampled_from(NUMBERS), "l2": st.sampled_from(NUMBERS), "max_norm": st.sampled_from(NUMBERS[1:])},
)
CLIPPING = st.sampled_from(["norm", "value"]).flatmap(
    lambda key: st.fixed_dictionaries({key: st.sampled_from(NUMBERS[1:])})
)
TRAINING = st.fixed_dictionaries(
    {},
    optional={
        "optimizer": choices(OPTIMIZERS),
        "loss": choices(LOSSES),
        "metrics": st.lists(choices(METRICS), max_size=3),
        "regularization": PENALTIES,
        "gradient_clipping": CLIPPING,
        "label_smoothing": st.sampled_from([0.0, 0.1]),
        "precision": st.sampled_from(["float32", "float64"]),
        "epochs": st.integers(1, 9),
        "batch_size": st.sampled_from([1, 32, "full"]),
        "shuffle": st.booleans(),
        "seed": st.integers(0, 5),
        "schedule": choices(SCHEDULES),
        "validation": st.sampled_from([None, 0.5, {"dataset": "other"}]),
        "early_stopping": st.just({"patience": 3}),
        "stop_when": st.just({"training_loss": 0.5}),
        "class_weights": st.sampled_from(["balanced", {"0": 2.0}]),
    },
)


def record(body: Any) -> dict[str, Any]:
    return NetworkRequest.model_validate(body).definition().normalised()


def all_settings(training: dict[str, Any]) -> dict[str, Any]:
    """Return training with every default: what a job would take from the network."""
    return TrainingDefinition.model_validate(training).model_dump(mode="json")


@settings(max_examples=60, deadline=None)
@given(st.lists(LAYER, min_size=1, max_size=4), st.none() | st.integers(1, 9), TRAINING)
def test_a_network_comes_back_with_its_training(layers: Any, inputs: int | None, training: Any) -> None:
    try:
        stored = record({"inputs": inputs, "layers": layers, "training": training})
    except ValidationError:  # settings that do not go together
        return
    back = record(json.loads(json.dumps(write_sequential("n", stored))))
    assert (back["inputs"], back["layers"]) == (stored["inputs"], stored["layers"])
    assert all_settings(back.get("training", {})) == all_settings(stored["training"])


@pytest.mark.parametrize(
    ("key", "registry"),
    [("optimizer", OPTIMIZERS), ("loss", LOSSES), ("metrics", METRICS), ("schedule", SCHEDULES)],
)
def test_every_choice_of_training_comes_back(key: str, registry: Registry[Any]) -> None:
    for name in registry.names():
        chosen = [name] if key == "metrics" else name
        stored = record({"layers": [{"type": "dense", "units": 2}], "training": {key: chosen}})
        back = record(write_sequential("n", stored))
        assert all_settings(back["training"]) == all_settings(stored["training"]), name


def test_given_weights_come_back() -> None:
    layers = [
        {"type": "dense", "units": 2, "weights": [[0.1, 0.2]], "biases": [0.3, 0.4]},
        {"type": "dense", "units": 1, "activation": "sigmoid", "biases": [1.5]},
    ]
    stored = record({"inputs": 1, "layers": layers})
    assert record(json.loads(json.dumps(write_sequential("n", stored)))) == stored
