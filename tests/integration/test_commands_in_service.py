"""Commands to jobs in a real service: on embedded backends and on PostgreSQL with Redis."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.errors import Misconfigured
from service.ops.listening import check_port
from tests.conftest import ON_SQLITE, Backends
from tests.integration.service import Service
from tests.waiting import wait_until

pytestmark = pytest.mark.long


@pytest.fixture
def service(backends: Backends) -> Iterator[Service]:
    urls = {"BACKPROP_DATABASE_URL": backends.database_url, "BACKPROP_QUEUE_URL": backends.queue_url}
    with Service(backends.data_dir, BACKPROP_WORKERS="2", BACKPROP_API_PROCESSES="1", **urls) as running:
        yield running


@pytest.fixture(scope="module")
def shared(kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service with embedded backends, for tests that leave it as it is."""
    with Service(tmp_path_factory.mktemp("shared") / "data", BACKPROP_API_PROCESSES="1") as running:
        yield running


LONG = 800  # epochs: longer than a service needs to start, so that stops and kills come in the middle


def long_job(epochs: int = 40) -> dict[str, Any]:
    """A job of some seconds, with momentum, validation and shuffling."""
    random = np.random.default_rng(3)
    X = random.normal(size=(3000, 12)).round(4)
    labels = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
    return {
        "dataset": {"name": "made", "inputs": X.tolist(), "targets": labels.tolist(), "target_type": "class"},
        "network": {"hidden": [32]},
        "training": {"epochs": epochs, "batch_size": 8, "seed": 5},
    }


def epochs_of(service: Service, job: str) -> list[dict[str, Any]]:
    return list(service.get(f"/v1/jobs/{job}/epochs?limit=1000")["data"])


def running_at(service: Service, job: str, epoch: int) -> None:
    wait_until(lambda: service.get(f"/v1/jobs/{job}")["progress"]["epoch"] >= epoch, seconds=60, what=f"epoch {epoch}")


def goes_on(service: Service, before: dict[str, Any]) -> bool:
    """Whether a later attempt runs and has passed the epoch where the one before was."""
    now = service.get(f"/v1/jobs/{before['id']}")
    further = now["progress"]["epoch"] > before["progress"]["epoch"]
    return now["status"] == "running" and now["attempt"] == 2 and further


def finish(service: Service, job: str) -> dict[str, Any]:
    def has_ended() -> bool:
        return service.get(f"/v1/jobs/{job}?wait=60")["status"] not in ("queued", "running")

    wait_until(has_ended, seconds=300, what="the end")
    ended = service.get(f"/v1/jobs/{job}")
    assert ended["status"] == "succeeded", ended
    return dict(ended)


def test_a_job_survives_stops_and_kills_bit_for_bit(service: Service) -> None:
    undisturbed = finish(service, service.post("/v1/jobs", long_job(epochs=LONG))["id"])
    expected = [(epoch["epoch"], epoch["sha256"]) for epoch in epochs_of(service, undisturbed["id"])]
    assert [number for number, _ in expected] == list(range(LONG + 1))

    again = {**long_job(epochs=LONG), "dataset": "made"}
    job = service.post("/v1/jobs", again)["id"]
    running_at(service, job, 5)
    assert service.stop() == 0
    service.start()
    stopped = service.get(f"/v1/jobs/{job}")
    wait_until(lambda: goes_on(service, stopped), seconds=30, what="a second attempt that gets further")
    for child in service.training_processes():
        os.kill(child, signal.SIGKILL)
    ended = finish(service, job)
    assert ended["attempt"] >= 3
    assert [(epoch["epoch"], epoch["sha256"]) for epoch in epochs_of(service, job)] == expected
    assert ended["model"]["version"] == 1


