"""`POST /v1/jobs:estimate` and `?dry_run=true`: what a job would cost, and that nothing is stored."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.backprop.training.fingerprint import fingerprint
from service.jobs.answers import JobAnswer, PlannedJobAnswer
from service.services import Services
from service.store import calibrations, workers
from service.store.database import clock
from service.store.tables import jobs as table
from service.store.tables.naming import metadata
from tests.integration.contract import CSV, XOR, problem
from tests.integration.queues import add_tenant, queue
from workers.run.run import run_next_job

Train = Callable[..., dict[str, Any]]
NETWORK = {"layers": [{"type": "dense", "units": 5, "activation": "tanh"}, {"type": "dense", "units": 2}]}
JOB: dict[str, Any] = {
    "dataset": "table",
    "network": {"hidden": [5]},
    "model": "m",
    "metadata": {"team": "a"},
    "training": {"epochs": 40, "seed": 7, "validation": 0.2, "batch_size": 8, "early_stopping": {"patience": 5}},
}


@pytest.fixture
def stored(client: FlaskClient) -> FlaskClient:
    assert client.put("/v1/datasets/table", data=CSV).status_code == 201
    return client


def live_worker(service: Services, *names: str) -> None:
    with service.database.begin() as connection:
        for name in names or ("host:ns:1:2",):
            about = workers.About("host", datetime(2026, 3, 1, tzinfo=UTC), "0.1.0", 1)
            workers.report_alive(connection, name, fingerprint(service.settings.kernels), about)


def estimate(client: FlaskClient, body: dict[str, Any], path: str = "/v1/jobs:estimate") -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def contents(service: Services) -> dict[str, int]:
    """How many rows each table has; the counters among them say nothing of what was stored."""
    with service.database.read() as connection:
        return {
            each.name: connection.execute(select(func.count()).select_from(each)).scalar_one()
            for each in metadata.sorted_tables
        }


def blobs(service: Services) -> list[str]:
    return sorted(str(path) for path in (service.settings.data_dir / "blobs").rglob("*") if path.is_file())


def test_an_estimate_has_the_job_as_a_submission_would_answer_it(stored: FlaskClient) -> None:
    planned = estimate(stored, JOB)["job"]
    job = stored.post("/v1/jobs", json=JOB).json
    assert planned.pop("model") == {"name": "m", "version": None} == job.pop("model")
    assert planned.keys() == PlannedJobAnswer.__annotations__.keys() - {"model"}
    assert planned.keys() == job.keys() - {"id", "created_at", "links"}
    own = {"waiting", "warnings"}  # of a job that is stored
    assert {k: v for k, v in planned.items() if k not in own} == {k: job[k] for k in planned if k not in own}
    assert JobAnswer.__annotations__.keys() - PlannedJobAnswer.__annotations__.keys() == {"id", "created_at", "links"}


def test_an_estimate_counts_rows_parameters_and_batches(stored: FlaskClient) -> None:
    found = estimate(stored, JOB)
    assert found["object"] == "estimate"
    assert found["rows"] == {"training": 24, "validation": 6, "test": 0}
    assert found["parameters"] == 2 * 5 + 5 + 5 * 2 + 2
    assert found["epochs"] == 40 and found["batches_per_epoch"] == 3
    assert found["may_end_sooner"] == ["early_stopping"]
    each, whole = found["seconds_per_epoch"], found["seconds"]
    assert 0 < each["low"] < each["expected"] < each["high"]
    assert 40 * each["expected"] < whole["expected"] and whole["low"] < whole["expected"] < whole["high"]
    assert found["memory_bytes"] > 4 * 4 * found["parameters"]


def test_the_rows_of_other_datasets_that_validate_and_test_are_counted(stored: FlaskClient) -> None:
    stored.put("/v1/datasets/valid", data="\n".join(CSV.splitlines()[:11]) + "\n")
    stored.put("/v1/datasets/tests", data="\n".join([CSV.splitlines()[0], *CSV.splitlines()[15:22]]) + "\n")
    training = {"validation": {"dataset": "valid"}, "test": {"dataset": "tests"}}
    found = estimate(stored, {"dataset": "table", "training": training})
    assert found["rows"] == {"training": 30, "validation": 10, "test": 7}
    ranges = {"rows": [0, 25], "validation": {"rows": [20, 25]}, "test": {"fraction": 0.1}}
    assert estimate(stored, {"dataset": "table", "training": ranges})["rows"] == {
        "training": 18,
        "validation": 5,
        "test": 2,
    }


def test_the_bytes_of_an_estimate_are_those_that_the_job_then_has(stored: FlaskClient, train: Train) -> None:
    body = {**JOB, "training": {"epochs": 9, "seed": 1, "validation": None, "store_parameters": {"every": 2}}}
    body["training"]["store_parameters"]["optimizer_state"] = True
    found = estimate(stored, body)["bytes"]
    job = train(body)
    epochs = stored.get(f"/v1/jobs/{job['id']}/epochs").json["data"]
    stored_epochs = [each["epoch"] for each in epochs if each["parameters_stored"]]
    assert found["stored_epochs"] == len(stored_epochs) == 6
    assert found["parameters"] == 6 * 4 * 27 and found["model_version"] == 4 * 27
    assert found["optimizer_states"] == 6 * 4 * 27  # one vector of velocities
    assert found["while_running"] == 2 * 4 * 27
    assert found["total"] == sum(found[key] for key in ("parameters", "optimizer_states", "epochs", "model_version"))


def test_stored_epochs_are_estimated_within_the_jobs_limit(stored: FlaskClient) -> None:
    limited = {**JOB, "training": {**JOB["training"], "store_parameters": {"limit_bytes": 1080}}}
    found = estimate(stored, limited)["bytes"]
    assert found["parameters"] <= 1080 and found["stored_epochs"] == 10


def test_an_inline_dataset_is_counted_and_stored_neither_by_estimates_nor_by_dry_runs(
    client: FlaskClient, service: Services
) -> None:
    before, files = contents(service), blobs(service)
    body = {"dataset": XOR, "network": {"name": "n", "hidden": [3]}, "model": "m"}
    found = estimate(client, body)
    assert found["bytes"]["dataset"] > 0
    assert found["job"]["dataset"] == "xor" and found["job"]["dataset_version"] == 1
    answer = client.post("/v1/jobs?dry_run=true", json=body, headers={"Idempotency-Key": "once"})
    assert answer.status_code == 200
    assert contents(service) == before and blobs(service) == files
    assert client.get("/v1/datasets/xor").status_code == 404
    assert client.get("/v1/jobs").json["data"] == [] and client.get("/v1/events").json["data"] == []
    client.post("/v1/datasets", json=XOR)
    assert estimate(client, body)["bytes"]["dataset"] == 0


def test_a_webhook_of_the_job_is_checked_and_not_stored(stored: FlaskClient, service: Services) -> None:
    before = contents(service)
    body = {**JOB, "notify": {"url": "https://93.184.215.14/hook"}}
    planned = [estimate(stored, body)["job"], stored.post("/v1/jobs?dry_run=true", json=body).json]
    assert all(each["notify"]["events"] for each in planned)
    assert contents(service) == before
    private = {**JOB, "notify": {"url": "http://127.0.0.1/hook"}}
    for path in ("/v1/jobs:estimate", "/v1/jobs?dry_run=true"):
        assert problem(stored.post(path, json=private), 422)["errors"][0]["pointer"] == "#/notify/url"


def test_a_dry_run_answers_with_the_job_and_uses_up_no_key(stored: FlaskClient) -> None:
    keyed = {"Idempotency-Key": "k"}
    planned = stored.post("/v1/jobs?dry_run=true&wait=5", json=JOB, headers=keyed)
    assert planned.status_code == 200 and "Location" not in planned.headers
    assert planned.json["training"]["epochs"] == 40 and planned.json["model"] == {"name": "m", "version": None}
    assert planned.json["warnings"][-1] == "no worker is alive: the job waits until one is started"
    job = stored.post("/v1/jobs", json=JOB, headers=keyed)
    assert job.status_code == 202 and "Idempotent-Replayed" not in job.headers
    assert stored.post("/v1/jobs?dry_run=false", json=JOB).status_code == 202
    problem(stored.post("/v1/jobs?dry_run=perhaps", json=JOB), 422)


@pytest.mark.parametrize("path", ["/v1/jobs:estimate", "/v1/jobs/estimate", "/v1/jobs?dry_run=true"])
def test_both_refuse_what_a_submission_refuses(stored: FlaskClient, path: str) -> None:
    unknown = problem(stored.post(path, json={**JOB, "dataset": "nothing"}), 422)
    assert unknown["errors"][0]["pointer"] == "#/dataset"
    guessed = problem(stored.post(path, json={"dataset": "table", "training": {"learning_rte": 1}}), 422)
    assert guessed["errors"][0]["pointer"] == "#/training/learning_rte"
    units = {"layers": [{"type": "dense", "units": 7, "activation": "softmax"}]}
    assert problem(stored.post(path, json={"dataset": "table", "network": units}), 422)["errors"]
    problem(stored.post(path, data="[", content_type="application/json"), 400)


def test_limits_of_the_moment_refuse_a_dry_run_and_not_an_estimate(stored: FlaskClient, service: Services) -> None:
    assert stored.patch("/v1/tenants/default", json={"queued_jobs": 1}).status_code == 200
    assert stored.post("/v1/jobs", json=JOB).status_code == 202
    refused = problem(stored.post("/v1/jobs?dry_run=true", json=JOB), 429)
    assert "its limit is 1" in refused["detail"]
    assert estimate(stored, JOB)["queue"]["position"] == 2
    assert stored.patch("/v1/tenants/default", json={"queued_jobs": None, "epochs": 10}).status_code == 200
    for path in ("/v1/jobs?dry_run=true", "/v1/jobs:estimate"):
        assert problem(stored.post(path, json=JOB), 422)["errors"][0]["pointer"] == "#/training/epochs"


def test_without_a_living_worker_an_estimate_has_seconds_and_no_start(stored: FlaskClient) -> None:
    found = estimate(stored, JOB)
    assert found["basis"]["source"] == "constants" and found["basis"]["jobs"] == 0
    assert found["queue"]["workers"] == 0 and found["queue"]["reason"] == "no worker is alive"
    assert [found["queue"][key] for key in ("starts_in_seconds", "starts_at", "ends_at")] == [None] * 3


def test_an_idle_worker_starts_at_once_and_ends_after_the_jobs_seconds(stored: FlaskClient, service: Services) -> None:
    live_worker(service)
    found = estimate(stored, JOB)
    queued = found["queue"]
    assert queued["position"] == 1 and queued["workers"] == 1 and queued["running"] == 0
    assert queued["starts_in_seconds"] == 0 and queued["reason"] is None
    lasts = datetime.fromisoformat(queued["ends_at"]) - datetime.fromisoformat(queued["starts_at"])
    assert lasts.total_seconds() == pytest.approx(found["seconds"]["expected"], abs=1e-5)
    held = estimate(stored, {**JOB, "hold": True})["queue"]
    assert held["starts_at"] is not None and held["ends_at"] is None and "hold" in held["reason"]


def test_a_time_limit_bounds_the_seconds(stored: FlaskClient) -> None:
    long = {**JOB, "training": {"epochs": 5_000_000, "time_limit_seconds": 60}}
    found = estimate(stored, long)
    assert found["seconds"]["expected"] == 60 and found["may_end_sooner"] == ["time_limit_seconds"]


def test_what_a_worker_measured_of_its_machine_scales_the_seconds(stored: FlaskClient, service: Services) -> None:
    live_worker(service)
    before = estimate(stored, JOB)
    with service.database.begin() as connection:
        mine = fingerprint(service.settings.kernels)
        calibrations.save(connection, mine, 1, {"steps": 3.0, "arithmetic": 3.0})
        calibrations.save(connection, mine, 2, {"steps": 9.0, "arithmetic": 9.0})
    after = estimate(stored, JOB)
    assert after["basis"]["source"] == "calibration"
    tripled = pytest.approx(3 * before["seconds_per_epoch"]["expected"])
    assert after["seconds_per_epoch"]["expected"] == tripled


def test_a_job_that_has_run_decides_the_estimate_of_one_like_it(
    stored: FlaskClient, service: Services, train: Train
) -> None:
    live_worker(service)
    job = train(JOB)
    with service.database.begin() as connection:  # as if the machine were a thousand times slower
        slow = {"epochs_per_second": 1.0, "training_seconds": 40.0}
        connection.execute(update(table).where(table.c.id == job["id"]).values(slow))
    found = estimate(stored, {**JOB, "training": {**JOB["training"], "epochs": 100, "seed": 9}})
    assert found["basis"]["source"] == "measured" and found["basis"]["similarity"] == 1.0
    assert found["basis"]["jobs"] == 1
    assert found["seconds_per_epoch"]["expected"] == pytest.approx(1.0, rel=0.25)
    assert found["seconds"]["expected"] == pytest.approx(100.0, rel=0.25)
    other = {"dataset": "table", "network": {"hidden": [3000, 3000]}}
    assert estimate(stored, other)["basis"]["source"] == "constants"


def test_jobs_of_other_machines_say_nothing(stored: FlaskClient, service: Services, train: Train) -> None:
    live_worker(service)
    job = train(JOB)
    with service.database.begin() as connection:
        connection.execute(update(table).where(table.c.id == job["id"]).values(fingerprint="another"))
    assert estimate(stored, JOB)["basis"]["jobs"] == 0


def test_queued_and_running_jobs_are_waited_for(stored: FlaskClient, service: Services) -> None:
    live_worker(service)
    body = {**JOB, "training": {**JOB["training"], "epochs": 1000}}
    alone = estimate(stored, JOB)["queue"]
    for _ in range(3):
        assert stored.post("/v1/jobs", json=body).status_code == 202
    behind = estimate(stored, JOB)["queue"]
    assert behind["position"] == 4 and behind["starts_in_seconds"] > 0 == alone["starts_in_seconds"]
    first = estimate(stored, {**JOB, "priority": 1})["queue"]
    assert first["position"] == 1 and first["starts_in_seconds"] == 0
    live_worker(service, *(f"host:ns:1:{number}" for number in range(3, 7)))
    assert estimate(stored, JOB)["queue"]["starts_in_seconds"] == 0


def test_a_running_job_frees_its_worker_after_its_remaining_epochs(stored: FlaskClient, service: Services) -> None:
    live_worker(service)
    job = stored.post("/v1/jobs", json=JOB).json["id"]
    with service.database.begin() as connection:
        running = {"status": "running", "epoch": 10, "epochs_per_second": 2.0, "claimed_at": clock()}
        connection.execute(update(table).where(table.c.id == job).values(**running, lease_until=clock(45.0)))
    found = estimate(stored, JOB)["queue"]
    assert found["running"] == 1 and found["starts_in_seconds"] == pytest.approx(15.0)


def test_a_tenant_with_few_jobs_does_not_wait_for_all_of_anothers(stored: FlaskClient, service: Services) -> None:
    live_worker(service)
    other = add_tenant(service, "busy")
    queue(service, other, 40, training={"epochs": 100}, epochs_per_second=10.0)
    with service.database.read() as connection:
        assert connection.execute(select(func.count()).where(table.c.tenant == other)).scalar_one() == 40
    found = estimate(stored, JOB)["queue"]
    assert found["position"] == 1
    assert found["starts_in_seconds"] == pytest.approx(0.0, abs=10.0)  # one of the forty jobs takes ten seconds


def test_an_estimate_reads_a_bounded_number_of_the_jobs_that_wait(stored: FlaskClient, service: Services) -> None:
    live_worker(service)
    first = stored.post("/v1/jobs", json=JOB)
    with service.database.read() as connection:
        row = dict(connection.execute(select(table)).mappings().one())
    copied = {name: row[name] for name in ("network", "training", "targets", "dataset_sha256", "dataset_version")}
    queue(service, row["tenant"], 2000, **copied, dataset_name="table")
    found = estimate(stored, JOB)["queue"]
    assert first.status_code == 202 and found["position"] == 2002
    one = estimate(stored, {**JOB, "priority": 5})["seconds"]["expected"]
    assert found["starts_in_seconds"] == pytest.approx(2001 * one, rel=0.2)


def test_times_are_in_the_future_and_in_utc(stored: FlaskClient, service: Services) -> None:
    live_worker(service)
    assert stored.post("/v1/jobs", json=JOB).status_code == 202
    found = estimate(stored, JOB)["queue"]
    assert found["ends_at"].endswith("Z")
    assert datetime.fromisoformat(found["ends_at"]) > datetime.now(UTC) - timedelta(seconds=1)
    assert run_next_job(service, "test", lambda: False)
