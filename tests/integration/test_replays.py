"""Replays: a record is run again, and what is not as it was recorded is found and named."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.services import Services
from service.store.tables import jobs as jobs_table
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import XOR, problem
from tests.integration.forked import Ask, Job, asker, classes, hashes_of, record_of, verdict_of
from tests.integration.test_forks import DIVERGING, NORMALIZED, WITH_STATES
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG


@pytest.fixture
def ask(client: FlaskClient, service: Services) -> Ask:
    return asker(client, service)


EVERY_LAYER = {
    "layers": [
        {"type": "dense", "units": 6, "activation": "leaky_relu"},
        {"type": "layer_normalization"},
        {"type": "activation", "activation": "gelu"},
        {"type": "dropout", "rate": 0.2},
        {"type": "dense", "units": 3, "activation": "softmax"},
    ]
}
TEN: dict[str, tuple[str, Job]] = {
    "short epochs, compiled": ("auto", {"dataset": XOR, "training": {"epochs": 3000, "batch_size": 4}}),
    "momentum and validation, compiled": ("auto", {"dataset": classes(200), "training": {"epochs": 6}}),
    "Adam in float64, compiled": (
        "auto",
        {"dataset": classes(), "training": {"epochs": 5, "optimizer": "adam", "precision": "float64"}},
    ),
    "AdamW by NumPy": (
        "numpy",
        {"dataset": classes(), "training": {"epochs": 5, "optimizer": "adamw", "batch_size": 7}},
    ),
    "batch normalization and dropout, RMSprop": (
        "auto",
        {"dataset": classes(), "network": NORMALIZED, "training": {"epochs": 5, "optimizer": "rmsprop"}},
    ),
    "layer normalization, NAdam, clipping, label smoothing": (
        "auto",
        {
            "dataset": classes(),
            "network": EVERY_LAYER,
            "training": {
                "epochs": 5,
                "optimizer": "nadam",
                "gradient_clipping": {"norm": 0.5},
                "label_smoothing": 0.1,
                "batch_size": 9,
            },
        },
    ),
    "a cosine with warm-up, Nesterov, l2, class weights": (
        "auto",
        {
            "dataset": classes(),
            "training": {
                "epochs": 8,
                "optimizer": {"type": "sgd", "learning_rate": 0.2, "momentum": 0.9, "nesterov": True},
                "schedule": {"type": "cosine", "warmup_epochs": 2},
                "regularization": {"l2": 0.01},
                "class_weights": "balanced",
            },
        },
    ),
    "early stopping": (
        "auto",
        {
            "dataset": classes(120),
            "training": {
                "epochs": 500,
                "optimizer": {"type": "sgd", "learning_rate": 1.5},
                "early_stopping": {"patience": 2},
            },
        },
    ),
    "rprop and full batches, stop_when": (
        "auto",
        {"dataset": XOR, "training": {"epochs": 400, "optimizer": "rprop", "stop_when": {"training_loss": 0.05}}},
    ),
    "adagrad by NumPy, thinned": (
        "numpy",
        {
            "dataset": classes(),
            "training": {"epochs": 30, "optimizer": "adagrad", "store_parameters": {"every": 7}, "shuffle": False},
        },
    ),
}


@pytest.mark.parametrize("kind", TEN)
def test_ten_different_jobs_are_identical_when_they_are_replayed(
    client: FlaskClient, service: Services, kind: str
) -> None:
    kernels, body = TEN[kind]
    run = asker(client, replace(service, settings=replace(service.settings, kernels=kernels)))
    body = {**body, "training": {"seed": 5, **body["training"]}}
    record = run("/v1/jobs", body)
    replayed = run(f"/v1/jobs/{record['id']}:replay")
    verdict = replayed["replay"]
    assert verdict["identical"] is True and verdict["first_difference"] is None, verdict
    assert verdict["of"] == record["id"] and verdict["through"] == record["progress"]["epoch"]
    assert set(verdict["chain"].values()) == {record["chain"]} and replayed["chain"] == record["chain"]
    assert verdict["checked"]["epochs"] == record["progress"]["epoch"] + 1 == len(hashes_of_all(client, record))
    stored = sum(epoch["parameters_stored"] for epoch in all_epochs(client, record))
    assert verdict["checked"]["stored_parameters"] == stored > 0
    assert verdict["checked"]["losses"] == verdict["checked"]["epochs"]
    assert replayed["warnings"] == record["warnings"] and replayed["model"]["version"] is None
    assert client.get(f"/v1/models/{replayed['id']}").status_code == 404


def all_epochs(client: FlaskClient, job: Job) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := record_of(client, job, found[-1]["epoch"] if found else None):
        found += page
    return found


def hashes_of_all(client: FlaskClient, job: Job) -> list[str]:
    return [epoch["sha256"] for epoch in all_epochs(client, job)]


PAGE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
(CHAIN,) = re.findall(r"```\n(chain=\n.*?)```", PAGE, re.DOTALL)


def test_a_client_with_sha256sum_can_verify_the_chain(client: FlaskClient, ask: Ask) -> None:
    job = ask("/v1/jobs", {"dataset": XOR, "training": {"epochs": 12, "seed": 1}})
    hashes = hashes_of(client, job)
    output = subprocess.run(
        ["bash", "-c", CHAIN],
        env={"HASHES": " ".join(hashes), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert output.stdout.decode().strip() == job["chain"]


def test_a_fork_is_replayed_from_where_it_began(client: FlaskClient, ask: Ask) -> None:
    body = {"dataset": classes(), "network": NORMALIZED, "training": {"epochs": 6, "seed": 5, **WITH_STATES}}
    parent = ask("/v1/jobs", body)
    fork = ask(f"/v1/jobs/{parent['id']}:fork", {"epoch": 3, "training": {"optimizer": "adam", "seed": 8}})
    assert client.delete(f"/v1/jobs/{parent['id']}").status_code == 204
    assert verdict_of(ask, fork)["identical"] is True


def test_jobs_that_diverged_or_were_cancelled_are_replayed_up_to_their_last_epoch(
    client: FlaskClient, service: Services, ask: Ask
) -> None:
    failed = ask("/v1/jobs", DIVERGING, status="failed")
    verdict = verdict_of(ask, failed)
    assert (verdict["identical"], verdict["through"]) == (True, failed["error"]["epoch"])
    held = ask("/v1/jobs", {"dataset": classes(), "hold": True, "training": {"epochs": 8, "seed": 2}}, status="paused")
    assert verdict_of(ask, held)["identical"] is True
    client.post(f"/v1/jobs/{held['id']}:step", json={"epochs": 3})
    assert run_next_job(service, "test", lambda: False)
    assert client.post(f"/v1/jobs/{held['id']}:cancel").status_code == 202
    verdict = verdict_of(ask, held)
    assert (verdict["identical"], verdict["through"]) == (True, 3)


def test_a_job_that_was_paused_and_resumed_is_the_same_as_its_replay(
    client: FlaskClient, service: Services, ask: Ask
) -> None:
    body = {"dataset": XOR, "training": {"epochs": 900, "batch_size": 4, "seed": 2}, "hold": True}
    job = ask("/v1/jobs", body, status="paused")
    for epochs in (17, 300, 583):
        client.post(f"/v1/jobs/{job['id']}:step", json={"epochs": epochs})
        assert run_next_job(service, "test", lambda: False)
    ended = client.get(f"/v1/jobs/{job['id']}").json
    assert ended["status"] == "succeeded"
    verdict = verdict_of(ask, ended)
    assert verdict["identical"] is True and verdict["chain"]["replayed"] == ended["chain"]


def test_a_replay_that_is_stopped_goes_on(client: FlaskClient, service: Services, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 12, "seed": 5}})
    queued = client.post(f"/v1/jobs/{record['id']}:replay", json={"metadata": {"by": "me"}}).json
    assert queued["replay"]["identical"] is None and queued["metadata"] == {"by": "me"}
    assert run_next_job(service, "test", stops_after(3))
    assert client.get(f"/v1/jobs/{queued['id']}").json["status"] == "queued"
    problem(client.delete(f"/v1/jobs/{record['id']}"), 409)
    assert run_next_job(service, "test", lambda: False)
    assert client.get(f"/v1/jobs/{queued['id']}").json["replay"]["identical"] is True
    assert client.delete(f"/v1/jobs/{record['id']}").status_code == 204


def stops_after(asked: int) -> Any:
    """A worker that is stopped once it was asked so many times."""
    left: Iterator[bool] = iter([False] * asked)
    return lambda: next(left, True)


def test_jobs_of_a_version_without_a_chain(client: FlaskClient, service: Services, ask: Ask) -> None:
    job = ask("/v1/jobs", {"dataset": XOR, "hold": True, "training": {"epochs": 300, "seed": 2}}, status="paused")
    client.post(f"/v1/jobs/{job['id']}:step", json={"epochs": 100})
    assert run_next_job(service, "test", lambda: False)

    def forget_chain() -> None:
        with service.database.begin() as connection:
            connection.execute(update(jobs_table).where(jobs_table.c.id == job["id"]).values(chain=None))

    forget_chain()
    client.post(f"/v1/jobs/{job['id']}:resume")
    assert run_next_job(service, "test", lambda: False)
    ended = client.get(f"/v1/jobs/{job['id']}").json
    verdict = verdict_of(ask, ended)
    assert verdict["identical"] is True and set(verdict["chain"].values()) == {ended["chain"]}
    forget_chain()
    verdict = verdict_of(ask, ended)
    assert verdict["identical"] is True and verdict["chain"]["recorded"] is None


def test_a_key_makes_one_replay(client: FlaskClient, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": XOR, "training": {"epochs": 2}})
    key = {"Idempotency-Key": "once"}
    first, again = (client.post(f"/v1/jobs/{record['id']}:replay", headers=key) for _ in range(2))
    assert first.json["id"] == again.json["id"] and again.headers["Idempotent-Replayed"] == "true"


def test_what_cannot_be_replayed_is_refused(client: FlaskClient, service: Services, ask: Ask) -> None:
    problem(client.post("/v1/jobs/job_none:replay"), 404)
    queued = client.post("/v1/jobs", json={"dataset": {**XOR, "name": "rows"}, "training": {"epochs": 2}}).json
    assert "is queued" in problem(client.post(f"/v1/jobs/{queued['id']}:replay"), 409)["detail"]
    assert run_next_job(service, "test", lambda: False)
    replayed = ask(f"/v1/jobs/{queued['id']}:replay")
    assert "is a replay itself" in problem(client.post(f"/v1/jobs/{replayed['id']}:replay"), 409)["detail"]
    assert client.delete("/v1/datasets/rows").status_code == 204
    assert "is gone" in problem(client.post(f"/v1/jobs/{queued['id']}:replay"), 409)["detail"]
    client.post("/v1/datasets", json={**XOR, "name": "rows", "targets": [1, 1, 1, 0]})
    assert "is another one by now" in problem(client.post(f"/v1/jobs/{queued['id']}:replay"), 409)["detail"]