def test_a_running_job_is_cancelled_and_keeps_what_it_has(shared: Service) -> None:
    job = shared.post("/v1/jobs", long_job(epochs=100_000))["id"]
    running_at(shared, job, 2)
    assert shared.send("POST", f"/v1/jobs/{job}:cancel")[0] == 202
    ended = shared.get(f"/v1/jobs/{job}?wait=30")
    assert ended["status"] == "cancelled"
    last = ended["progress"]["epoch"]
    assert [epoch["epoch"] for epoch in epochs_of(shared, job)][-1] in (last, 999)
    assert shared.get(f"/v1/jobs/{job}/epochs/last/parameters")["epoch"] == last
    assert shared.send("POST", f"/v1/jobs/{job}:cancel")[0] == 200


@ON_SQLITE
def test_the_whole_service_killed_goes_on_when_it_is_started_again(service: Service) -> None:
    job = service.post("/v1/jobs", long_job())["id"]
    running_at(service, job, 3)
    service.stop(signal.SIGKILL)
    wait_until(lambda: is_free(service.port), seconds=20, what="the end of the parts, which die with their supervisor")
    service.start()
    finish(service, job)
    assert [epoch["epoch"] for epoch in epochs_of(service, job)] == list(range(41))


@ON_SQLITE
def test_a_part_that_dies_is_started_again(service: Service) -> None:
    for words in ("service.ops.cli api", "-m workers"):
        os.kill(min(service.children(words)), signal.SIGKILL)
    job = wait_until(lambda: submitted(service), seconds=30, what="an API that answers again")
    finish(service, job)
    wait_until(
        lambda: service.log.read_text().count("starting it again") >= 2, seconds=30, what="both parts started again"
    )


def is_free(port: int) -> bool:
    try:
        check_port("127.0.0.1", port)
    except Misconfigured:
        return False
    return True


def submitted(service: Service) -> str | None:
    try:
        return str(service.post("/v1/jobs", long_job(epochs=2))["id"])
    except OSError:
        return None


def test_ten_thousand_epochs_are_all_there(shared: Service) -> None:
    body = {
        "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]},
        "network": {"hidden": [4], "activation": "sigmoid"},
        "training": {"epochs": 10_000, "batch_size": 4, "seed": 1},
    }
    job = shared.post("/v1/jobs?wait=60", body)["id"]
    seen: list[int] = []
    more = True
    while more:
        page = shared.get(f"/v1/jobs/{job}/epochs?limit=1000" + (f"&after={seen[-1]}" if seen else ""))
        seen += [epoch["epoch"] for epoch in page["data"]]
        more = page["has_more"]
    assert seen == list(range(10_001))
    assert shared.get(f"/v1/jobs/{job}/epochs/7777/parameters")["epoch"] == 7777


def test_messages_may_go_through_files(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Service(data, BACKPROP_QUEUE_URL=f"filesystem://{data}/queue", BACKPROP_WORKERS="1") as service:
        job = service.post("/v1/jobs", long_job(epochs=2))["id"]
        finish(service, job)


def test_thinned_epochs_keep_first_best_and_last(shared: Service) -> None:
    body = long_job(epochs=30)
    body["training"]["store_parameters"] = {"every": 7}
    job = shared.post("/v1/jobs?wait=60", body)
    stored = [epoch["epoch"] for epoch in epochs_of(shared, job["id"]) if epoch["parameters_stored"]]
    assert stored == sorted({0, 7, 14, 21, 28, 30, job["best_epoch"]})
    for epoch in stored:
        assert shared.get(f"/v1/jobs/{job['id']}/epochs/{epoch}/parameters")["epoch"] == epoch
    status, problem = shared.send("GET", f"/v1/jobs/{job['id']}/epochs/6/parameters")
    assert 6 in stored or (status == 404 and problem["nearest"] in stored)


def test_a_worker_measures_its_machine_for_estimates(shared: Service) -> None:
    body = {"dataset": {"inputs": [[0.0], [1.0]], "targets": [0.0, 1.0]}, "network": {"hidden": [300, 300]}}

    def basis() -> Any:
        return shared.post("/v1/jobs:estimate", body)["basis"]

    wait_until(lambda: basis()["source"] == "calibration", seconds=120, what="a calibration", poll_seconds=0.5)
    assert basis()["fingerprint"].startswith("numpy ")
