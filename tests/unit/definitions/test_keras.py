"""Keras's JSON of a Sequential model, in and out.

The documents in tests/data/keras were written by Keras 3.15.1's `model.to_json()`, but for keras_2.json, which has the
shape that Keras 2.9 writes. What `write_sequential` makes of them and of `OURS` was read by the same Keras's
`model_from_json`.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from service.definitions.keras import write_sequential
from service.definitions.network import NetworkRequest
from service.definitions.requests import JobRequest
from service.definitions.validation import check
from service.errors import Fault, Invalid

FOLDER = Path(__file__).parents[2] / "data" / "keras"
DOCUMENTS = ("digits", "every_layer", "keras_2", "values_without_inputs")
DENSE = "#/config/layers/1/config"
OURS: dict[str, Any] = {
    "inputs": 5,
    "layers": [
        {"type": "dense", "units": 4, "activation": "selu", "initializer": "lecun_normal"},
        {"type": "dropout", "rate": 0.25},
        {
            "type": "dense",
            "units": 4,
            "initializer": "orthogonal",
            "bias_initializer": {"type": "constant", "value": 2},
        },
        {"type": "batch_normalization", "momentum": 0.3},
        {"type": "layer_normalization"},
        {"type": "activation", "activation": {"type": "leaky_relu", "slope": 0.05}},
        {"type": "activation", "activation": {"type": "elu", "alpha": 2.0}},
        {"type": "dense", "units": 3, "activation": "softplus", "initializer": "truncated_normal"},
        {"type": "dense", "units": 2, "activation": "softmax", "initializer": {"type": "uniform", "maximum": 0.1}},
    ],
    "training": {
        "optimizer": {"type": "sgd", "momentum": 0.5, "nesterov": True},
        "loss": "categorical_cross_entropy",
        "metrics": ["accuracy"],
        "regularization": {"l1": 0.5, "l2": 0.25, "max_norm": 2.0},
        "gradient_clipping": {"value": 3.0},
    },
}


def document(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return read


def record(body: Any) -> dict[str, Any]:
    return check(NetworkRequest, body).definition().normalised()


def changed(name: str, pointer: str, value: Any) -> dict[str, Any]:
    """The document with another value at a pointer."""
    whole = document(name)
    here: Any = whole
    *steps, last = (int(step) if step.isdigit() else step for step in pointer[2:].split("/"))
    for step in steps:
        here = here[step]
    here[last] = value
    return whole


def faults(body: Any, model: Any = NetworkRequest) -> list[Fault]:
    with pytest.raises(Invalid) as caught:
        check(model, body)
    return list(caught.value.faults)


def test_the_network_of_the_tutorial_is_taken_with_its_compile_settings() -> None:
    found = record(document("digits"))
    assert found["inputs"] == 784
    assert [layer["type"] for layer in found["layers"]] == ["dense", "dropout", "dense"]
    assert found["layers"][0]["activation"] == "relu" and found["layers"][2]["activation"] == "softmax"
    assert found["training"]["loss"] == "categorical_cross_entropy" and found["training"]["metrics"] == ["accuracy"]
    assert found["training"]["optimizer"]["type"] == "adam" and found["training"]["optimizer"]["epsilon"] == 1e-7


def test_every_layer_and_setting_is_read() -> None:
    found = record(document("every_layer"))
    layers = found["layers"]
    assert layers[0]["initializer"] == {"type": "he_normal"}
    assert layers[1] == {"type": "batch_normalization", "momentum": 0.1, "epsilon": 0.001}
    assert layers[3]["initializer"] == {"type": "normal", "mean": 0.0, "stddev": 0.1}
    assert layers[3]["bias_initializer"] == {"type": "constant", "value": 1.0}
    slopes = [layer["activation"] for layer in layers if layer["type"] in ("activation", "dense")]
    assert slopes[1]["slope"] == 0.3 and slopes[2]["slope"] == 0.2 and slopes[5]["slope"] == 0.1
    assert (slopes[3], slopes[4], slopes[7]) == ({"type": "elu", "alpha": 0.5}, "gelu", "softmax")
    training = found["training"]
    assert training["regularization"] == {"l1": 0.001, "l2": 0.02, "max_norm": 3.0}
    assert training["gradient_clipping"] == {"norm": 1.0} and training["label_smoothing"] == 0.1
    assert training["metrics"] == ["accuracy", {"type": "top_k_accuracy", "k": 2}]
    assert training["optimizer"]["weight_decay"] == 0.01


def test_the_shape_of_keras_2_is_read() -> None:
    found = record(document("keras_2"))
    assert found["inputs"] == 2 and found["training"] == {"regularization": {"l1": 0.0, "l2": 0.5}}
    assert found["layers"][0]["activation"] == "silu" and found["layers"][0]["initializer"] == {"type": "he_normal"}
    assert found["layers"][1]["activation"] == {"type": "leaky_relu", "slope": 0.25}


def test_a_model_that_is_not_built_leaves_its_inputs_open() -> None:
    found = record(document("values_without_inputs"))
    assert found["inputs"] is None and found["training"]["loss"] == "huber"
    assert found["training"]["optimizer"]["alpha"] == 0.8


def test_the_name_is_the_one_sent_along_or_the_one_the_model_was_given() -> None:
    assert check(NetworkRequest, document("digits")).name is None  # Keras's own "sequential"
    assert check(NetworkRequest, document("every_layer")).name == "flowers"
    assert check(NetworkRequest, {**document("every_layer"), "name": "mine"}).name == "mine"
    assert check(NetworkRequest, changed("every_layer", "#/config/name", "No Name Here")).name is None


@pytest.mark.parametrize(
    ("name", "pointer", "value", "where", "words"),
    [
        ("every_layer", f"{DENSE}/kernel_regularizer", {"class_name": "L3", "config": {}}, "/class_name", "`L"),
        ("every_layer", f"{DENSE}/kernel_regularizer", None, None, "the same for all Dense layers"),
        ("every_layer", f"{DENSE}/kernel_constraint/config/axis", 1, "", "must be 0, got 1"),
        ("every_layer", f"{DENSE}/kernel_constraint/class_name", "NonNeg", "", "`MaxNorm`"),
        ("every_layer", f"{DENSE}/bias_regularizer", {"class_name": "L2", "config": {"l2": 1}}, "", "supported"),
        ("every_layer", f"{DENSE}/activity_regularizer", "l2", "", "supported"),
        ("every_layer", f"{DENSE}/use_bias", False, "", "must be true, got false"),
        ("every_layer", f"{DENSE}/trainable", False, "", "must be true, got false"),
        ("every_layer", f"{DENSE}/units", 0, "", "must be at least 1, got 0"),
        ("every_layer", f"{DENSE}/activation", "reluu", "", "did you mean `relu`?"),
        ("every_layer", f"{DENSE}/kernel_initializer/class_name", "HeNorml", "", "did you mean `HeNormal`?"),
        ("every_layer", f"{DENSE}/kernel_initializer/config/seed", 3, "", "must be null"),
        ("every_layer", "#/config/layers/2/config/momentum", 1.0, "", "must be above 0, got 0"),
        ("every_layer", "#/config/layers/2/config/center", False, "", "must be true"),
        ("every_layer", "#/config/layers/2/config/gamma_initializer/class_name", "Zeros", None, "must start at 1"),
        ("every_layer", "#/config/layers/3/config/negative_slope", 1.5, "", "must be below 1, got 1.5"),
        ("every_layer", "#/config/layers/4/config/kernel_initializer/config/stddev", -1, "", "at least 0, got -1"),
        ("every_layer", "#/config/layers/5/config/axis", [-1, -2], "", "must be -1"),
        ("every_layer", "#/config/layers/6/class_name", "Conv2D", "", "no layer that is known here"),
        ("every_layer", "#/config/layers/8/config/max_value", 6.0, "", "supported"),
        ("digits", "#/config/layers/3/config/noise_shape", [1], "", "supported"),
        ("digits", "#/config/layers/3/config/rate", 1, "", "must be below 1, got 1"),
        ("digits", "#/config/layers/1/class_name", "Dropout", "#/config/layers/0/config/batch_shape", "one dimension"),
        ("digits", "#/config/layers", [], "", "at least 1 entries"),
        ("digits", "#/class_name", "Functional", "", "is not known"),
        ("digits", "#/nam", "x", "", "did you mean `name`?"),
        ("digits", "#/name", "UPPER", "", "must match"),
        ("digits", "#/compile_config/loss", "poisson", "", "no loss that is known here"),
        ("digits", "#/compile_config/metrics/0", "accurcy", "", "did you mean `accuracy`?"),
        ("digits", "#/compile_config/optimizer/class_name", "Ftrl", "", "no optimizer"),
        ("digits", "#/compile_config/optimizer/config/beta_1", 1.0, "", "must be below 1"),
        ("digits", "#/compile_config/optimizer/config/clipnorm", 1.0, "", "`global_clipnorm`"),
        ("digits", "#/compile_config/optimizer/config/weight_decay", 0.1, "", "supported"),
        ("digits", "#/compile_config/optimizer/config/learning_rate", {"class_name": "CosineDecay"}, "", "a number"),
        ("every_layer", "#/compile_config/loss/config/from_logits", True, "", "softmax"),
        ("every_layer", "#/compile_config/loss/config/label_smoothing", 1.0, "", "must be below 1, got 1"),
    ],
)
def test_what_is_not_supported_is_reported_where_it_stands(
    name: str, pointer: str, value: Any, where: str | None, words: str
) -> None:
    found = faults(changed(name, pointer, value))
    reported = {fault.pointer: fault.detail for fault in found}
    if where is None:  # of two things that differ the second is reported, of an object its whole
        assert words in found[0].detail and str(found[0].pointer).startswith("#/config/layers/")
    else:
        expected = where if where.startswith("#") else pointer + where
        assert expected in reported and words in reported[expected], reported


def test_faults_of_a_network_in_a_job_point_into_the_job() -> None:
    body = {"dataset": "iris", "network": changed("digits", "#/config/layers/2/config/units", -1)}
    found = faults(body, JobRequest)
    assert [fault.pointer for fault in found] == ["#/network/config/layers/2/config/units"]


def test_all_faults_are_reported_at_once() -> None:
    body = changed("every_layer", f"{DENSE}/use_bias", False)
    body["config"]["layers"][4]["config"]["activation"] = "mishh"
    body["compile_config"]["loss"] = "poisson"
    assert len(faults(body)) == 3


def test_ours_to_keras_to_ours_is_the_same_network() -> None:
    stored = record(OURS)
    assert record(write_sequential("ours", stored)) == stored


@pytest.mark.parametrize("name", DOCUMENTS)
def test_keras_to_ours_to_keras_to_ours_is_the_same_network(name: str) -> None:
    stored = record(document(name))
    assert record(write_sequential("again", stored)) == stored


def test_an_activation_with_settings_stays_part_of_its_layer() -> None:
    """A layer of its own would have shifted the numbers that the layers after it draw."""
    body = copy.deepcopy(OURS)
    body["layers"][0]["activation"] = "leaky_relu"
    stored = record(body)
    written = write_sequential("whole", stored)
    activation = written["config"]["layers"][1]["config"]["activation"]
    assert activation["class_name"] == "LeakyReLU" and activation["config"]["negative_slope"] == 0.01
    assert record(written) == stored


def test_what_keras_has_no_place_for_stands_beside_its_part() -> None:
    training = {"optimizer": "rprop", "epochs": 3, "loss": "quadratic", "metrics": ["recall"], "validation": None}
    stored = record({**OURS, "training": training})
    written = write_sequential("ours", stored)
    assert "compile_config" not in written and written["training"] == stored["training"]
    assert record(written) == stored
    with pytest.raises(Invalid, match="hidden"):
        write_sequential("short", record({"hidden": [3]}))
    weights = {"type": "dense", "units": 1, "weights": [[1.0], [2.0]], "biases": [0.5]}
    stored = record({"layers": [weights]})
    written = write_sequential("given", stored)
    layer = written["config"]["layers"][0]
    assert layer["weights"] == [[1.0], [2.0]] and "weights" not in layer["config"]
    assert record(written) == stored


def test_training_without_metrics_does_not_come_back_as_training_with_none() -> None:
    stored = record({**OURS, "training": {"optimizer": "adam"}})
    written = write_sequential("ours", stored)
    assert written["compile_config"]["metrics"] is None and record(written) == stored
    stored = record({**OURS, "training": {"optimizer": "adam", "metrics": []}})
    assert record(write_sequential("ours", stored))["training"]["metrics"] == []


def test_what_cannot_be_written_exactly_is_refused() -> None:
    layers = [{"type": "batch_normalization", "momentum": 1e-20}]
    with pytest.raises(Invalid, match="cannot be written exactly"):
        write_sequential("ours", record({"layers": layers}))
