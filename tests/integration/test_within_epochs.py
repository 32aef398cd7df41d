"""Long epochs: a run that stops or dies within one goes on from there, with the same bits."""

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.backprop.training.kernels import has_numba
from service.services import Services
from service.store import workers
from service.store.jobs import jobs
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.interrupting import Died, after, die
from workers.run import flush_policy, run
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

EPOCHS, BATCHES = 3, 100
DENSE = {"layers": [{"type": "dense", "units": 5, "activation": "relu"}, {"type": "dense", "units": 3}]}
NORMALIZED = {
    "layers": [
        {"type": "dense", "units": 6, "activation": "tanh"},
        {"type": "batch_normalization"},
        {"type": "dropout", "rate": 0.2},
        {"type": "dense", "units": 3},
    ]
}


def submit(client: FlaskClient, network: dict[str, Any]) -> str:
    random = np.random.default_rng(4)
    X = random.normal(size=(8 * BATCHES, 4)).round(3)
    dataset = {"inputs": X.tolist(), "targets": np.sin(X[:, :3]).round(3).tolist()}
    training = {"epochs": EPOCHS, "batch_size": 8, "seed": 2, "optimizer": "adam", "metrics": ["r2"]}
    answer = client.post("/v1/jobs", json={"dataset": dataset, "network": network, "training": training})
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def record(client: FlaskClient, job: str) -> list[dict[str, Any]]:
    """All figures of the epochs but how long they took."""
    epochs = client.get(f"/v1/jobs/{job}/epochs").json["data"]
    return [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in epochs]


@pytest.mark.parametrize(("network", "calls"), [(DENSE, 5), (NORMALIZED, 37)], ids=["dense", "normalized"])
def test_a_run_that_stops_within_every_epoch_ends_as_undisturbed(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, network: dict[str, Any], calls: int
) -> None:
    if has_numba():
        monkeypatch.setattr("service.backprop.compiled.steps.CHUNK_BYTES", 1000)  # a call every 7 batches
    undisturbed, job = submit(client, network), submit(client, network)
    assert run_next_job(service, "test", lambda: False)
    attempts = 0
    while client.get(f"/v1/jobs/{job}").json["status"] != "succeeded":
        assert run_next_job(service, "test", after(calls))
        attempts += 1
        assert attempts < 30
    assert attempts > 1
    assert record(client, job) == record(client, undisturbed)


def test_a_run_that_dies_within_long_epochs_goes_on_from_the_last_minute(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = submit(client, NORMALIZED)
    assert run_next_job(service, "test", lambda: False)
    monkeypatch.setattr(flush_policy, "WITHIN_SECONDS", 0.0)
    job = submit(client, NORMALIZED)
    for attempt in range(1, 6):  # each dies sooner than an epoch takes
        with pytest.raises(Died):
            run_next_job(service, "host:1:2", after(40, die))
        with service.database.begin() as connection:
            assert jobs.get_job(connection, job).stored_attempt == attempt
            workers.remove_ended(connection, "host:1:2", 1)
    assert client.get(f"/v1/jobs/{job}").json["progress"]["epoch"] > 0
    assert run_next_job(service, "test", lambda: False)
    assert record(client, job) == record(client, undisturbed)


def test_a_turn_ends_within_an_epoch_whose_end_is_too_far(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, job = submit(client, NORMALIZED), submit(client, NORMALIZED)
    assert run_next_job(service, "test", lambda: False)

    class Waited(run.Lease):
        """Others have waited for longer than it is patient, once 50 batches are passed."""

        def stop(self) -> bool:
            self.turn_is_over = self.batches >= 50
            self._turn_by = 0.0 if self.turn_is_over else None
            return super().stop()

    with monkeypatch.context() as patched:
        patched.setattr(run, "Lease", Waited)
        assert run_next_job(service, "test", lambda: False)
    waiting = client.get(f"/v1/jobs/{job}").json
    assert (waiting["status"], waiting["progress"]["epoch"]) == ("queued", 0)
    assert run_next_job(service, "test", lambda: False)
    assert record(client, job) == record(client, undisturbed)


def test_a_run_whose_stops_are_closer_than_a_validation_takes_ends_as_undisturbed(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.backprop.training.evaluator.EVALUATE_ROWS", 256)
    random = np.random.default_rng(4)
    X = random.normal(size=(2700, 4)).round(3)
    dataset = {"inputs": X.tolist(), "targets": np.sin(X[:, :3]).round(3).tolist()}
    training = {"epochs": 2, "batch_size": 8, "seed": 2, "metrics": ["r2"], "validation": 0.95}
    jobs_of_both = []
    for _ in range(2):
        answer = client.post("/v1/jobs", json={"dataset": dataset, "network": NORMALIZED, "training": training})
        assert answer.status_code == 202, answer.text
        jobs_of_both.append(str(answer.json["id"]))
    undisturbed, job = jobs_of_both
    assert run_next_job(service, "test", lambda: False)
    assert run_next_job(service, "test", after(20))  # past the 11 chunks that validate epoch 0
    attempts = 1
    while client.get(f"/v1/jobs/{job}").json["status"] != "succeeded":
        assert run_next_job(service, "test", after(8))
        attempts += 1
        assert attempts < 30
    assert attempts > 5
    assert record(client, job) == record(client, undisturbed)
