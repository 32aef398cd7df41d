"""`/metrics`: every metric, its labels, who may read it, and what remains when processes end."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from service.config import Settings
from service.counts import Total
from service.ops.request_metrics import RequestMetrics, shared_folder
from service.services import Services
from service.store import totals, workers
from tests.freezing import frozen
from tests.integration.contract import XOR, problem
from tests.integration.service import Service
from tests.integration.test_faults import client_with
from tests.servers import Postgres
from tests.waiting import wait_until
from workers.run.run import run_next_job

Labels = tuple[tuple[str, str], ...]
DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
SELDOM = {"backprop_worker_crashes_total", "backprop_webhook_attempts_total"}  # without a value before the first one
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def samples_of(text: str) -> dict[str, dict[Labels, float]]:
    """Return the values of a text by the names of samples and their labels."""
    found: dict[str, dict[Labels, float]] = {}
    for family in parse(text):
        assert family.documentation and family.type != "unknown", family.name
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def metrics_of(service: Service) -> dict[str, dict[Labels, float]]:
    with urllib.request.urlopen(service.address + "/metrics", timeout=30) as answer:
        return samples_of(answer.read().decode())


def answers(service: Service) -> bool:
    try:
        return bool(service.get("/healthz")["status"] == "alive")
    except OSError:
        return False


def whole(found: dict[str, dict[Labels, float]]) -> dict[str, dict[Labels, float]] | None:
    """Return what was found unless a part did not answer in time, as may happen on a busy machine."""
    return found if {"backprop_jobs", "backprop_disk_free_bytes"} <= found.keys() else None


def check_documented(found: dict[str, dict[Labels, float]]) -> None:
    """Fail unless docs/operations.md names every metric with its labels, and no others."""
    labels: dict[str, set[str]] = {}
    for name, values in found.items():
        labels.setdefault(re.sub("_(bucket|sum|count)$", "", name), set()).update(
            label for sample in values for label, _ in sample if label != "le"
        )
    rows = re.findall(r"^\| `(backprop_\w+)` \|([^|]*)\|", DOCUMENT.read_text(), re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", named)) for name, named in rows}
    assert labels.keys() | SELDOM == documented.keys()
    assert {name: documented[name] for name in labels} == labels


def scrape(client: FlaskClient) -> dict[str, dict[Labels, float]]:
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain; version=")
    return samples_of(answer.text)


def scrape_whole(client: FlaskClient) -> dict[str, dict[Labels, float]]:
    return wait_until(lambda: whole(scrape(client)), 60, "a scrape in which every part answered")


def requests(route: str, method: str, status: int) -> Labels:
    return ("method", method), ("route", route), ("status", str(status))


def test_requests_are_counted_by_template_method_and_status(client: FlaskClient) -> None:
    for path in ("/v1/jobs/job_a", "/v1/jobs/job_b", "/v1/jobs", "/nowhere", "/v1/nothing/else"):
        client.get(path)
    client.post("/v1/jobs/job_a:cancel")
    client.post("/v1/jobs/job_a/cancel")
    client.open("/v1/jobs", method="BREW")
    found = scrape(client)
    counted = found["backprop_http_requests_total"]
    assert counted[requests("/v1/jobs/{id}", "GET", 404)] == 2
    assert counted[requests("/v1/jobs", "GET", 200)] == 1
    assert counted[requests("other", "GET", 404)] == 2
    assert counted[requests("/v1/jobs/{id}:cancel", "POST", 404)] == 2
    assert counted[requests("other", "other", 405)] == 1
    took = found["backprop_http_request_duration_seconds_count"]
    assert took[("method", "GET"), ("route", "/v1/jobs/{id}")] == 2
    assert not [labels for labels in counted if "job_a" in str(labels) or "nowhere" in str(labels)]


def test_predicted_rows_are_counted_where_they_were_answered(client: FlaskClient, train: Any) -> None:
    train({"dataset": XOR, "model": "m", "training": {"epochs": 2, "seed": 1}})
    assert client.post("/v1/models/m:predict", json={"instances": [[0, 0], [1, 1], [0, 1]]}).status_code == 200
    assert client.post("/v1/models/m:predict", json={"instances": [[0]]}).status_code == 422
    found = scrape(client)
    route = "/v1/models/{name}:predict"
    assert found["backprop_predicted_rows_total"] == {(("route", route),): 3}
    assert found["backprop_http_requests_total"][requests(route, "POST", 200)] == 1
    assert found["backprop_http_requests_total"][requests(route, "POST", 422)] == 1


def test_jobs_and_workers_are_read_from_the_database(client: FlaskClient, service: Services) -> None:
    client.post("/v1/jobs", json={"dataset": XOR, "training": {"epochs": 4, "seed": 1}})
    client.post("/v1/jobs", json={"dataset": "xor"})
    before = scrape_whole(client)
    assert before["backprop_queue_depth"] == {(): 2} and before["backprop_queue_oldest_seconds"][()] > 0
    assert before["backprop_workers"] == {(): 0} and before["backprop_epochs_total"] == {(): 0}
    assert run_next_job(service, "test", lambda: False)
    service.counts.add(Total.CRASHES, 2, "killed")
    with service.database.begin() as connection:
        totals.add(connection, service.counts.take())
        workers.report_alive(connection, "host:1:2")
    found = scrape_whole(client)
    jobs = {labels[0][1]: count for labels, count in found["backprop_jobs"].items()}
    assert jobs == {"queued": 1, "running": 0, "paused": 0, "succeeded": 1, "failed": 0, "cancelled": 0}
    assert found["backprop_epochs_total"] == {(): 4} and found["backprop_samples_total"] == {(): 16}
    assert found["backprop_job_attempts_total"] == {(): 1} and found["backprop_workers"] == {(): 1}
    assert found["backprop_worker_crashes_total"] == {(("manner", "killed"),): 2}
    flushes = found["backprop_flush_duration_seconds_bucket"]
    assert flushes[(("le", "+Inf"),)] == found["backprop_flush_duration_seconds_count"][()] >= 1
    assert list(flushes.values()) == sorted(flushes.values())
    assert found["backprop_part_ok"][(("part", "disk"),)] == 1 and found["backprop_disk_free_bytes"][()] > 0


def test_openmetrics_is_written_when_it_is_asked_for(client: FlaskClient) -> None:
    scrape_whole(client)
    answer = client.get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.content_type.startswith("application/openmetrics-text; version=1.0.0") and answer.text.endswith(
        "# EOF\n"
    )
    names = {family.name for family in parse_openmetrics(answer.text)}
    assert {"backprop_http_requests", "backprop_jobs", "backprop_flush_duration_seconds"} <= names


def test_without_the_database_what_processes_count_is_still_there(
    client: FlaskClient, servers: tuple[Postgres | None, Any]
) -> None:
    if servers[0] is None:
        pytest.skip("SQLite is no process that could be frozen")
    scrape_whole(client)
    with frozen(*servers[0].processes()):
        found = scrape(client)
    assert "backprop_jobs" not in found and "backprop_http_requests_total" in found
    assert found["backprop_part_ok"][(("part", "database"),)] == 0
    wait_until(lambda: "backprop_jobs" in scrape(client), 30, "the database")


@pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)
def test_a_token_is_asked_for_where_one_is_set(settings: Settings) -> None:
    with client_with(settings, metrics_token="geheim") as client:
        for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "Basic geheim"}):
            refused = problem(client.get("/metrics", headers=headers), 401)
            assert "geheim" not in str(refused)
        assert client.get("/metrics", headers={"Authorization": "Bearer geheim"}).status_code == 200


COUNTING = """
import os, sys
from pathlib import Path
from service.ops import request_metrics
request_metrics.share(Path(sys.argv[1]))
counted = request_metrics.RequestMetrics()
for _ in range(3):
    counted.count("/v1/jobs", "GET", 200, 0.002)
