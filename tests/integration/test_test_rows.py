"""Test rows: held out from everything, measured once at the version's epoch, and stored with the version."""

import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.preprocessing.batches import open_rows
from service.preprocessing.row_selection import Selection
from service.preprocessing.splitting import split
from service.services import Services
from service.store import datasets
from service.store.jobs import jobs
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import problem
from workers.run import ending, lease, run
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

TRAINING = {"epochs": 4, "batch_size": 16, "seed": 3}
ROWS = 150
Train = Callable[..., dict[str, Any]]
Rows = list[list[Any]]


def values(changed: frozenset[int] = frozenset()) -> Rows:
    """Return rows of two numbers and a target; those that are `changed` have others, far from the rest."""
    chance = random.Random(5)
    rows: Rows = [[round(chance.gauss(0, 2), 3), round(chance.random(), 3)] for _ in range(ROWS)]
    for row in rows:
        row.append(round(row[0] * 0.5 - row[1], 3))
    return [[cell * 1000 + 7 for cell in row] if index in changed else row for index, row in enumerate(rows)]


def classes() -> Rows:
    return [[a, b, "u" if y > 0.3 else "v" if y > -0.7 else "w"] for a, b, y in values()]


def store(client: FlaskClient, name: str, rows: Rows, **more: Any) -> str:
    columns = ["a", "b", "y", "weight"][: len(rows[0])]
    given = {"target": "y", **({"weight": "weight"} if "weight" in columns else {})}
    body = {"name": name, "columns": columns, "rows": rows, **given, **more}
    answer = client.post("/v1/datasets", json=body)
    assert answer.status_code == 201, answer.text
    return name


def held_out(service: Services, job: dict[str, Any]) -> list[int]:
    with service.database.read() as connection:
        record = jobs.get_job(connection, job["id"])
        dataset = datasets.get_dataset(connection, record.dataset.reference)
    found = split(dataset.table, open_rows(service.blobs.path(dataset.address)), record.splitting)
    assert found.test is not None and not set(listed(found.test)) & set(listed(found.training))
    return listed(found.test)


def listed(rows: Selection) -> list[int]:
    return rows.at(np.arange(len(rows), dtype=np.intp)).tolist()


def hashes(client: FlaskClient, job: dict[str, Any]) -> list[str]:
    return [epoch["sha256"] for epoch in client.get(f"/v1/jobs/{job['id']}/epochs").json["data"]]


def version_of(client: FlaskClient, job: dict[str, Any]) -> Any:
    return client.get(f"/v1/models/{job['model']['name']}/versions/1").json


def evaluated(client: FlaskClient, job: dict[str, Any], dataset: str) -> Any:
    answer = client.post(f"/v1/models/{job['model']['name']}:evaluate", json={"dataset": dataset})
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("kind", [values, classes])
@pytest.mark.parametrize("validation", [{"fraction": 0.2}, {"rows": [100, 130]}, None])
def test_a_version_is_measured_on_the_rows_held_out(
    client: FlaskClient, service: Services, train: Train, kind: Callable[[], Rows], validation: Any
) -> None:
    rows = kind()
    store(client, "all", rows)
    training = {**TRAINING, "test": 0.1, "validation": validation}
    job = train({"dataset": "all", "model": "m", "training": training})
    taken = held_out(service, job)
    store(client, "part", [rows[index] for index in taken])
    found, expected = job["test"], evaluated(client, job, "part")
    assert found["rows"] == len(taken) == (12 if validation == {"rows": [100, 130]} else 15)
    assert (found["loss"], found["metrics"], found["dataset"]) == (expected["loss"], expected["metrics"], None)
    assert found["confusion_matrix"] == expected["confusion_matrix"]
    assert (found["confusion_matrix"] is None) == (kind is values)
    version = version_of(client, job)
    assert version["test"] == found and found["epoch"] == version["epoch"]
    assert client.get("/v1/models/m").json["versions"][0]["test"] == found
    assert job["training"]["test"] == {"fraction": 0.1, "stratify": kind is classes}


def test_without_test_rows_nothing_is_measured(client: FlaskClient, train: Train) -> None:
    store(client, "all", values())
    job = train({"dataset": "all", "training": TRAINING})
    assert job["test"] is None and job["training"]["test"] is None and version_of(client, job)["test"] is None


