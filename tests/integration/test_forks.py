"""Forks: a new job that begins at a stored epoch of another one."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.services import Services
from service.store.blobs import references
from service.store.epochs import optimizer_states
from service.store.jobs import jobs
from tests.integration.contract import XOR, problem
from tests.integration.forked import Ask, asker, classes, hashes_of, record_of
from tests.integration.queues import claim_job
from workers.run.run import run_next_job

NORMALIZED = {
    "layers": [
        {"type": "dense", "units": 6, "activation": "relu"},
        {"type": "batch_normalization"},
        {"type": "dropout", "rate": 0.3},
        {"type": "dense", "units": 3, "activation": "softmax"},
    ]
}
DIVERGING = {
    "dataset": {"inputs": [[1.0], [2.0]], "targets": [[1.0], [2.0]]},
    "network": {"layers": [{"type": "dense", "units": 1}]},
    "training": {
        "epochs": 5000,
        "seed": 1,
        "optimizer": {"type": "sgd", "learning_rate": 1.5},
        "preprocessing": {"numbers": "none", "targets": "none"},
    },
}
WITH_STATES = {"store_parameters": {"optimizer_state": True}}


@pytest.fixture
def ask(client: FlaskClient, service: Services) -> Ask:
    return asker(client, service)


@pytest.mark.parametrize(
    ("network", "training"),
    [
        ({"hidden": [5]}, {"optimizer": {"type": "adam"}, "batch_size": 8}),
        ({"hidden": [5]}, {"optimizer": {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9}, "batch_size": "full"}),
        ({"hidden": [5]}, {"optimizer": {"type": "nadam"}, "batch_size": 7, "precision": "float64"}),
        (NORMALIZED, {"optimizer": {"type": "rmsprop"}, "batch_size": 8, "validation": 0.25}),
    ],
)
def test_a_fork_with_the_optimizers_state_goes_on_as_the_parent_did_bit_for_bit(
    client: FlaskClient, ask: Ask, network: Any, training: Any
) -> None:
    body = {"dataset": classes(), "network": network, "training": {"epochs": 9, "seed": 4, **training, **WITH_STATES}}
    parent = ask("/v1/jobs", body)
    fork = ask(f"/v1/jobs/{parent['id']}:fork", {"epoch": 4, "training": {"epochs": 5}})
    assert fork["forked_from"]["job"] == parent["id"] and fork["forked_from"]["epoch"] == 4
    assert fork["forked_from"]["optimizer_state"] == "stored" and fork["forked_from"]["reason"] is None
    assert hashes_of(client, fork) == hashes_of(client, parent)[4:]
    forked, went_on = record_of(client, fork), record_of(client, parent)[4:]
    for mine, theirs in zip(forked[1:], went_on[1:], strict=True):
        assert mine["training_loss"] == pytest.approx(theirs["training_loss"], rel=1e-6)
        assert mine["validation_loss"] == theirs["validation_loss"]


def test_a_fork_without_it_starts_the_optimizer_anew_and_says_so(client: FlaskClient, ask: Ask) -> None:
    training = {"epochs": 6, "seed": 4, "optimizer": "adam"}
    parent = ask("/v1/jobs", {"dataset": classes(), "training": training})
    fork = ask(f"/v1/jobs/{parent['id']}:fork", {"epoch": 3})
    assert fork["forked_from"]["optimizer_state"] == "fresh"
    assert fork["forked_from"]["reason"] == "the job stores no optimizer state"
    assert hashes_of(client, fork)[0] == hashes_of(client, parent)[3]
    assert hashes_of(client, fork)[1] != hashes_of(client, parent)[4]
    assert fork["training"]["epochs"] == 6 and fork["progress"]["epoch"] == 6


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"optimizer": "adam"}, "sgd became adam"),
        ({"optimizer": {"type": "sgd", "learning_rate": 0.1}}, "other settings of sgd"),
        ({"precision": "float64"}, "float32 became float64"),
    ],
)
def test_another_optimizer_starts_fresh(client: FlaskClient, ask: Ask, change: Any, reason: str) -> None:
    parent = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 3, "seed": 1, **WITH_STATES}})
    fork = ask(f"/v1/jobs/{parent['id']}:fork", {"epoch": 2, "training": change})
    assert (fork["forked_from"]["optimizer_state"], fork["forked_from"]["reason"]) == ("fresh", reason)
    before, after = (
        client.get(f"/v1/jobs/{job['id']}/epochs/{epoch}/parameters").json["layers"]
        for job, epoch in ((parent, 2), (fork, 0))
    )
    for layer, carried in zip(before, after, strict=True):
        for name, values in layer.items():
            assert np.array_equal(np.float32(values), np.float32(carried[name]))


def test_each_key_of_training_replaces_the_parents(client: FlaskClient, ask: Ask) -> None:
    training = {"epochs": 4, "seed": 9, "batch_size": 16, "regularization": {"l2": 0.01}, "metrics": ["accuracy"]}
    parent = ask("/v1/jobs", {"dataset": classes(), "training": training, "model": "mine"})
    change = {"optimizer": {"type": "sgd", "learning_rate": 0.7}, "metrics": []}
    fork = ask(
        f"/v1/jobs/{parent['id']}:fork",
        {"epoch": "last", "training": change, "model": "mine", "priority": 3, "metadata": {"why": "rate"}},
    )
    changed = {**parent["training"], "optimizer": {**change["optimizer"], "momentum": 0.0, "nesterov": False}}
    assert fork["training"] == {**changed, "metrics": []}
    assert fork["model"] == {"name": "mine", "version": 2} and fork["priority"] == 3
    assert fork["metadata"] == {"why": "rate"} and fork["forked_from"]["epoch"] == 4
    unnamed = ask(f"/v1/jobs/{parent['id']}:fork")
    assert unnamed["model"] == {"name": unnamed["id"], "version": 1}


def test_preprocessing_and_the_split_stay_the_parents_so_that_losses_compare(client: FlaskClient, ask: Ask) -> None:
    body = {"dataset": {**classes(), "name": "first"}, "training": {"epochs": 3, "seed": 2, "validation": 0.25}}
    parent = ask("/v1/jobs", body)
    client.post("/v1/datasets", json={**classes(40, seed=8), "name": "other"})
    fitted = parent["training"]["preprocessing"]
    fork = ask(f"/v1/jobs/{parent['id']}:fork", {"epoch": 3, "dataset": "other"})
    assert fork["dataset"] == "other" and fork["training"]["preprocessing"] == fitted
    reseeded = ask(f"/v1/jobs/{parent['id']}:fork", {"epoch": 3, "training": {"seed": 77}})
    losses = [record_of(client, job)[-1 if job is parent else 0]["validation_loss"] for job in (parent, reseeded)]
    assert losses[0] == losses[1]
    assert reseeded["forked_from"]["split_seed"] == 2 and reseeded["forked_from"]["draws_from"] == 0
    change = {"training": {"preprocessing": {"numbers": "min_max"}}}
    answer = problem(client.post(f"/v1/jobs/{parent['id']}:fork", json=change), 422)["errors"][0]
    assert answer["pointer"] == "#/training/preprocessing" and "stays the job's" in answer["detail"]


def test_a_dataset_with_fewer_classes_in_another_order_is_read_as_the_parents(client: FlaskClient, ask: Ask) -> None:
    parent = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 20, "seed": 2, "batch_size": 8}})
    rows = [row for row in classes()["rows"] if row[-1] != "u"]
    dataset = {"name": "fewer", "columns": classes()["columns"], "rows": [row for row in rows if row[3] == "light"]}
    fork = ask(f"/v1/jobs/{parent['id']}:fork", {"dataset": dataset, "training": {"class_weights": "balanced"}})
    assert fork["targets"]["classes"] == ["u", "v", "w"]
    assert fork["training"]["class_weights"]["u"] == 1.0
    body = {"dataset": "fewer"}
    found = client.post(f"/v1/jobs/{parent['id']}/epochs/last:evaluate", json=body).json
    assert record_of(client, fork)[0]["metrics"]["training"]["accuracy"] == pytest.approx(found["metrics"]["accuracy"])
    row = client.post(f"/v1/jobs/{fork['id']}/epochs/0:trace", json={"row": 0}).json
    sent = client.post(
        f"/v1/jobs/{fork['id']}/epochs/0:trace",
        json={"instances": [dataset["rows"][0][:-1]], "targets": [dataset["rows"][0][-1]]},
    ).json
    assert row["inputs"] == sent["inputs"] and row["targets"] == sent["targets"]


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"dataset": "none"}, "#/dataset", "there is no dataset"),
        ({"dataset": {"rows": [{"z": 1, "kind": "u"}]}}, "#/dataset", "has other input columns"),
        (
            {"dataset": {"columns": ["a", "b", "c", "shade", "kind"], "rows": [[1, 2, 3, "grey", "u"]] * 2}},
            "#/dataset",
            "has an unknown category: 'grey'",
        ),
        (
            {"dataset": {"columns": ["a", "b", "c", "shade", "kind"], "rows": [[1, 2, 3, "dark", "x"]] * 2}},
            "#/dataset",
            "unknown category: 'x'",
        ),
        (
            {"dataset": {"columns": ["a", "b", "c", "shade", "kind"], "rows": [[1, 2, 3, "dark", "u"]] * 3}},
            "#/dataset",
            "does not go with the job's `training.rows`: must end at 3 at most",
        ),
        ({"training": {"optimizer": "rprop"}}, "#/training/batch_size", "rprop needs full batches"),
        ({"training": {"epoch": 3}}, "#/training/epoch", "did you mean `epochs`?"),
        ({"training": {"rows": [0, 99]}}, "#/training/rows", "must end at 60 at most"),
        ({"training": {"validation": {"dataset": "none"}}}, "#/training/validation/dataset", "there is no dataset"),
        ({"epoch": -1}, "#/epoch", "must be at least 0"),
        ({"epoch": "first"}, "#/epoch", "first"),
        ({"network": "x"}, "#/network", "`network` is not known"),
    ],
)
def test_what_does_not_fit_is_reported_where_it_was_written(
    client: FlaskClient, ask: Ask, body: Any, pointer: str, words: str
) -> None:
    parent = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 2, "rows": [0, 50]}})
    answer = problem(client.post(f"/v1/jobs/{parent['id']}:fork", json=body), 422)["errors"][0]
    assert answer["pointer"] == pointer and words in answer["detail"], answer


def test_an_epoch_that_is_not_stored_is_404_with_the_nearest(client: FlaskClient, ask: Ask) -> None:
    training = {"epochs": 20, "seed": 1, "store_parameters": {"every": 10}, "version_epoch": "last"}
    parent = ask("/v1/jobs", {"dataset": classes(), "training": training})
    answer = problem(client.post(f"/v1/jobs/{parent['id']}:fork", json={"epoch": 11}), 404)
    assert answer["nearest"] == 10
    problem(client.post(f"/v1/jobs/{parent['id']}:fork", json={"epoch": 21}), 404)
    problem(client.post("/v1/jobs/job_none:fork", json={"epochs": 1}), 404)


def test_a_fork_keeps_its_own_copy(client: FlaskClient, service: Services, ask: Ask) -> None:
    body = {"dataset": {**classes(), "name": "rows"}, "training": {"epochs": 4, "seed": 1, **WITH_STATES}}
    parent = ask("/v1/jobs", body)
    expected = hashes_of(client, parent)[2:]
    queued = client.post(f"/v1/jobs/{parent['id']}:fork", json={"epoch": 2, "training": {"epochs": 2}}).json
    assert client.delete(f"/v1/jobs/{parent['id']}").status_code == 204
    assert run_next_job(service, "test", lambda: False)
    assert hashes_of(client, queued) == expected


def test_forks_of_paused_running_and_cancelled_jobs(client: FlaskClient, service: Services, ask: Ask) -> None:
    parent = ask("/v1/jobs", {"dataset": classes(), "hold": True, "training": {"seed": 1}}, status="paused")
    fork = {"epoch": "last", "training": {"epochs": 2}, "priority": 1}
    assert ask(f"/v1/jobs/{parent['id']}:fork", fork)["progress"]["epoch"] == 2
    client.post(f"/v1/jobs/{parent['id']}:resume")
    with service.database.begin() as connection:
        assert claim_job(connection, "another worker", 60) is not None
    assert client.get(f"/v1/jobs/{parent['id']}").json["status"] == "running"
    assert ask(f"/v1/jobs/{parent['id']}:fork", fork)["forked_from"]["epoch"] == 0
    assert client.post(f"/v1/jobs/{parent['id']}:cancel").status_code == 202
    assert ask(f"/v1/jobs/{parent['id']}:fork", fork)["progress"]["epoch"] == 2


def test_a_fork_of_a_job_that_diverged_can_do_better(client: FlaskClient, ask: Ask) -> None:
    failed = ask("/v1/jobs", DIVERGING, status="failed")
    saner = {"epoch": 3, "training": {"optimizer": {"type": "sgd", "learning_rate": 0.1}, "epochs": 200}}
    saved = ask(f"/v1/jobs/{failed['id']}:fork", saner)
    assert saved["latest"]["training_loss"] < 1e-3 < record_of(client, saved)[0]["training_loss"]


def test_a_key_makes_one_fork(client: FlaskClient, ask: Ask) -> None:
    parent = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 2}})
    key = {"Idempotency-Key": "once"}
    first, again = (client.post(f"/v1/jobs/{parent['id']}:fork", json={"epoch": 1}, headers=key) for _ in range(2))
    assert first.json["id"] == again.json["id"] and again.headers["Idempotent-Replayed"] == "true"
    problem(client.post(f"/v1/jobs/{parent['id']}:fork", json={"epoch": 2}, headers=key), 422)


def test_a_fork_of_a_fork_goes_on_with_the_same_draws(client: FlaskClient, ask: Ask) -> None:
    body = {"dataset": classes(), "training": {"epochs": 9, "seed": 6, "batch_size": 8, **WITH_STATES}}
    parent = ask("/v1/jobs", body)
    first = ask(f"/v1/jobs/{parent['id']}:fork", {"epoch": 3, "training": {"epochs": 4}})
    second = ask(f"/v1/jobs/{first['id']}:fork", {"epoch": 2, "training": {"epochs": 4}})
    assert second["forked_from"]["draws_from"] == 5
    assert hashes_of(client, second) == hashes_of(client, parent)[5:]


def test_a_fork_goes_on_bit_for_bit_after_a_pause(client: FlaskClient, service: Services, ask: Ask) -> None:
    body = {"dataset": classes(), "training": {"epochs": 8, "seed": 6, "batch_size": 8, **WITH_STATES}}
    parent = ask("/v1/jobs", body)
    change = {"epoch": 2, "hold": True, "training": {"epochs": 6}}
    fork = ask(f"/v1/jobs/{parent['id']}:fork", change, status="paused")
    assert hashes_of(client, fork) == hashes_of(client, parent)[2:3]
    for epochs in (2, 4):
        client.post(f"/v1/jobs/{fork['id']}:step", json={"epochs": epochs})
        assert run_next_job(service, "test", lambda: False)
    assert client.get(f"/v1/jobs/{fork['id']}").json["status"] == "succeeded"
    assert hashes_of(client, fork) == hashes_of(client, parent)[2:]


def test_parameters_and_states_too_large_for_a_row_are_passed_on_by_reference(
    client: FlaskClient, service: Services, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.blobs.placement.IN_ROW_BYTES", 100)
    body = {
        "dataset": {"name": "rows", **classes()},
        "training": {"epochs": 4, "seed": 6, "batch_size": 8, **WITH_STATES},
    }
    parent = ask("/v1/jobs", body)
    expected = hashes_of(client, parent)[1:]
    queued = client.post(f"/v1/jobs/{parent['id']}:fork", json={"epoch": 1, "training": {"epochs": 3}}).json
    assert client.delete(f"/v1/jobs/{parent['id']}").status_code == 204
    assert run_next_job(service, "test", lambda: False)
    assert hashes_of(client, queued) == expected
    for path in (f"jobs/{queued['id']}", f"models/{parent['id']}", f"models/{queued['id']}", "datasets/rows"):
        assert client.delete(f"/v1/{path}").status_code == 204
    service.blobs.collect(partial(references.referenced, service.database), older_than_seconds=-1)
    assert list(service.blobs.addresses()) == []


def test_states_count_towards_what_stored_epochs_may_take(client: FlaskClient, service: Services, ask: Ask) -> None:
    limit, stored = 50_000, []
    for with_states in (False, True):
        storing = {"optimizer_state": with_states, "limit_bytes": limit}
        training = {"epochs": 400, "seed": 1, "optimizer": "adam", "store_parameters": storing}
        job = ask("/v1/jobs", {"dataset": XOR, "training": training})
        epochs = [epoch["epoch"] for epoch in record_of(client, job) if epoch["parameters_stored"]]
        with service.database.read() as connection:
            number = jobs.get_job(connection, job["id"]).number
            states = [optimizer_states.load(connection, number, epoch) for epoch in range(401)]
        assert [epoch for epoch, state in enumerate(states) if state is not None] == (epochs if with_states else [])
        assert sum(4 * 49 + len(state.bytes or b"") for state in states if state is not None) <= limit
        stored.append(len(epochs))
    assert 3 * stored[1] < stored[0]
