"""Processes of a real service that end: their jobs are given back at once, and they are replaced."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Backends
from tests.integration.service import Service
from tests.integration.test_commands_in_service import LONG, epochs_of, finish, long_job, running_at
from tests.servers import Redis
from tests.waiting import wait_until

REPLACED_SECONDS = 5
BACK_SECONDS = 5  # far below the lease of 45 s
NEVER = 1_000_000


@pytest.fixture
def service(backends: Backends) -> Iterator[Service]:
    urls = {"BACKPROP_DATABASE_URL": backends.database_url, "BACKPROP_QUEUE_URL": backends.queue_url}
    with Service(backends.data_dir, BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1", **urls) as running:
        yield running


def slow_job() -> dict[str, Any]:
    """A job whose epoch 0 takes some seconds, so that its worker can be killed before it has stored anything."""
    body = long_job(epochs=3)
    body["network"] = {"hidden": [3000, 3000, 3000]}
    return body


def is_running(service: Service, job: str, attempt: int) -> bool:
    now = service.get(f"/v1/jobs/{job}")
    return now["status"] == "running" and now["attempt"] == attempt


def kill_the_child(service: Service, with_signal: signal.Signals) -> None:
    """Kill it, and wait until another is there."""
    (child,) = service.training_processes()
    began = time.monotonic()
    os.kill(child, with_signal)
    wait_until(lambda: set(service.training_processes()) - {child}, seconds=20, what="another child")
    assert time.monotonic() - began < REPLACED_SECONDS


@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGSEGV])
def test_a_dead_childs_job_goes_on_at_once(service: Service, with_signal: signal.Signals) -> None:
    job = service.post("/v1/jobs", long_job(epochs=NEVER))["id"]
    running_at(service, job, 3)
    began = time.monotonic()
    kill_the_child(service, with_signal)
    wait_until(lambda: service.get(f"/v1/jobs/{job}")["attempt"] == 2, seconds=20, what="a second attempt")
    assert time.monotonic() - began < BACK_SECONDS
    running_at(service, job, service.get(f"/v1/jobs/{job}")["progress"]["epoch"] + 1)
    service.send("POST", f"/v1/jobs/{job}:cancel")


def test_a_job_that_crashes_its_workers_is_given_up(service: Service) -> None:
    job = service.post("/v1/jobs", slow_job())["id"]
    for attempt in (1, 2, 3):
        wait_until(lambda: is_running(service, job, attempt), seconds=30, what=f"attempt {attempt}")  # noqa: B023
        kill_the_child(service, signal.SIGSEGV)
    ended = wait_until(lambda: ended_of(service, job), seconds=30, what="the job's end")
    assert (ended["status"], ended["error"]["code"]) == ("failed", "crashed_repeatedly")
    assert "SIGSEGV" in ended["error"]["detail"]
    finish(service, service.post("/v1/jobs", {**long_job(epochs=2), "dataset": "made"})["id"])


def ended_of(service: Service, job: str) -> dict[str, Any] | None:
    now: dict[str, Any] = service.get(f"/v1/jobs/{job}")
    return None if now["status"] in ("queued", "running") else now


def test_children_are_replaced_and_jobs_found_while_the_queue_is_away(backends: Backends) -> None:
    urls = {"BACKPROP_DATABASE_URL": backends.database_url, "BACKPROP_WORKERS": "1", "BACKPROP_API_PROCESSES": "1"}
    with Redis() as queue, Service(backends.data_dir, BACKPROP_QUEUE_URL=queue.url, **urls) as service:
        job = service.post("/v1/jobs", long_job(epochs=NEVER))["id"]
        running_at(service, job, 3)
        queue.kill()
        wait_until(lambda: "queue" in unready(service), what="a service that misses its queue")
        kill_the_child(service, signal.SIGKILL)
        wait_until(lambda: is_running(service, job, 2), seconds=20, what="a second attempt")
        assert service.send("POST", f"/v1/jobs/{job}:cancel")[0] == 202
        status, taken = service.send("POST", "/v1/jobs", {**long_job(epochs=2), "dataset": "made"})
        assert status == 202
        finish(service, taken["id"])
        queue.start()
        wait_until(lambda: not unready(service), seconds=60, what="a service that is ready again")


def unready(service: Service) -> list[str]:
    return [name for name, check in service.get("/readyz")["checks"].items() if not check["ok"]]


def test_a_job_paused_and_resumed_ends_as_undisturbed(service: Service) -> None:
    undisturbed = finish(service, service.post("/v1/jobs", long_job(epochs=LONG))["id"])
    job = service.post("/v1/jobs", {**long_job(epochs=LONG), "dataset": "made"})["id"]
    for epoch in (3, 200):
        running_at(service, job, epoch)
        service.send("POST", f"/v1/jobs/{job}:pause")
        wait_until(lambda: service.get(f"/v1/jobs/{job}")["status"] == "paused", seconds=20, what="the pause")
        assert len(epochs_of(service, job)) == service.get(f"/v1/jobs/{job}")["progress"]["epoch"] + 1
        assert service.send("POST", f"/v1/jobs/{job}:resume")[0] == 202
    finish(service, job)
    expected = [epoch["sha256"] for epoch in epochs_of(service, undisturbed["id"])]
    assert [epoch["sha256"] for epoch in epochs_of(service, job)] == expected