def test_test_rows_influence_nothing_but_what_is_measured_on_them(
    client: FlaskClient, service: Services, train: Train
) -> None:
    training = {
        **TRAINING,
        "epochs": 30,
        "test": {"fraction": 0.2},
        "validation": {"fraction": 0.2},
        "early_stopping": {"patience": 3},
        "preprocessing": {"numbers": "auto", "targets": "auto"},
    }
    store(client, "one", values())
    first = train({"dataset": "one", "training": training})
    store(client, "other", values(frozenset(held_out(service, first))))
    second = train({"dataset": "other", "training": training})
    assert hashes(client, first) == hashes(client, second)
    same = ("best_epoch", "stopped", "training", "latest", "warnings")
    without_seconds = [{**job, "latest": {**job["latest"], "seconds": 0}} for job in (first, second)]
    assert {name: without_seconds[0][name] for name in same} == {name: without_seconds[1][name] for name in same}
    assert first["test"]["loss"] * 100 < second["test"]["loss"]


def test_another_dataset_tests_and_is_held_while_the_job_needs_it(
    client: FlaskClient, service: Services, train: Train
) -> None:
    store(client, "all", values())
    store(client, "other", values()[:40])
    body = {"dataset": "all", "training": {**TRAINING, "test": {"dataset": "other"}}}
    waiting = client.post("/v1/jobs", json={**body, "hold": True}).json["id"]
    problem(client.delete("/v1/datasets/other"), 409)
    assert run_next_job(service, "test", lambda: False)
    client.post(f"/v1/jobs/{waiting}:cancel")
    job = train(body)
    expected = evaluated(client, job, "other")
    assert (job["test"]["dataset"], job["test"]["rows"]) == ("other", 40)
    assert (job["test"]["loss"], job["test"]["metrics"]) == (expected["loss"], expected["metrics"])
    assert client.delete("/v1/datasets/other").status_code == 204
    assert client.get(f"/v1/jobs/{job['id']}").json["test"] == job["test"]


def test_weights_of_test_rows_count(client: FlaskClient, train: Train) -> None:
    weighed = [[*row, index % 3] for index, row in enumerate(values())]
    store(client, "all", weighed)
    store(client, "last", weighed[140:])
    job = train({"dataset": "all", "training": {**TRAINING, "test": {"rows": [140, 150]}}})
    assert job["test"]["loss"] == evaluated(client, job, "last")["loss"]


@pytest.mark.parametrize(
    ("training", "pointer", "says"),
    [
        ({"test": {"dataset": "all"}}, "/test/dataset", "`all` is what the job trains on"),
        ({"test": {"dataset": "again"}}, "/test/dataset", "`again` is what the job trains on"),
        (
            {"test": {"dataset": "twin"}, "validation": {"dataset": "other"}},
            "/test/dataset",
            "`twin` validates, so it chooses the best epoch",
        ),
        ({"test": {"dataset": "nothing"}}, "/test/dataset", "no dataset named `nothing`"),
        ({"test": {"dataset": "texts"}}, "/test/dataset", "has other target columns"),
        ({"test": {"fraction": 0.1, "dataset": "other"}}, "/test", "give one of"),
        ({"early_stopping": {"monitor": "test_loss"}}, "/early_stopping/monitor", "is not measured"),
    ],
)
def test_what_cannot_test_is_refused(client: FlaskClient, training: Any, pointer: str, says: str) -> None:
    for name, rows in (("all", values()), ("other", values()[:40]), ("texts", classes())):
        store(client, name, rows)
    store(client, "again", values())
    store(client, "twin", values()[:40])
    answer = client.post("/v1/jobs", json={"dataset": "all", "training": {**TRAINING, **training}})
    fault = problem(answer, 422)["errors"][0]
    assert fault["pointer"] == f"#/training{pointer}" and says in fault["detail"]


