"""Jobs with what the engine offers: every layer, optimizer and schedule through HTTP, and how training may end."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.backprop.initializers import INITIALIZERS
from service.backprop.layers import LAYERS
from service.backprop.losses import LOSSES
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.schedules import SCHEDULES
from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import CSV, XOR, problem
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

SHORT = {"epochs": 3, "seed": 1}
DEEP = [
    {"type": "dense", "units": 6},
    {"type": "batch_normalization"},
    {"type": "activation", "activation": {"type": "leaky_relu", "slope": 0.2}},
    {"type": "dropout", "rate": 0.2},
    {"type": "layer_normalization"},
    {"type": "dense", "units": 2, "activation": "softmax"},
]


@pytest.fixture
def table(client: FlaskClient) -> str:
    client.put("/v1/datasets/table", data=CSV)
    return "table"


Train = Callable[..., dict[str, Any]]


def test_a_network_of_every_layer_keeps_its_running_statistics(client: FlaskClient, train: Train, table: str) -> None:
    assert {layer["type"] for layer in DEEP} == set(LAYERS)
    job = train({"dataset": table, "network": {"layers": DEEP}, "training": SHORT})
    layers = client.get(f"/v1/jobs/{job['id']}/epochs/last/parameters").json["layers"]
    assert [list(layer) for layer in layers] == [
        ["weights", "biases"],
        ["weights", "biases", "running_mean", "running_variance"],
        [],
        [],
        ["weights", "biases"],
        ["weights", "biases"],
    ]
    first = client.get(f"/v1/jobs/{job['id']}/epochs/0/parameters").json["layers"]
    assert first[1]["running_mean"] == [0.0] * 6 != layers[1]["running_mean"]
    rows = {"instances": [[0.5, 1], [2.9, 4.0]]}
    together = client.post(f"/v1/models/{job['id']}:predict", json=rows).json["predictions"]
    alone = [
        client.post(f"/v1/models/{job['id']}:predict", json={"instances": [row]}).json["predictions"][0]
        for row in rows["instances"]
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_every_optimizer_by_its_name(train: Train, table: str) -> None:
    for optimizer in OPTIMIZERS:
        job = train({"dataset": table, "training": {**SHORT, "optimizer": optimizer}})
        assert job["training"]["optimizer"]["type"] == optimizer


def test_every_schedule_by_its_name(client: FlaskClient, train: Train, table: str) -> None:
    for schedule in SCHEDULES:
        job = train({"dataset": table, "training": {**SHORT, "epochs": 12, "schedule": schedule}})
        assert job["training"]["schedule"]["type"] == schedule
        rates = [epoch["learning_rate"] for epoch in client.get(f"/v1/jobs/{job['id']}/epochs").json["data"]]
        assert len(rates) == 13 and all(0 <= rate <= 0.1 for rate in rates)
        assert (rates[1] != rates[-1]) == (schedule != "reduce_on_plateau")


def test_an_optimizer_of_full_batches_gets_them(train: Train, table: str) -> None:
    for rows in (20, 30):
        job = train({"dataset": table, "training": {**SHORT, "rows": [0, rows], "optimizer": "rprop"}})
        assert job["training"]["batch_size"] == rows


def test_every_loss_by_its_name(train: Train, table: str) -> None:
    for loss in LOSSES:
        activation = LOSSES[loss].fused_with or ("sigmoid" if "cross_entropy" in loss else "tanh")
        network = {"layers": [{"type": "dense", "units": 2, "activation": activation}]}
        job = train({"dataset": table, "network": network, "training": {**SHORT, "loss": loss}})
        assert job["training"]["loss"] == loss


def test_every_initializer_by_its_name(client: FlaskClient) -> None:
    for initializer in INITIALIZERS:
        layer = {"type": "dense", "units": 2, "initializer": initializer, "bias_initializer": initializer}
        answer = client.post("/v1/networks", json={"inputs": 3, "layers": [layer]})
        assert answer.status_code == 201 and answer.json["layers"][0]["initializer"]["type"] == initializer


def test_every_metric_on_training_and_validation(client: FlaskClient, train: Train, table: str) -> None:
    named = ["accuracy", {"type": "top_k_accuracy", "k": 1}, "precision", "recall", "f1", "roc_auc"]
    job = train({"dataset": table, "training": {**SHORT, "metrics": named, "validation": 0.3}})
    metrics = client.get(f"/v1/jobs/{job['id']}/epochs?after=2").json["data"][0]["metrics"]
    keys = {"accuracy", "top_1_accuracy", "precision", "recall", "f1", "roc_auc"}
    assert metrics["training"].keys() == metrics["validation"].keys() == keys
    assert metrics["training"]["accuracy"] == metrics["training"]["top_1_accuracy"]
    assert all(0 <= value <= 1 for value in metrics["validation"].values())


def test_the_confusion_matrix_counts_every_row_that_validated(train: Train, table: str) -> None:
    job = train({"dataset": table, "training": {**SHORT, "validation": 0.3}})
    matrix = job["confusion_matrix"]
    assert (matrix["epoch"], matrix["rows"], matrix["classes"]) == (job["best_epoch"], "validation", ["even", "odd"])
    assert np.sum(matrix["counts"]) == 9
    np.testing.assert_array_equal(np.sum(matrix["counts"], axis=1).tolist(), [5, 4])
    values = train({"dataset": {"inputs": [[0.1], [0.2]], "targets": [0.5, 1.5]}, "training": SHORT})
    assert values["confusion_matrix"] is None


def test_without_validation_the_confusion_matrix_counts_training_rows_from_all_over_the_dataset(train: Train) -> None:
    rows = 25_000
    inputs = [[row / rows] for row in range(rows)]
    sorted_targets = ["first"] * 5000 + ["second"] * 20_000
    job = train(
        {"dataset": {"inputs": inputs, "targets": sorted_targets}, "training": {"epochs": 1, "validation": None}}
    )
    matrix = job["confusion_matrix"]
    assert matrix["rows"] == "training"
    assert np.sum(matrix["counts"], axis=1).tolist() == [2000, 8000]


def test_training_stops_when_its_aim_is_reached(client: FlaskClient, train: Train) -> None:
    network = {"layers": [{"type": "dense", "units": u, "activation": "sigmoid"} for u in (4, 1)]}
    training = {
        "loss": "quadratic",
        "optimizer": {"type": "sgd", "learning_rate": 0.5, "momentum": 0.9},
        "epochs": 5000,
        "seed": 1,
        "stop_when": {"training_loss": 0.01},
    }
    job = train({"dataset": XOR, "network": network, "training": training})
    epoch = job["reached_epoch"]
    assert 0 < epoch < 5000 and job["stopped"] == {"reason": "stop_when", "epoch": epoch}
    assert (job["progress"]["epoch"], job["progress"]["fraction"]) == (epoch, 1.0)
    losses = [record["training_loss"] for record in client.get(f"/v1/jobs/{job['id']}/epochs?limit=1000").json["data"]]
    assert len(losses) == min(epoch + 1, 1000) and (losses[-1] <= 0.01) == (epoch < 1000)
    assert client.get(f"/v1/jobs/{job['id']}/epochs/{epoch}/parameters").status_code == 200


def test_early_stopping_ends_with_the_best_epoch_as_the_version(train: Train, table: str) -> None:
    training = {
        "epochs": 400,
        "seed": 1,
        "validation": 0.3,
        "early_stopping": {"patience": 3},
        "optimizer": {"type": "sgd", "learning_rate": 1.0},
    }
    job = train({"dataset": table, "training": training})
    assert job["training"]["early_stopping"] == {"monitor": "validation_loss", "patience": 3, "min_delta": 0.0}
    assert job["stopped"]["reason"] == "early_stopping" and job["reached_epoch"] is None
    assert job["stopped"]["epoch"] == max(job["best_epoch"], 0) + 3
    assert job["model"]["version"] == 1 and job["confusion_matrix"]["epoch"] == job["best_epoch"]


def test_a_time_limit_fails_the_job_and_keeps_its_epochs(client: FlaskClient, service: Services, table: str) -> None:
    body = {"dataset": table, "training": {"epochs": 1_000_000, "time_limit_seconds": 0.3}}
    job_id = client.post("/v1/jobs", json=body).json["id"]
    assert run_next_job(service, "test", lambda: False)
    job = client.get(f"/v1/jobs/{job_id}").json
    assert (job["status"], job["error"]["code"]) == ("failed", "time_limit")
    assert job["error"]["detail"] == "training took longer than 0.3 s"
    assert job["error"]["epoch"] == job["progress"]["epoch"] > 0
    assert client.get(f"/v1/jobs/{job_id}/epochs/last/parameters").json["epoch"] == job["error"]["epoch"]


def test_layers_show_how_the_error_gets_back(client: FlaskClient, train: Train) -> None:
    layers = [{"type": "dense", "units": 5, "activation": "sigmoid"}] * 6
    network = {"layers": [*layers, {"type": "dense", "units": 1, "activation": "sigmoid"}]}
    job = train({"dataset": XOR, "network": network, "training": {"epochs": 40, "seed": 1, "batch_size": "full"}})
    found = client.get(f"/v1/jobs/{job['id']}/layers").json
    assert [record["epoch"] for record in found["data"]][:4] == [1, 2, 4, 8]
    first = found["data"][0]["layers"]
    deltas = [layer["delta"] for layer in first]
    assert len(first) == 7 and deltas == sorted(deltas) and all(layer["updates"] > 0 for layer in first)
    warned = [warning for warning in job["warnings"] if warning["code"] == "vanishing_gradient"]
    assert warned[0]["layer"] == 0 and warned[0]["epoch"] == 1
    assert len({(warning["code"], warning["layer"]) for warning in job["warnings"]}) == len(job["warnings"])
    sampled = client.get(f"/v1/jobs/{job['id']}/layers?points=2").json["data"]
    assert [record["epoch"] for record in sampled] == [1, found["data"][-1]["epoch"]]
    assert client.get(f"/v1/jobs/{job['id']}/layers?after=4&limit=1").json["data"][0]["epoch"] == 8


def test_the_vanishing_gradient_is_read_off_the_layers(client: FlaskClient, train: Train) -> None:
    """Nielsen, chapter 5: lengths of the error fall by some factor from each hidden layer to the one before it."""
    random = np.random.default_rng(2)
    X = random.uniform(0, 1, (200, 60)).round(3)
    dataset = {"inputs": X.tolist(), "targets": (X[:, :5].sum(axis=1) > 2.5).astype(int).tolist()}
    start = {"initializer": "lecun_normal", "bias_initializer": {"type": "normal", "stddev": 1.0}}
    layers = [{"type": "dense", "units": units, "activation": "sigmoid", **start} for units in (30, 30, 30, 30, 2)]
    training = {"epochs": 1, "loss": "cross_entropy", "batch_size": "full", "optimizer": {"type": "sgd"}}
    ratios = []
    for seed in range(5):
        body = {"dataset": dataset, "network": {"layers": layers}, "training": {**training, "seed": seed}}
        job = train(body)
        (first,) = client.get(f"/v1/jobs/{job['id']}/layers").json["data"]
        lengths = [layer["delta"] for layer in first["layers"]]
        assert first["epoch"] == 1 and lengths == sorted(lengths) and lengths[0] > 0
        ratios.append(np.divide(lengths[1:], lengths[:-1]))
    assert (np.median(ratios, axis=0) > 2).all()


def test_what_does_not_go_together_is_pointed_at(client: FlaskClient, table: str) -> None:
    wrong: list[tuple[Any, str, str]] = [
        ({"early_stopping": {"monitor": "validation_acuracy"}}, "early_stopping/monitor", "is not measured"),
        ({"early_stopping": {"monitor": ""}}, "early_stopping/monitor", "is not measured"),
        ({"stop_when": {"training_los": 1}}, "stop_when/training_los", "did you mean `training_loss`?"),
        ({"stop_when": {}}, "stop_when", "at least 1"),
        ({"gradient_clipping": {}}, "gradient_clipping", "give one of"),
        ({"gradient_clipping": {"norm": 1, "value": 1}}, "gradient_clipping", "give one of"),
        ({"label_smoothing": 0.1, "loss": "quadratic"}, "label_smoothing", "needs classes and a cross-entropy"),
        ({"label_smoothing": 1}, "label_smoothing", "below 1"),
        ({"optimizer": "rprop", "batch_size": 5}, "batch_size", "needs full batches"),
        ({"optimizer": {"type": "sgd", "nesterov": True}}, "optimizer/nesterov", "needs a `momentum`"),
        ({"schedule": "cosin"}, "schedule", "did you mean `cosine`?"),
        ({"schedule": {"type": "step", "gamma": 0}}, "schedule/gamma", "above 0"),
        ({"regularization": {"l2": -1}}, "regularization/l2", "at least 0"),
        ({"regularization": {"max_norm": 0}}, "regularization/max_norm", "above 0"),
        ({"time_limit_seconds": 0}, "time_limit_seconds", "above 0"),
        ({"metrics": ["acuracy"]}, "metrics/0", "did you mean `accuracy`?"),
        ({"loss": {"type": "huber", "delta": 0}}, "loss/delta", "above 0"),
    ]
    for training, where, says in wrong:
        fault = problem(client.post("/v1/jobs", json={"dataset": table, "training": training}), 422)["errors"][0]
        assert fault["pointer"] == f"#/training/{where}" and says in fault["detail"], fault


def test_batches_of_one_row_are_refused_where_a_layer_normalizes_by_them(client: FlaskClient, table: str) -> None:
    body = {"dataset": table, "network": {"layers": DEEP}, "training": {"batch_size": 1}}
    fault = problem(client.post("/v1/jobs", json=body), 422)["errors"][0]
    assert fault["pointer"] == "#/training/batch_size" and "at least 2" in fault["detail"]


def test_a_hinge_loss_predicts_the_second_class_from_zero_on(client: FlaskClient, train: Train) -> None:
    network = {"layers": [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 1}]}
    optimizer = {"type": "adam", "learning_rate": 0.05}
    training = {"loss": "hinge", "epochs": 400, "seed": 3, "optimizer": optimizer, "batch_size": "full"}
    job = train({"dataset": XOR, "network": network, "training": training})
    assert job["latest"]["metrics"]["training"]["accuracy"] == 1.0
    answer = client.post(f"/v1/models/{job['id']}:predict", json={"instances": XOR["inputs"]}).json
    assert answer["labels"] == [0, 1, 1, 0]
    assert [value[0] >= 0 for value in answer["predictions"]] == [False, True, True, False]


def test_scores_that_are_no_probabilities_are_not_called_so(client: FlaskClient, train: Train) -> None:
    training = {"loss": "hinge", "epochs": 5, "seed": 3}
    rows = [{"a": n / 10, "kind": "high" if n > 4 else "low"} for n in range(10)]
    network = {"layers": [{"type": "dense", "units": 1}]}
    job = train({"dataset": {"rows": rows}, "network": network, "training": training})
    answer = client.post(f"/v1/models/{job['id']}:predict", json={"instances": [{"a": 0.9}]}).json["predictions"][0]
    assert list(answer) == ["kind", "scores"] and list(answer["scores"]) == ["low"]
    assert (answer["scores"]["low"] >= 0) == (answer["kind"] == "low")


def test_a_prediction_beyond_the_precision_is_refused(client: FlaskClient, train: Train) -> None:
    dataset = {"inputs": [[0.1, 0.2], [0.3, 0.5]], "targets": [0.5, 1.5]}
    network = {"layers": [{"type": "dense", "units": 1, "initializer": {"type": "constant", "value": 1.0}}]}
    job = train({"dataset": dataset, "network": network, "training": {**SHORT, "preprocessing": {"numbers": "none"}}})
    refused = problem(client.post(f"/v1/models/{job['id']}:predict", json={"inputs": [[1, 1], [3e38, 3e38]]}), 422)
    assert refused["errors"][0]["pointer"] == "#/inputs/1" and "beyond a float32" in refused["detail"]


def test_a_monitor_without_a_value_leaves_the_newest_epoch_the_best(client: FlaskClient, train: Train) -> None:
    rows = [{"a": n / 10, "kind": "high" if n % 2 else "low"} for n in range(20)] + [{"a": 0.5, "kind": "low"}] * 3
    training = {
        **SHORT,
        "metrics": ["roc_auc"],
        "validation": {"rows": [20, 23]},
        "early_stopping": {"monitor": "validation_roc_auc"},
    }
    job = train({"dataset": {"rows": rows}, "training": training})
    assert job["best_epoch"] == 3 == job["confusion_matrix"]["epoch"]
    assert [warning["code"] for warning in job["warnings"]] == ["monitor_undefined"]


def test_validation_rows_that_weigh_nothing_fail_the_job(client: FlaskClient, service: Services) -> None:
    rows = [{"a": n / 10, "kind": "high" if n % 2 else "low"} for n in range(20)] + [{"a": 0.5, "kind": "low"}] * 3
    training = {**SHORT, "validation": {"rows": [20, 23]}, "class_weights": {"low": 0}}
    job = client.post("/v1/jobs", json={"dataset": {"rows": rows}, "training": training}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    error = client.get(f"/v1/jobs/{job}").json["error"]
    assert error["code"] == "invalid_data" and error["detail"] == "the rows that validate weigh nothing together"


def test_a_whole_number_of_more_than_64_bits_leaves_nothing_behind(client: FlaskClient, table: str) -> None:
    for schedule in ({"type": "step", "epochs": 10**30}, {"type": "cosine", "warmup_epochs": 10**400}):
        fault = problem(client.post("/v1/jobs", json={"dataset": table, "training": {"schedule": schedule}}), 422)
        assert fault["errors"][0]["pointer"].startswith("#/training/schedule/")
    assert client.get("/v1/jobs").json["data"] == []


def test_a_cross_entropy_needs_outputs_between_0_and_1(client: FlaskClient, table: str) -> None:
    network = {"layers": [{"type": "dense", "units": 2, "activation": "tanh"}]}
    body = {"dataset": table, "network": network, "training": {"loss": "binary_cross_entropy"}}
    fault = problem(client.post("/v1/jobs", json=body), 422)["errors"][0]
    assert fault["pointer"] == "#/training/loss" and "sigmoid or softmax" in fault["detail"]


def test_a_layer_before_a_batch_normalization_is_no_vanishing_gradient(train: Train, table: str) -> None:
    job = train({"dataset": table, "network": {"layers": DEEP}, "training": SHORT})
    assert [warning for warning in job["warnings"] if warning["code"] == "vanishing_gradient"] == []
