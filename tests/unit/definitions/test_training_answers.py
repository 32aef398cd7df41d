"""Answers about training and layers have the fields of what clients send, with types for each choice."""

from typing import Any, get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

from service.definitions.network import NetworkDefinition
from service.definitions.network_answers import LayerAnswer
from service.definitions.resolved import ResolvedTraining
from service.definitions.training import TrainingDefinition
from service.definitions.training_answers import SuggestedTrainingAnswer, TrainingAnswer

SETTINGS: list[dict[str, Any]] = [
    {},
    {"loss": {"type": "huber", "delta": 2.0}, "optimizer": "rprop", "schedule": {"type": "cosine"}},
    {"optimizer": {"type": "adamw"}, "metrics": ["accuracy", {"type": "top_k_accuracy", "k": 2}], "batch_size": "full"},
    {"validation": 0.2, "test": {"rows": [0, 3]}, "gradient_clipping": {"norm": 1}, "early_stopping": {"patience": 2}},
    {"class_weights": {"a": 2.0}, "stop_when": {"training_loss": 0.1}, "store_parameters": {"every": 3}},
]
LAYERS = [
    {"type": "dense", "units": 2, "activation": {"type": "elu", "alpha": 0.5}, "initializer": "orthogonal"},
    {"type": "dense", "units": 1, "weights": [[0.5], [1]], "biases": [0]},
    *({"type": name} for name in ("dropout", "batch_normalization", "layer_normalization", "activation")),
]


def test_answers_have_the_fields_of_requests() -> None:
    fields = list(TrainingDefinition.model_fields)
    assert list(get_type_hints(TrainingAnswer)) == fields == list(ResolvedTraining.model_fields)
    assert list(get_type_hints(SuggestedTrainingAnswer)) == fields


@pytest.mark.parametrize("settings", SETTINGS)
def test_what_a_network_suggests_is_of_the_published_type(settings: dict[str, Any]) -> None:
    given = TrainingDefinition.model_validate(settings).given()
    TypeAdapter(SuggestedTrainingAnswer).validate_python(given)
    assert given.keys() == settings.keys()


def test_layers_are_of_the_published_type() -> None:
    layers = NetworkDefinition.model_validate({"inputs": 2, "layers": LAYERS}).normalised()["layers"]
    TypeAdapter(list[LayerAnswer]).validate_python(layers)
    with pytest.raises(ValidationError, match="rate"):
        TypeAdapter(LayerAnswer).validate_python({"type": "dropout"})


def test_settings_that_a_job_was_stored_without_are_filled_in() -> None:
    record = {
        **{"loss": "quadratic", "optimizer": {"type": "adagrad", "learning_rate": 0.01, "epsilon": 1e-10}},
        **{"epochs": 3, "batch_size": 2, "shuffle": True, "seed": 1, "precision": "float64", "rows": None},
        **{"validation": {"fraction": 0.5}, "metrics": [], "preprocessing": {"numbers": "none"}},
        **{"store_parameters": {"every": 2}, "version_epoch": "last"},
    }
    filled = ResolvedTraining.from_json(record).filled()
    assert list(filled) == list(TrainingDefinition.model_fields)
    assert (filled["validation"], filled["test"]) == ({"fraction": 0.5}, None)
    assert filled["regularization"] == {"l1": 0.0, "l2": 0.0, "max_norm": None}
    assert filled["store_parameters"]["optimizer_state"] is False