def test_test_rows_that_lack_a_value_fail_the_job_before_it_trains(client: FlaskClient, service: Services) -> None:
    rows = values()
    rows[145][0] = None
    store(client, "holed", rows)
    training = {**TRAINING, "rows": [0, 140], "test": {"rows": [140, 150]}}
    job = client.post("/v1/jobs", json={"dataset": "holed", "training": training}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    error = client.get(f"/v1/jobs/{job}").json["error"]
    assert error["code"] == "invalid_data" and "row 146" in error["detail"]


@pytest.mark.parametrize(("verb", "status"), [(None, "queued"), ("cancel", "cancelled"), ("pause", "paused")])
def test_a_run_is_stopped_while_it_tests_and_later_only_tests(
    client: FlaskClient, service: Services, train: Train, monkeypatch: pytest.MonkeyPatch, verb: str, status: str
) -> None:
    monkeypatch.setattr(lease, "PATIENCE_SECONDS", 0.0)
    store(client, "all", values())
    body = {"dataset": "all", "training": {**TRAINING, "test": 0.1}}
    undisturbed, job = train(body), client.post("/v1/jobs", json=body).json["id"]
    tests, measured = threading.Event(), ending.measured_test

    def test(*given: Any) -> Any:
        tests.set()
        if verb is not None:
            assert client.post(f"/v1/jobs/{job}:{verb}").status_code == 202
        return measured(*given)

    with monkeypatch.context() as patched:
        patched.setattr(ending, "measured_test", test)
        assert run_next_job(service, "test", tests.is_set if verb is None else lambda: False)
    now = client.get(f"/v1/jobs/{job}").json
    assert (now["status"], now["test"], now["model"]["version"]) == (status, None, None)
    if status == "cancelled":
        return
    if status == "paused":
        client.post(f"/v1/jobs/{job}:resume")
    with monkeypatch.context() as patched:
        patched.setattr(run, "train", lambda *_, **__: pytest.fail("nothing is to be trained"))
        assert run_next_job(service, "test", lambda: False)
    ended = client.get(f"/v1/jobs/{job}").json
    assert ended["test"] == undisturbed["test"] and ended["model"]["version"] == 1


def test_a_replay_holds_the_same_rows_out_and_measures_none(
    client: FlaskClient, service: Services, train: Train
) -> None:
    store(client, "all", values())
    store(client, "other", values()[:40])
    for test in ({"fraction": 0.2}, {"dataset": "other"}):
        job = train({"dataset": "all", "training": {**TRAINING, "test": test}})
        client.delete("/v1/datasets/other")
        replay = client.post(f"/v1/jobs/{job['id']}:replay").json["id"]
        assert run_next_job(service, "test", lambda: False)
        ended = client.get(f"/v1/jobs/{replay}").json
        assert (ended["replay"]["identical"], ended["test"]) == (True, None)
        store(client, "other", values()[:40])


@pytest.fixture
def fork(client: FlaskClient, service: Services) -> Callable[..., dict[str, Any]]:
    def make(job: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = client.post(f"/v1/jobs/{job['id']}:fork", json=body)
        assert answer.status_code == 202, answer.text
        assert run_next_job(service, "test", lambda: False)
        ended: dict[str, Any] = client.get(answer.headers["Location"]).json
        assert ended["status"] == "succeeded", ended["error"]
        return ended

    return make


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"seed": 99},
        {"rows": [0, 120]},
        {"validation": None},
        {"validation": {"rows": [0, 50]}},
        {"validation": {"fraction": 0.5}, "rows": [50, 150], "seed": 4},
    ],
)
def test_a_fork_trains_and_validates_on_none_of_its_parents_test_rows(
    client: FlaskClient, service: Services, train: Train, fork: Train, changes: dict[str, Any]
) -> None:
    store(client, "all", values())
    validation = {"rows": [100, 140]}
    parent = train({"dataset": "all", "training": {**TRAINING, "test": 0.2, "validation": validation}})
    child = fork(parent, training={"epochs": 2, **changes})
    grandchild = fork(child, training={"epochs": 2, "validation": None, "rows": None})
    for job in (child, grandchild):
        assert held_out(service, job) == held_out(service, parent)
        assert job["forked_from"]["test_from"] == [[0, 100], [140, 150]]
        assert job["test"]["rows"] == parent["test"]["rows"] == 22


@pytest.mark.parametrize("before", [None, {"fraction": 0.2}, {"rows": [0, 20]}])
def test_a_fork_cannot_test_on_rows_that_its_parent_trained_on(
    client: FlaskClient, train: Train, fork: Train, before: Any
) -> None:
    store(client, "all", values())
    store(client, "other", values()[:40])
    parent = train({"dataset": "all", "training": {**TRAINING, "test": before}})
    for test in ({"fraction": 0.1}, {"rows": [20, 40]}):
        answer = client.post(f"/v1/jobs/{parent['id']}:fork", json={"training": {"test": test}})
        fault = problem(answer, 422)["errors"][0]
        assert fault["pointer"] == "#/training/test" and "on which the job's parameters were trained" in fault["detail"]
    assert fork(parent, training={"test": None})["test"] is None
    assert fork(parent, training={"test": {"dataset": "other"}})["test"]["rows"] == 40
    onto_other = {"dataset": "other", "training": {"test": {"dataset": "all"}, "validation": None, "rows": None}}
    fault = problem(client.post(f"/v1/jobs/{parent['id']}:fork", json=onto_other), 422)["errors"][0]
    assert "`all` is what the forked job was trained on" in fault["detail"]


def test_a_fork_onto_another_dataset_draws_test_rows_from_it(
    client: FlaskClient, service: Services, train: Train, fork: Train
) -> None:
    store(client, "all", values())
    store(client, "other", [[a + 1, b, y] for a, b, y in values()[:100]])
    parent = train({"dataset": "all", "training": {**TRAINING, "test": 0.2}})
    child = fork(parent, dataset="other", training={"test": {"fraction": 0.1}})
    assert child["test"]["rows"] == 10 and "test_from" not in child["forked_from"]
    assert all(index < 100 for index in held_out(service, child))
