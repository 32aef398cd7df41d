"""Every stored epoch of a job can be asked about, while it runs and after it failed; answers stay of bounded size."""

import hashlib
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import SMALL
from tests.integration.explained import Train, epochs_of, get, post
from tests.integration.forked import Job, classes, record_of
from tests.integration.queues import claim_job
from tests.integration.test_forks import DIVERGING
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG


def running(client: FlaskClient, service: Services) -> Job:
    """A job that has trained five epochs and is in a worker's hands."""
    body = {"dataset": {"name": "rows", **classes()}, "hold": True, "training": {"seed": 1, "epochs": 50}}
    job: Job = client.post("/v1/jobs", json=body).json
    assert run_next_job(service, "test", lambda: False)
    client.post(f"/v1/jobs/{job['id']}:step", json={"epochs": 5})
    assert run_next_job(service, "test", lambda: False)
    client.post(f"/v1/jobs/{job['id']}:resume")
    with service.database.begin() as connection:
        assert claim_job(connection, "another worker", 60) is not None
    assert client.get(f"/v1/jobs/{job['id']}").json["status"] == "running"
    return job


def failed(client: FlaskClient, service: Services) -> Job:
    body = {**DIVERGING, "dataset": {"name": "rows", **DIVERGING["dataset"]}}
    job: Job = client.post("/v1/jobs", json=body).json
    assert run_next_job(service, "test", lambda: False)
    assert client.get(f"/v1/jobs/{job['id']}").json["error"]["code"] == "diverged"
    return job


@pytest.mark.parametrize("made", [running, failed])
def test_every_stored_epoch_of_running_and_failed_jobs_can_be_asked_about(
    client: FlaskClient, service: Services, made: Any
) -> None:
    job = made(client, service)
    records = record_of(client, job)
    assert len(records) > 5 and all(record["parameters_stored"] for record in records)
    where, last = epochs_of(job), records[-1]["epoch"]
    row = [0.1, 0.2, 0.3, "dark"] if made is running else [0.5]
    for record in records:
        epoch = record["epoch"]
        parameters = get(client, f"{where}/{epoch}/parameters")
        arrays = [layer[name] for layer in parameters["layers"] for name in ("weights", "biases") if name in layer]
        data = b"".join(np.array(array, "<f4").tobytes() for array in arrays)
        assert hashlib.sha256(data).hexdigest() == record["sha256"] == parameters["sha256"]
        if record["training_loss"] < 1e30:  # just before it diverged, a prediction may be beyond a float32
            assert post(client, f"{where}/{epoch}:predict", {"instances": [row]})["epoch"] == epoch
        trace = post(client, f"{where}/{epoch}:trace", {"row": 1})
        assert trace["epoch"] == epoch
        assert trace["update"][0]["before"]["weights"][0][0] == pytest.approx(parameters["layers"][0]["weights"][0][0])
        slope = get(client, f"{where}/{epoch}/slope?layer=0&weight=0,0&points=3")
        assert slope["value"] == pytest.approx(parameters["layers"][0]["weights"][0][0])
        diff = get(client, f"{where}/{epoch}/diff/last")
        assert diff["identical"] == (epoch == last) and diff["from"]["sha256"] == record["sha256"]
        evaluated = post(client, f"{where}/{epoch}:evaluate", {"dataset": "rows"})
        assert evaluated["epoch"] == epoch
        if epoch == 0:
            assert evaluated["loss"] == pytest.approx(record["training_loss"], rel=1e-5)


def test_answers_about_large_networks_are_of_bounded_size(client: FlaskClient) -> None:
    """Of 3,003,000 parameters, and of 200 layers."""
    wide = [{"type": "dense", "units": 3000, "activation": "tanh"}]
    deep = [{"type": "dense", "units": 30, "activation": "tanh"}] * 200
    for name, inputs, layers in (("wide", 1000, wide), ("deep", 30, deep)):
        client.post("/v1/networks", json={"name": name, "inputs": inputs, "layers": layers})
        outputs = layers[-1]["units"]
        body = {"instances": [[0.1] * inputs] * 2, "targets": [[0.5] * outputs] * 2, "seed": 1, "optimizer": "adam"}
        for query in ("", "?explain=true"):
            answer = client.post(f"/v1/networks/{name}:trace{query}", json=body)
            assert answer.status_code == 200, answer.text[:500]
            assert len(answer.data) < 8_000_000, (name, query, len(answer.data))
            if query:
                assert len(answer.json["formulas"]) <= 5003 and answer.json["formulas_left_out"] > 0
        assert len(client.post(f"/v1/networks/{name}:gradient-check", json={"seed": 1}).data) < 200_000


def test_answers_about_100_000_parameters_are_of_bounded_size(client: FlaskClient, train: Train) -> None:
    random = np.random.default_rng(1)
    rows = {"inputs": random.uniform(0, 1, (300, 784)).round(3).tolist(), "targets": (np.arange(300) % 10).tolist()}
    layers = [
        {"type": "dense", "units": 125, "activation": "relu"},
        {"type": "dense", "units": 10, "activation": "softmax"},
    ]
    job = train({"dataset": rows, "network": {"layers": layers}, "training": {**SMALL, "epochs": 1}})
    where = epochs_of(job)
    for most, method, path, body in (
        (300_000, "POST", "1:trace", {"row": 7}),
        (1_500_000, "POST", "1:trace?explain=true", {"row": 7}),
        (30_000_000, "POST", "1:trace?full=true", {"row": 7}),
        (5_000, "POST", "1:gradient-check", {}),
        (10_000, "GET", "1/slope?layer=0&weight=300,4", None),
        (30_000, "GET", "1/surface?x=0,300,4&y=1,3,2", None),
        (50_000, "GET", "0/diff/1", None),
    ):
        answer = client.open(f"{where}/{path}", method=method, json=body)
        assert answer.status_code == 200 and len(answer.data) < most, (path, len(answer.data))
