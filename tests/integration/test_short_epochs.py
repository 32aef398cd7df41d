"""Short epochs are trained and stored together; what is read of them is what one alone would have left."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

pytest.importorskip("numba")

XOR: dict[str, Any] = {
    "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]},
    "network": {
        "layers": [
            {"type": "dense", "units": 4, "activation": "sigmoid"},
            {"type": "dense", "units": 1, "activation": "sigmoid"},
        ]
    },
    "training": {"epochs": 12_345, "batch_size": 4, "loss": "quadratic", "seed": 5},
}


Train = Callable[..., dict[str, Any]]


def xor(**training: Any) -> dict[str, Any]:
    return {**XOR, "training": {**XOR["training"], **training}}


def epochs_of(client: FlaskClient, job: dict[str, Any], query: str) -> list[dict[str, Any]]:
    return list(client.get(f"/v1/jobs/{job['id']}/epochs?{query}").json["data"])


def test_every_epoch_is_there_once_with_its_parameters_and_their_hash(client: FlaskClient, train: Train) -> None:
    job = train(xor())
    numbers: list[int] = []
    while True:
        page = epochs_of(client, job, f"limit=1000&after={numbers[-1]}" if numbers else "limit=1000")
        numbers += [epoch["epoch"] for epoch in page]
        if len(page) < 1000:
            break
    assert numbers == list(range(12_346))
    for number in (0, 1, 3, 2_999, 10_001, 12_345):
        record = epochs_of(client, job, f"limit=1&after={number - 1}" if number else "limit=1")[0]
        assert record["epoch"] == number
        parameters = client.get(f"/v1/jobs/{job['id']}/epochs/{number}/parameters").json
        flat = [np.array(layer[name], "<f4") for layer in parameters["layers"] for name in ("weights", "biases")]
        data = b"".join(array.tobytes() for array in flat)
        assert hashlib.sha256(data).hexdigest() == record["sha256"] == parameters["sha256"]
    assert job["latest"]["epoch"] == 12_345
    assert set(job["latest"]["metrics"]["training"]) == {"accuracy"}


def test_points_show_lowest_and_highest_of_each_bucket(client: FlaskClient, train: Train) -> None:
    job = train(xor())
    shown = epochs_of(client, job, "points=100")
    numbers = [epoch["epoch"] for epoch in shown]
    assert numbers == sorted(set(numbers))
    assert 50 <= len(numbers) <= 100
    lines = client.get(f"/v1/jobs/{job['id']}/epochs?format=csv").text.splitlines()
    assert len(lines) == 12_346 + 1


def test_thinned_short_epochs_keep_first_best_and_last(client: FlaskClient, train: Train) -> None:
    job = train(xor(store_parameters={"every": 1000}))
    stored = [record["epoch"] for record in epochs_of(client, job, "limit=1000") if record["parameters_stored"]]
    assert stored[0] == 0
    last = epochs_of(client, job, "after=12344")[0]
    assert last["parameters_stored"]
    best = client.get(f"/v1/jobs/{job['id']}/epochs/best/parameters").json
    assert best["epoch"] == job["best_epoch"]
    record = epochs_of(client, job, f"limit=1&after={job['best_epoch'] - 1}")[0]
    assert record["parameters_stored"]
    missing = client.get(f"/v1/jobs/{job['id']}/epochs/4400/parameters")
    assert missing.status_code == 404
    assert missing.json["nearest"] == 4000


def test_short_epochs_that_diverge_keep_the_last_finite_one(client: FlaskClient, service: Services) -> None:
    body = {
        "dataset": {"inputs": [[1.0], [2.0]], "targets": [[1.0], [2.0]]},
        "network": {"layers": [{"type": "dense", "units": 1}]},
        "training": {
            "epochs": 5_000,
            "optimizer": {"type": "sgd", "learning_rate": 1.5},
            "loss": "mean_squared_error",
            "preprocessing": {"numbers": "none", "targets": "none"},
        },
    }
    accepted = client.post("/v1/jobs", json=body)
    assert run_next_job(service, "test", lambda: False)
    job = client.get(accepted.headers["Location"]).json
    assert job["status"] == "failed"
    assert job["error"]["code"] == "diverged"
    last = job["error"]["epoch"]
    assert job["latest"]["epoch"] == last > 1
    assert client.get(f"/v1/jobs/{job['id']}/epochs/{last}/parameters").status_code == 200