list(counted.collect())
print("counted", flush=True)
sys.stdin.readline()
for metric in counted.collect():
    print(metric.name, sorted((sample.name, sample.value) for sample in metric.samples if "bucket" not in sample.name))
"""


def counting(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "counted\n"
    return process


def test_processes_count_together_and_what_a_killed_one_counted_remains(tmp_path: Path) -> None:
    with shared_folder(Settings(data_dir=tmp_path)) as folder:
        first, second = counting(folder), counting(folder)
        first.kill()
        first.wait()
        third = counting(folder)
        assert sorted(path.name for path in folder.glob("*.lock")) == ["0.lock", "1.lock"]  # the third has its place
        printed = third.communicate("\n")[0]
        assert "backprop_http_requests [('backprop_http_requests_total', 9.0)]" in printed
        assert "('backprop_http_request_duration_seconds_count', 9.0)" in printed
        second.communicate("\n")
        first.communicate()
    assert not folder.exists()


def test_a_folder_in_memory_that_is_not_this_users_is_not_used(tmp_path: Path) -> None:
    with shared_folder(Settings(data_dir=tmp_path)) as folder:
        pass
    folder.symlink_to(tmp_path)
    try:
        with shared_folder(Settings(data_dir=tmp_path)) as other:
            assert other != folder and other.stat().st_mode & 0o777 == 0o700
    finally:
        folder.unlink()


def test_methods_that_are_none_are_one_label(tmp_path: Path) -> None:
    counted = RequestMetrics()
    for number in range(50):
        counted.count("other", f"BREW{number}", 405, 0.0)
    (family, *_) = counted.collect()
    assert [sample.value for sample in family.samples] == [50]


@pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)
def test_processes_of_a_service_count_together_and_every_metric_is_documented(tmp_path: Path, servers: Any) -> None:
    with Service(tmp_path / "data", BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="2") as service:
        body = {"dataset": XOR, "model": "m", "training": {"epochs": 3, "seed": 1}}
        status, job = service.send("POST", "/v1/jobs?wait=60", body)
        assert job["status"] == "succeeded"
        service.post("/v1/models/m:predict", {"instances": [[0, 1]]})
        made = requests("/v1/jobs", "POST", status)
        wait_until(lambda: metrics_of(service).get("backprop_predicted_rows_total"), 30, "the prediction's counts")
        wait_until(lambda: made in metrics_of(service)["backprop_http_requests_total"], 30, "the job's counts")
        _, processes = service.api_processes()
        for process in processes:
            os.kill(process, signal.SIGKILL)
        wait_until(
            lambda: answers(service) and not set(service.api_processes()[1]) & set(processes), 60, "other processes"
        )
        found = metrics_of(service)
        assert found["backprop_http_requests_total"][made] == 1
        wait_until(lambda: metrics_of(service).get("backprop_epochs_total") == {(): 3}, 60, "the worker's report")
        (worker,) = service.get("/v1/workers")["data"]
        assert (
            worker["alive"] and worker["threads"] == 1 and worker["id"].endswith(f":{service.training_processes()[0]}")
        )
        check_documented(wait_until(lambda: whole(metrics_of(service)), 60, "a whole scrape"))
