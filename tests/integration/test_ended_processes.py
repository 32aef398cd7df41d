"""Processes of a real service that end: their jobs are given back at once, and they are replaced."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from service.config import Settings
from tests.conftest import ON_SQLITE, Backends
from tests.integration.service import Service
from tests.integration.test_commands_in_service import LONG, epochs_of, finish, long_job, running_at
from tests.servers import Redis
from tests.waiting import wait_until

pytestmark = pytest.mark.long

NEVER = 1_000_000
# no lease expires while a test runs, so jobs come back because the end of their process was seen
ONE = {"BACKPROP_WORKERS": "1", "BACKPROP_API_PROCESSES": "1", "BACKPROP_LEASE_SECONDS": "3600"}


@pytest.fixture
def service(backends: Backends) -> Iterator[Service]:
    urls = {"BACKPROP_DATABASE_URL": backends.database_url, "BACKPROP_QUEUE_URL": backends.queue_url}
    with Service(backends.data_dir, **ONE, **urls) as running:
        yield running


@pytest.fixture(scope="module")
def shared(kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service with embedded backends, for tests after which it trains as before."""
    with Service(tmp_path_factory.mktemp("shared") / "data", **ONE) as running:
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
    os.kill(child, with_signal)
    wait_until(lambda: set(service.training_processes()) - {child}, seconds=60, what="another child")


def test_a_dead_childs_job_goes_on(service: Service) -> None:
    job = service.post("/v1/jobs", long_job(epochs=NEVER))["id"]
    running_at(service, job, 3)
    for attempt, with_signal in ((2, signal.SIGKILL), (3, signal.SIGSEGV)):
        kill_the_child(service, with_signal)
        wait_until(lambda: is_running(service, job, attempt), seconds=60, what=f"attempt {attempt}")  # noqa: B023
        running_at(service, job, service.get(f"/v1/jobs/{job}")["progress"]["epoch"] + 1)
    service.send("POST", f"/v1/jobs/{job}:cancel")


def test_training_gives_way_to_everything_else_also_in_a_child_that_replaces_another(shared: Service) -> None:
    wanted = min(os.getpriority(os.PRIO_PROCESS, 0) + Settings().niceness, 19)
    for _ in range(2):
        (child,) = shared.training_processes()
        wait_until(lambda: os.getpriority(os.PRIO_PROCESS, child) == wanted, seconds=30, what=f"niceness {wanted}")  # noqa: B023
        kill_the_child(shared, signal.SIGKILL)


def test_a_job_that_crashes_its_workers_is_given_up(shared: Service) -> None:
    job = shared.post("/v1/jobs", slow_job())["id"]
    for attempt in (1, 2, 3):
        wait_until(lambda: is_running(shared, job, attempt), seconds=60, what=f"attempt {attempt}")  # noqa: B023
        kill_the_child(shared, signal.SIGSEGV)
    ended = wait_until(lambda: ended_of(shared, job), seconds=30, what="the job's end")
    assert (ended["status"], ended["error"]["code"]) == ("failed", "crashed_repeatedly")
    assert "SIGSEGV" in ended["error"]["detail"]
    finish(shared, shared.post("/v1/jobs", {**long_job(epochs=2), "dataset": "made"})["id"])


def ended_of(service: Service, job: str) -> dict[str, Any] | None:
    now: dict[str, Any] = service.get(f"/v1/jobs/{job}")
    return None if now["status"] in ("queued", "running") else now


@ON_SQLITE
def test_children_are_replaced_and_jobs_found_while_the_queue_is_away(backends: Backends) -> None:
    urls = {"BACKPROP_DATABASE_URL": backends.database_url}
    with Redis() as queue, Service(backends.data_dir, BACKPROP_QUEUE_URL=queue.url, **ONE, **urls) as service:
        job = service.post("/v1/jobs", long_job(epochs=NEVER))["id"]
        running_at(service, job, 3)
        queue.kill()
        wait_until(lambda: "queue" in unready(service), what="a service that misses its queue")
        kill_the_child(service, signal.SIGKILL)
        wait_until(lambda: is_running(service, job, 2), seconds=60, what="a second attempt")
        assert service.send("POST", f"/v1/jobs/{job}:cancel")[0] == 202
        status, taken = service.send("POST", "/v1/jobs", {**long_job(epochs=2), "dataset": "made"})
        assert status == 202
        finish(service, taken["id"])
        queue.start()
        wait_until(lambda: not unready(service), seconds=60, what="a service that is ready again")


def unready(service: Service) -> list[str]:
    return [name for name, check in service.get("/readyz")["checks"].items() if not check["ok"]]


def test_a_job_paused_and_resumed_ends_as_undisturbed(shared: Service) -> None:
    undisturbed = finish(shared, shared.post("/v1/jobs", long_job(epochs=LONG))["id"])
    job = shared.post("/v1/jobs", {**long_job(epochs=LONG), "dataset": "made"})["id"]
    for epoch in (3, LONG // 3):
        running_at(shared, job, epoch)
        shared.send("POST", f"/v1/jobs/{job}:pause")
        wait_until(lambda: shared.get(f"/v1/jobs/{job}")["status"] == "paused", seconds=20, what="the pause")
        assert len(epochs_of(shared, job)) == shared.get(f"/v1/jobs/{job}")["progress"]["epoch"] + 1
        assert shared.send("POST", f"/v1/jobs/{job}:resume")[0] == 202
    finish(shared, job)
    expected = [epoch["sha256"] for epoch in epochs_of(shared, undisturbed["id"])]
    assert [epoch["sha256"] for epoch in epochs_of(shared, job)] == expected
