"""Whatever is wrong with a body, the pointers of its faults lead to what is there, or to what is missing."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service.definitions.network import NetworkRequest
from service.definitions.requests import JobRequest
from service.definitions.validation import check
from service.errors import MAX_FAULTS, Invalid, unescaped

FOLDER = Path(__file__).parents[2] / "data" / "keras"
KERAS = json.loads((FOLDER / "every_layer.json").read_text())
LAYERS = [
    {"type": "dense", "units": 3, "activation": {"type": "elu", "alpha": 2.0}, "initializer": "he_normal"},
    {"type": "activation", "activation": "relu"},
    {"type": "dropout", "rate": 0.5},
    {"type": "dense", "units": 2, "activation": "softmax", "weights": [[1.0, 2.0]], "biases": [0.0, 1.0]},
]
TRAINING = {
    "loss": {"type": "huber", "delta": 2.0},
    "optimizer": {"type": "adam", "learning_rate": 0.1},
    "batch_size": "full",
    "epochs": 3,
    "validation": {"fraction": 0.2},
    "metrics": ["accuracy", {"type": "top_k_accuracy", "k": 2}],
    "class_weights": {"a/b": 1.0},
    "stop_when": {"training_loss": 0.1},
    "schedule": {"type": "cosine", "warmup_epochs": 1},
    "rows": [0, 10],
}
BODIES: list[tuple[Any, Any]] = [
    (JobRequest, {"dataset": "x", "network": {"layers": LAYERS}, "training": TRAINING, "metadata": {"a~/b": "c"}}),
    (JobRequest, {"dataset": {"rows": [{"a": 1}], "target": ["a"]}, "network": KERAS}),
    (NetworkRequest, {"layers": LAYERS, "training": TRAINING}),
    (NetworkRequest, KERAS),
    (NetworkRequest, {**KERAS, "config": KERAS["config"]["layers"], "training": {"epochs": 3, "batch_size": 7}}),
]
WRONG = (None, True, 0, -1, 2.5, 10**400, "", "text", "relu", [], [1], ["x"], {}, {"type": "sgd"}, {"class_name": "L2"})
KEYS = ("type", "units", "config", "class_name", "learning_rte", "a/~b", "", "activation", "x" * 200)


def places(body: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the location of every part of a body."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Any, Any]:
    """Draw a good body with up to three parts of it replaced, renamed, left out or added."""
    model, good = draw(st.sampled_from(BODIES))
    body = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        *steps, last = draw(st.sampled_from(places(body)[1:] or [("x",)]))
        here = body
        for step in steps:
            here = here[step]
        if not isinstance(here, dict | list) or (isinstance(here, dict) and last not in here):
            continue
        wrong = copy.deepcopy(draw(st.sampled_from(WRONG)))
        change = draw(st.sampled_from(["replace", "remove", "rename", "add"]))
        if change == "replace" or isinstance(here, list):
            here[last] = wrong
        elif change == "add":
            here[draw(st.sampled_from(KEYS))] = wrong
        else:
            value = here.pop(last)
            if change == "rename":
                here[draw(st.sampled_from(KEYS))] = value
    return model, body


def leads_somewhere(pointer: str, body: Any) -> bool:
    """Return whether a pointer leads to a part of the body, or to a key that an object of it lacks."""
    here, steps = body, [unescaped(step) for step in pointer.split("/")[1:]]
    for position, step in enumerate(steps):
        if isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        elif isinstance(here, dict) and step in here:
            here = here[step]
        else:
            return isinstance(here, dict) and position == len(steps) - 1
    return True


@settings(max_examples=150, deadline=None)
@given(spoilt())
def test_every_fault_has_a_place_and_a_sentence(drawn: tuple[Any, Any]) -> None:
    model, body = drawn
    try:
        check(model, body)
    except Invalid as error:
        assert 1 <= len(error.faults) <= MAX_FAULTS
        for fault in error.faults:
            assert fault.pointer is not None and fault.detail
            assert leads_somewhere(fault.pointer, body), (fault, body)
