"""Targets from submission to prediction: classes or values, and values that the output of the network can reach."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.services import Services
from tests.integration.contract import problem
from workers.run.run import run_next_job

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

Train = Callable[..., dict[str, Any]]
QUICK = {"epochs": 60, "seed": 4, "batch_size": 8}
POINTS = np.random.default_rng(5).uniform(-1, 1, (40, 2)).round(3)


def one_unit(activation: str) -> dict[str, Any]:
    hidden = {"type": "dense", "units": 8, "activation": "tanh"}
    return {"layers": [hidden, {"type": "dense", "units": 1, "activation": activation}]}


def signs(low: int = -1) -> dict[str, Any]:
    return {"inputs": POINTS.tolist(), "targets": [1 if x + y > 0 else low for x, y in POINTS.tolist()]}


@pytest.mark.parametrize(
    ("activation", "loss", "key"),
    [("tanh", None, "scores"), ("tanh", "hinge", "scores"), ("sigmoid", None, "probabilities")],
)
def test_minus_one_and_one_are_two_classes_of_one_unit(
    client: FlaskClient, train: Train, activation: str, loss: str | None, key: str
) -> None:
    training = {**QUICK, **({} if loss is None else {"loss": loss})}
    job = train({"dataset": signs(), "network": one_unit(activation), "training": training, "model": "signs"})
    assert job["targets"]["kind"] == "classes" and job["targets"]["classes"] == [-1, 1]
    assert job["latest"]["metrics"]["training"]["accuracy"] >= 0.9
    counts = np.array(job["confusion_matrix"]["counts"])
    assert job["confusion_matrix"]["classes"] == [-1, 1] and counts.trace() >= 0.9 * counts.sum() == 36
    answer = client.post("/v1/models/signs:predict", json={"instances": [[-0.9, -0.9], [0.9, 0.9]]}).json
    assert answer["labels"] == [-1, 1]
    (low,), (high,) = answer["predictions"]
    if loss is None:
        assert high == pytest.approx(1, abs=0.2)
        assert low == pytest.approx(-1 if activation == "tanh" else 0, abs=0.2)
    named = {"instances": [{"input_1": -0.9, "input_2": -0.9}]}
    (row,) = client.post("/v1/models/signs:predict", json=named).json["predictions"]
    assert row["target"] == -1 and key in row
    evaluated = client.post("/v1/models/signs:evaluate", json={"dataset": job["dataset"]}).json
    assert evaluated["confusion_matrix"]["counts"] == counts.tolist()
    assert evaluated["metrics"]["accuracy"] == counts.trace() / 40
    trace = {"instances": [[-0.9, -0.9]], "targets": [-1]}
    traced = client.post("/v1/models/signs:trace", json=trace).json
    assert traced["loss"] == pytest.approx((low + 1) ** 2 if (activation, loss) == ("tanh", None) else 0, abs=0.1)


def test_class_weights_weigh_minus_one_and_one(client: FlaskClient, train: Train) -> None:
    """The weights of -1 and 1 as of 0 and 1: an even weighing of both changes nothing."""
    network, training = one_unit("tanh"), {**QUICK, "epochs": 3}
    plain = train({"dataset": signs(), "network": network, "training": training})
    even = train({"dataset": signs(), "network": network, "training": {**training, "class_weights": {"-1": 1}}})
    assert even["latest"]["training_loss"] == pytest.approx(plain["latest"]["training_loss"], rel=1e-6)
    first = train({"dataset": signs(), "network": network, "training": {**QUICK, "class_weights": {"1": 0.0}}})
    assert np.array(first["confusion_matrix"]["counts"])[:, 1].sum() == 0


def test_a_relu_output_learns_targets_beyond_one(client: FlaskClient, train: Train) -> None:
    dataset = {"inputs": [[0], [1], [2], [3]], "targets": [10, 20, 30, 40]}
    job = train({"dataset": dataset, "network": one_unit("relu"), "training": {"epochs": 800, "seed": 1}, "model": "r"})
    assert job["training"]["preprocessing"]["targets"] == "min_max"
    (fitted,) = job["training"]["preprocessing"]["fitted"]["targets"]
    assert (fitted["offset"], fitted["divisor"]) == (10, 30)
    assert job["latest"]["metrics"]["training"]["mae"] < 2
    answer = client.post("/v1/models/r:predict", json={"instances": dataset["inputs"]}).json
    np.testing.assert_allclose(answer["predictions"], [[10], [20], [30], [40]], atol=2)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softsign", "softplus", "elu", "linear"])
def test_every_output_learns_targets_in_their_own_units(client: FlaskClient, train: Train, activation: str) -> None:
    rows = [{"x": n / 10, "y": 1000 + 50 * n + n % 2 / 4} for n in range(20)]
    training = {"epochs": 300, "seed": 1, "optimizer": {"type": "adam", "learning_rate": 0.03}}
    job = train({"dataset": {"rows": rows}, "network": one_unit(activation), "training": training, "model": "line"})
    answer = client.post("/v1/models/line:predict", json={"instances": [[0.5], [1.0]]}).json
    np.testing.assert_allclose(answer["predictions"], [[1250], [1500]], rtol=0.05)
    assert job["latest"]["metrics"]["training"]["mae"] < 60


def one_hot(rows: int = 30, width: int = 3) -> dict[str, Any]:
    inputs = np.random.default_rng(2).uniform(-1, 1, (rows, width))
    return {"inputs": inputs.round(3).tolist(), "targets": np.eye(width, dtype=int)[inputs.argmax(axis=1)].tolist()}


SOFTMAX = {"layers": [{"type": "dense", "units": 3, "activation": "softmax"}]}


def test_one_hot_columns_under_softmax_are_classes(client: FlaskClient, train: Train) -> None:
    training = {**QUICK, "validation": 0.2, "class_weights": "balanced"}
    job = train({"dataset": {**one_hot(), "name": "hot"}, "network": SOFTMAX, "training": training, "model": "hot"})
    assert job["targets"]["classes"] == [0, 1, 2] and "one-hot" in job["targets"]["because"]
    assert job["training"]["loss"] == "categorical_cross_entropy"
    assert job["training"]["validation"] == {"fraction": 0.2, "stratify": True}
    assert set(job["training"]["class_weights"]) == {"0", "1", "2"}
    assert job["latest"]["metrics"]["training"]["accuracy"] > 0.8
    assert np.array(job["confusion_matrix"]["counts"]).sum() == 6
    answer = client.post("/v1/models/hot:predict", json={"instances": [[0.9, -0.9, 0], [-0.9, 0, 0.9]]}).json
    assert answer["labels"] == [0, 2]
    named = {"instances": [{"input_1": 0.9, "input_2": -0.9, "input_3": 0}]}
    (row,) = client.post("/v1/models/hot:predict", json=named).json["predictions"]
    assert row["class"] == 0 and list(row["probabilities"]) == ["0", "1", "2"]
    table = client.post("/v1/models/hot:predict?format=csv", json=named).text
    assert table.startswith("class,0,1,2\n0,")
    evaluated = client.post("/v1/models/hot:evaluate", json={"dataset": "hot"}).json
    assert np.array(evaluated["confusion_matrix"]["counts"]).sum() == 30
    numbered = {**one_hot(), "targets": [row.index(1) for row in one_hot()["targets"]], "target_type": "class"}
    same = train({"dataset": numbered, "network": SOFTMAX, "training": {**training, "class_weights": None}})
    without = train({"dataset": "hot", "network": SOFTMAX, "training": {**training, "class_weights": None}})
    assert same["chain"] == without["chain"]  # the same classes, written in another way, train the same bits


def test_one_hot_columns_of_a_table_are_named_classes_in_npz_too(client: FlaskClient, train: Train) -> None:
    stream = io.BytesIO()
    made = one_hot()
    np.savez(stream, x_train=np.array(made["inputs"], dtype="<f4"), y_train=np.array(made["targets"], dtype="u1"))
    assert client.put("/v1/datasets/npz", data=stream.getvalue(), content_type="application/x-npz").status_code == 201
    assert train({"dataset": "npz", "network": SOFTMAX, "training": QUICK})["targets"]["classes"] == [0, 1, 2]
    names = ("red", "green", "blue")
    rows = [
        {"x": x, **dict(zip(names, targets, strict=True))}
        for (x, *_), targets in zip(made["inputs"], made["targets"], strict=True)
    ]
    job = train({"dataset": {"rows": rows, "target": list(names)}, "network": SOFTMAX, "training": QUICK})
    assert job["targets"]["classes"] == list(names)
    assert job["confusion_matrix"]["classes"] == list(names)


def test_several_labels_a_row_under_softmax_are_refused_with_the_way_out(client: FlaskClient) -> None:
    made = one_hot()
    made["targets"][3] = [1, 1, 0]
    error = problem(client.post("/v1/jobs", json={"dataset": made, "network": SOFTMAX}), 422)["errors"][0]
    assert error["pointer"] == "#/dataset"
    assert (
        "use linear outputs, sigmoid ones for several labels a row, or one target column of classes" in error["detail"]
    )


def test_hinge_takes_several_columns_of_minus_one_and_one(client: FlaskClient, train: Train) -> None:
    targets = [[1 if x > 0 else -1, 1 if y > 0 else -1] for x, y in POINTS.tolist()]
    network = {"layers": [{"type": "dense", "units": 2, "activation": "tanh"}]}
    by_low = {}
    for low in (-1, 0):
        dataset = {"inputs": POINTS.tolist(), "targets": [[max(low, target) for target in row] for row in targets]}
        training = {**QUICK, "loss": "hinge"}
        by_low[low] = train({"dataset": dataset, "network": network, "training": training, "model": f"hinge{-low}"})
    assert by_low[-1]["latest"]["training_loss"] == pytest.approx(by_low[0]["latest"]["training_loss"], rel=1e-5)
    assert by_low[-1]["latest"]["metrics"]["training"]["mae"] < 0.5  # the targets are -1 and 1 in metrics too
    answer = client.post("/v1/models/hinge1:predict", json={"instances": [[0.9, -0.9]]}).json
    (first, second) = answer["predictions"][0]
    assert first > 0 > second
    wrong = {"inputs": [[0], [1]], "targets": [[-1, 0], [0, 1]]}
    body = {"dataset": wrong, "network": network, "training": {"loss": "hinge"}}
    error = problem(client.post("/v1/jobs", json=body), 422)["errors"][0]
    assert error["pointer"] == "#/training/loss" and "`target_1` has others" in error["detail"]


def price(values: list[float]) -> dict[str, Any]:
    return {"inputs": [[n] for n in range(len(values))], "targets": [[value, 0.5] for value in values]}


def test_a_cross_entropy_refuses_values_outside_0_to_1(client: FlaskClient, service: Services) -> None:
    network = {"layers": [{"type": "dense", "units": 2, "activation": "sigmoid"}]}
    body = {"dataset": price([0.1, 0.9, 7]), "network": network, "training": {"loss": "binary_cross_entropy"}}
    error = problem(client.post("/v1/jobs", json=body), 422)["errors"][0]
    assert error["pointer"] == "#/training/loss" and "`target_1` lies from 0.1 to 7" in error["detail"]
    client.post("/v1/datasets", json={**price([0.1, 0.9]), "name": "small"})
    client.post("/v1/datasets", json={**price([0.1, 7]), "name": "large"})
    training = {"loss": "cross_entropy", "epochs": 2, "validation": {"dataset": "large"}}
    error = problem(client.post("/v1/jobs", json={"dataset": "small", "network": network, "training": training}), 422)
    assert error["errors"][0]["pointer"] == "#/training/validation/dataset"
    jobs = []
    for rows, status in (([0, 2], "succeeded"), ([1, 3], "failed")):
        answer = client.post("/v1/jobs", json={**body, "training": {**body["training"], "epochs": 2, "rows": rows}})
        assert answer.status_code == 202, answer.text
        assert run_next_job(service, "test", lambda: False)
        jobs.append(client.get(answer.headers["Location"]).json)
        assert jobs[-1]["status"] == status
    error = jobs[1]["error"]
    assert error["code"] == "invalid_data" and "needs targets from 0 to 1" in error["detail"]
    evaluated = client.post(f"/v1/jobs/{jobs[0]['id']}/epochs/1:evaluate", json={"dataset": "large"})
    assert problem(evaluated, 422)["errors"][0]["pointer"] == "#/dataset"


def test_the_answer_says_by_which_rule_targets_are_read(client: FlaskClient) -> None:
    digits = "a,digit\n" + "".join(f"{n % 7},{n % 10}\n" for n in range(60))
    created = client.put("/v1/datasets/digits", data=digits, content_type="text/csv").json
    assert created["target_type"] is None
    job = client.post("/v1/jobs", json={"dataset": "digits"}).json
    assert job["targets"]["kind"] == "classes" and job["targets"]["classes"] == list(range(10))
    assert job["targets"]["because"] == (
        "the values are the 10 whole numbers from 0 to 9, with at least 5 rows each on average; "
        "to have values, give target_type=value with the job or the dataset"
    )
    said = client.put("/v1/datasets/said?target_type=value", data=digits, content_type="text/csv").json
    assert said["target_type"] == "value"
    job = client.post("/v1/jobs", json={"dataset": "said"}).json
    assert job["targets"]["kind"] == "values" and "whole_numbers_as_values" not in str(job["warnings"])
    few = client.post("/v1/jobs", json={"dataset": {"inputs": [[1], [2]], "targets": [3, 4]}}).json
    assert few["targets"]["kind"] == "values"
    (warning,) = [warning for warning in few["warnings"] if isinstance(warning, dict)]
    assert warning["code"] == "whole_numbers_as_values" and "2 distinct whole numbers" in warning["detail"]
    assert client.get(f"/v1/jobs/{few['id']}").json["warnings"] == [warning]
    error = problem(client.post("/v1/jobs", json={"dataset": "said", "training": {"metrics": ["accuracy"]}}), 422)
    assert "target_type=class" in error["errors"][0]["detail"]


def test_a_schedule_that_would_raise_the_rate_is_refused(client: FlaskClient) -> None:
    training = {"schedule": {"type": "cosine", "minimum": 0.2}, "optimizer": {"type": "sgd", "learning_rate": 0.1}}
    body = {"dataset": {"inputs": [[1], [2]], "targets": [0.5, 0.6]}, "training": training}
    error = problem(client.post("/v1/jobs", json=body), 422)["errors"][0]
    assert error["pointer"] == "#/training/schedule/minimum" and "learning_rate, 0.1, got 0.2" in error["detail"]


def test_a_fork_may_change_the_loss_where_it_takes_the_targets_as_they_are(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": signs(), "network": one_unit("tanh"), "training": QUICK})
    change = {"training": {"loss": "hinge", "epochs": 3}, "model": "forked"}
    fork = fork_of(client, job, change)
    assert fork["targets"] == job["targets"] and fork["latest"]["metrics"]["training"]["accuracy"] >= 0.9
    assert fork["latest"]["training_loss"] < 0.3  # 2 T - 1 would make -3 of -1
    scaled = train({"dataset": price([10, 20, 30, 40]), "network": TWO, "training": {"epochs": 2}})
    answer = client.post(f"/v1/jobs/{scaled['id']}:fork", json={"training": {"loss": "hinge"}})
    error = problem(answer, 422)["errors"][0]
    assert error["pointer"] == "#/training/loss" and "the job's are scaled: standardize" in error["detail"]


TWO = {"layers": [{"type": "dense", "units": 2}]}


def fork_of(client: FlaskClient, job: dict[str, Any], change: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/jobs/{job['id']}:fork", json=change)
    assert answer.status_code == 202, answer.text
    services = client.application.extensions["services"]
    assert run_next_job(services, "test", lambda: False)
    ended: dict[str, Any] = client.get(answer.headers["Location"]).json
    assert ended["status"] == "succeeded", ended["error"]
    return ended
