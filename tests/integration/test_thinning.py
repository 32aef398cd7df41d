"""A job that stores more than it may: older epochs go, the rest that is reported is there, with the right bytes."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.services import Services
from service.store.epochs import thinning
from service.store.epochs.parameter_history import stored_epochs
from service.store.jobs import jobs
from tests.integration.contract import XOR
from workers.run import flush_policy
from workers.run.run import run_next_job

SIZE = 68  # bytes of 17 parameters
NETWORK = {"layers": [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": 1}]}
DROPPING = {"layers": [NETWORK["layers"][0], {"type": "dropout", "rate": 0.1}, NETWORK["layers"][1]]}


@pytest.fixture(autouse=True)
def flushed_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flush_policy, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(flush_policy, "FLUSH_SHARE", 1e9)


def body(network: dict[str, Any], epochs: int, **storing: Any) -> dict[str, Any]:
    training = {"epochs": epochs, "batch_size": 4, "seed": 3, "store_parameters": storing}
    return {"dataset": XOR, "network": network, "training": training}


def records(client: FlaskClient, job: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in client.get(f"/v1/jobs/{job}/epochs?format=jsonl").text.splitlines()]


@pytest.mark.parametrize(
    ("network", "epochs", "every"), [(NETWORK, 5000, 1), (NETWORK, 5000, 3), (DROPPING, 400, 1), (DROPPING, 400, 3)]
)
def test_older_epochs_are_thinned_and_the_rest_is_as_reported(
    client: FlaskClient, service: Services, train: Callable[..., Any], network: dict[str, Any], epochs: int, every: int
) -> None:
    room = epochs // 12
    job = train(body(network, epochs, every=every, limit_bytes=SIZE * room))
    reported = [record["parameters_stored"] for record in records(client, job["id"])]
    with service.database.read() as connection:
        number = jobs.get_job(connection, job["id"]).number
        stored = stored_epochs(connection, number)
        taken = thinning.stored_bytes(connection, number, SIZE)
    assert [epoch for epoch, is_stored in enumerate(reported) if is_stored] == stored
    assert len(reported) == epochs + 1
    assert room / 3 < len(stored) <= room + 2 and taken == SIZE * len(stored)
    assert {0, job["best_epoch"], epochs} <= set(stored)
    assert stored[:4] == [0, every, 2 * every, 3 * every]
    for epoch in stored[:: max(1, len(stored) // 40)]:
        answer = client.get(f"/v1/jobs/{job['id']}/epochs/{epoch}/parameters?format=npz")
        assert answer.status_code == 200, answer.text
        assert client.get(f"/v1/jobs/{job['id']}/epochs/{epoch}/parameters").json["epoch"] == epoch
    missing = next(epoch for epoch in range(epochs) if not reported[epoch])
    gone = client.get(f"/v1/jobs/{job['id']}/epochs/{missing}/parameters")
    assert gone.status_code == 404 and gone.json["nearest"] in stored


def test_what_is_left_has_the_bytes_of_an_undisturbed_run(client: FlaskClient, train: Callable[..., Any]) -> None:
    whole, thinned = train(body(NETWORK, 3000)), train(body(NETWORK, 3000, limit_bytes=SIZE * 200))
    for record in records(client, thinned["id"]):
        if record["parameters_stored"] and record["epoch"] % 7 == 0:
            paths = [f"/v1/jobs/{job['id']}/epochs/{record['epoch']}/parameters" for job in (whole, thinned)]
            one, other = (client.get(path).json for path in paths)
            assert one == other and one["sha256"] == record["sha256"]


def test_the_rule_is_in_the_jobs_answer(client: FlaskClient, service: Services) -> None:
    by_default = client.post("/v1/jobs", json=body(NETWORK, 2)).json["training"]["store_parameters"]
    rule = {"every": 1, "limit_bytes": 256 * 1024 * 1024, "beyond": "logarithmic", "optimizer_state": False}
    assert by_default == rule
    more = client.post("/v1/jobs", json=body(NETWORK, 2, limit_bytes=10**12)).json["training"]["store_parameters"]
    assert more["limit_bytes"] == service.settings.stored_epochs_bytes


def test_networks_that_do_not_fit_even_once_keep_the_first_the_best_and_the_last(
    client: FlaskClient, train: Callable[..., Any]
) -> None:
    job = train(body(DROPPING, 40, limit_bytes=1))
    reported = [record["epoch"] for record in records(client, job["id"]) if record["parameters_stored"]]
    assert set(reported) == {0, job["best_epoch"], 40}


def test_a_job_that_stopped_and_goes_on_counts_what_is_stored(client: FlaskClient, service: Services) -> None:
    job = client.post("/v1/jobs", json=body(DROPPING, 300, limit_bytes=SIZE * 30)).json["id"]
    for _ in range(6):
        asked = iter(range(10**9))
        run_next_job(service, "test", lambda asked=asked: next(asked) > 60)
    run_next_job(service, "test", lambda: False)
    assert client.get(f"/v1/jobs/{job}").json["status"] == "succeeded"
    with service.database.read() as connection:
        assert len(stored_epochs(connection, jobs.get_job(connection, job).number)) <= 32


def test_a_sha256_is_reported_for_every_epoch(client: FlaskClient, train: Callable[..., Any]) -> None:
    job = train(body(NETWORK, 1000, limit_bytes=SIZE * 20))
    assert all(len(record["sha256"]) == hashlib.sha256().digest_size * 2 for record in records(client, job["id"]))
