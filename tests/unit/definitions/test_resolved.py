"""The stored form of a job's training: the keys of the request in their order, and rows of older versions."""

from service.definitions.resolved import ResolvedTraining
from service.definitions.training import TrainingDefinition

# As the first version stored it: without weights of classes, regularization, stopping and limits of storage.
OLDEST = {
    "loss": "mean_squared_error",
    "optimizer": {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False},
    "epochs": 20,
    "batch_size": 32,
    "shuffle": True,
    "seed": 5,
    "precision": "float32",
    "rows": None,
    "validation": {"fraction": 0.2},
    "metrics": ["mae"],
    "preprocessing": {"numbers": "auto", "targets": "auto", "missing": "error"},
    "store_parameters": {"every": 1},
    "version_epoch": "best",
}


def test_the_stored_keys_are_those_of_a_request_in_the_same_order() -> None:
    assert list(ResolvedTraining.model_fields) == list(TrainingDefinition.model_fields)


def test_a_row_of_the_first_version_is_read_and_written_as_it_was() -> None:
    training = ResolvedTraining.from_json(OLDEST)
    assert (training.store_parameters.limit_bytes, training.store_parameters.optimizer_state) == (None, False)
    assert (training.early_stopping, training.regularization.l2) == (None, 0.0)
    assert list(training.to_json().items()) == list(OLDEST.items())


def test_a_key_of_a_later_version_does_not_keep_a_job_from_being_read() -> None:
    assert ResolvedTraining.from_json({**OLDEST, "later": 1}).to_json() == OLDEST
