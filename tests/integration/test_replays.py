"""Replays: a record is run again, and what is not as it was recorded is found and named."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.parts import Parts
from service.store import epoch_runs, jobs
from service.store.tables import epoch_runs as runs_table
from service.store.tables import epochs as epochs_table
from service.store.tables import jobs as jobs_table
from service.store.tables import parameters
from tests.integration.contract import XOR, problem
from tests.integration.forked import Ask, Job, asker, classes, hashes_of, record_of
from tests.integration.test_forks import DIVERGING, KEPT, NORMALIZED
from workers.training_run import run_next_job

BOTH = "stored_parameters and recorded_sha256"


@pytest.fixture
def ask(client: FlaskClient, service: Parts) -> Ask:
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
    client: FlaskClient, service: Parts, kind: str
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
    assert replayed["warnings"] == record["warnings"] and replayed["model"]["version"] is None
    assert client.get(f"/v1/models/{replayed['id']}").status_code == 404


def all_epochs(client: FlaskClient, job: Job) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := record_of(client, job, found[-1]["epoch"] if found else None):
        found += page
    return found


def hashes_of_all(client: FlaskClient, job: Job) -> list[str]:
    return [epoch["sha256"] for epoch in all_epochs(client, job)]


CHAIN = """\
set -e
chain=
for sha256 in $HASHES; do
  chain=$(printf "$(printf %s "$chain$sha256" | sed 's/../\\\\x&/g')" | sha256sum | cut -c1-64)
done
echo "$chain"
"""


def test_a_client_with_sha256sum_can_verify_the_chain(client: FlaskClient, ask: Ask) -> None:
    job = ask("/v1/jobs", {"dataset": XOR, "training": {"epochs": 12, "seed": 1}})
    hashes = hashes_of(client, job)
    told = subprocess.run(
        ["bash", "-c", CHAIN],
        env={"HASHES": " ".join(hashes), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert told.stdout.decode().strip() == job["chain"]


def flip(service: Parts, job: Job, epoch: int, byte: int, bit: int = 0) -> None:
    """Change one bit of what is stored after an epoch."""
    with service.database.begin() as connection:
        number = jobs.get_job(connection, job["id"]).number
        where = (parameters.c.job == number, parameters.c.first_epoch <= epoch)
        row = connection.execute(
            select(parameters).where(*where).order_by(parameters.c.first_epoch.desc()).limit(1)
        ).one()
        data = bytearray(row.bytes)
        data[(epoch - row.first_epoch) // row.stride * row.size + byte] ^= 1 << bit
        mine = (parameters.c.job == number, parameters.c.first_epoch == row.first_epoch)
        connection.execute(update(parameters).where(*mine).values(bytes=bytes(data)))


def change_hash(service: Parts, job: Job, epoch: int) -> None:
    """Change what is recorded as an epoch's hash."""
    with service.database.begin() as connection:
        number = jobs.get_job(connection, job["id"]).number
        where = (epochs_table.c.job == number, epochs_table.c.epoch == epoch)
        if connection.execute(update(epochs_table).where(*where).values(sha256="0" * 64)).rowcount:
            return
        (run,) = epoch_runs.runs_between(connection, number, epoch, epoch)
        sha256 = run.sha256.copy()
        sha256[epoch - run.first_epoch] = 0
        values = epoch_runs._values(number, replace(run, sha256=sha256))
        of_run = (runs_table.c.job == number, runs_table.c.first_epoch == run.first_epoch)
        assert connection.execute(update(runs_table).where(*of_run).values(columns=values["columns"])).rowcount == 1


def verdict_of(ask: Ask, record: Job) -> dict[str, Any]:
    verdict: dict[str, Any] = ask(f"/v1/jobs/{record['id']}:replay")["replay"]
    return verdict


@pytest.mark.parametrize(
    ("body", "epoch"),
    [({"dataset": classes(), "training": {"epochs": 9, "seed": 5}}, 4), ({**TEN["short epochs, compiled"][1]}, 2345)],
)
def test_one_flipped_bit_in_a_stored_epoch_is_found_and_named(
    client: FlaskClient, service: Parts, ask: Ask, body: Job, epoch: int
) -> None:
    record = ask("/v1/jobs", body)
    layers = client.get(f"/v1/jobs/{record['id']}/epochs/{epoch}/parameters").json["layers"]
    before = sum(np.size(array) for array in layers[0].values())
    index = [3, 0]
    at = before + index[0] * len(layers[1]["weights"][0]) + index[1]
    flip(service, record, epoch, byte=4 * at + 1, bit=5)
    verdict = verdict_of(ask, record)
    found = verdict["first_difference"]
    assert verdict["identical"] is False
    assert (found["epoch"], found["layer"], found["parameter"], found["index"]) == (epoch, 1, "weights", index)
    assert found["in"] == "stored_parameters"
    assert found["sha256"]["recorded"] == found["sha256"]["replayed"] != found["sha256"]["stored"]
    assert client.get(f"/v1/jobs/{record['id']}/epochs/{epoch}/parameters").status_code == 500


def test_a_flipped_bit_is_named_in_a_thinned_record_too(
    client: FlaskClient, service: Parts, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as often:
        often.setattr("workers.recorder.FLUSH_SECONDS", 0.0)
        often.setattr("workers.recorder.FLUSH_SHARE", 1e9)
        training = {"epochs": 300, "seed": 5, "optimizer": "rprop", "store_parameters": {"limit_bytes": 10_000}}
        record = ask("/v1/jobs", {"dataset": XOR, "training": training})
    stored = [epoch["epoch"] for epoch in record_of(client, record) if epoch["parameters_stored"]]
    assert 10 < len(stored) < 60
    flip(service, record, stored[-12], byte=2)
    found = verdict_of(ask, record)["first_difference"]
    assert (found["epoch"], found["layer"], found["in"]) == (stored[-12], 0, "stored_parameters")


@pytest.mark.parametrize("kernels", ["numpy", "numba"])  # each epoch by itself, and many in one row
def test_a_changed_hash_is_found(client: FlaskClient, service: Parts, kernels: str) -> None:
    pytest.importorskip("numba")
    ask = asker(client, replace(service, settings=replace(service.settings, kernels=kernels)))
    training = {"epochs": 300, "seed": 5, "batch_size": 4, "store_parameters": {"every": 50}}
    record = ask("/v1/jobs", {"dataset": XOR, "training": training})
    change_hash(service, record, 123)
    verdict = verdict_of(ask, record)
    found = verdict["first_difference"]
    assert (verdict["identical"], found["epoch"], found["layer"]) == (False, 123, None)
    assert found["in"] == "recorded_sha256" and found["sha256"]["recorded"] == "0" * 64
    assert "the record has no parameters of this epoch" in found["reason"]
    assert verdict["chain"]["recorded"] == verdict["chain"]["replayed"] != verdict["chain"]["of_rows"]


def test_parameters_and_hash_changed_together_are_found(client: FlaskClient, service: Parts, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 6, "seed": 5}})
    flip(service, record, 3, byte=0)
    change_hash(service, record, 3)
    found = verdict_of(ask, record)["first_difference"]
    assert (found["epoch"], found["layer"], found["in"], found["index"]) == (3, 0, BOTH, [0, 0])


def test_a_changed_chain_is_found(service: Parts, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": XOR, "training": {"epochs": 6, "seed": 5}})
    with service.database.begin() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.id == record["id"]).values(chain="12" * 32))
    verdict = verdict_of(ask, record)
    assert verdict["identical"] is False and verdict["first_difference"]["in"] == "chain"
    assert verdict["first_difference"]["epoch"] is None and verdict["first_difference"]["reason"]


def test_an_epoch_that_is_gone_is_found(service: Parts, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 6, "seed": 5}})
    with service.database.begin() as connection:
        number = jobs.get_job(connection, record["id"]).number
        connection.execute(epochs_table.delete().where(epochs_table.c.job == number, epochs_table.c.epoch == 2))
    found = verdict_of(ask, record)["first_difference"]
    assert (found["epoch"], found["in"], found["sha256"]["recorded"]) == (2, "length", None)


def test_another_computation_is_told_from_a_changed_record(client: FlaskClient, service: Parts, ask: Ask) -> None:
    """As on another machine: the replay itself comes to other bits."""
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 6, "seed": 5}})
    queued = client.post(f"/v1/jobs/{record['id']}:replay").json
    with service.database.begin() as connection:
        training = {**record["training"], "regularization": {"l1": 0.0, "l2": 1e-6, "max_norm": None}}
        training["preprocessing"] = {"numbers": "auto", "targets": "auto", "missing": "error"}
        where = jobs_table.c.id == queued["id"]
        connection.execute(update(jobs_table).where(where).values(training=training, fingerprint="numpy 0.1; core z80"))
    assert run_next_job(service, "test", lambda: False)
    replayed = client.get(f"/v1/jobs/{queued['id']}").json
    found = replayed["replay"]["first_difference"]
    assert (found["epoch"], found["layer"], found["in"]) == (1, 0, "computation")
    assert found["sha256"]["recorded"] == found["sha256"]["stored"] != found["sha256"]["replayed"]
    assert [warning["code"] for warning in replayed["warnings"]] == ["other_machine"]
    assert (
        "core z80" in replayed["warnings"][0]["detail"] and "its bits may differ" in replayed["warnings"][0]["detail"]
    )


def test_a_fork_is_replayed_from_where_it_began(client: FlaskClient, ask: Ask) -> None:
    body = {"dataset": classes(), "network": NORMALIZED, "training": {"epochs": 6, "seed": 5, **KEPT}}
    parent = ask("/v1/jobs", body)
    fork = ask(f"/v1/jobs/{parent['id']}:fork", {"epoch": 3, "training": {"optimizer": "adam", "seed": 8}})
    assert client.delete(f"/v1/jobs/{parent['id']}").status_code == 204
    assert verdict_of(ask, fork)["identical"] is True


def test_jobs_that_diverged_or_were_cancelled_are_replayed_up_to_their_last_epoch(
    client: FlaskClient, service: Parts, ask: Ask
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
    client: FlaskClient, service: Parts, ask: Ask
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


def test_a_replay_that_is_stopped_goes_on(client: FlaskClient, service: Parts, ask: Ask) -> None:
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


def test_what_cannot_be_replayed_is_told(client: FlaskClient, service: Parts, ask: Ask) -> None:
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
