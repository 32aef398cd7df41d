"""Runs that are stopped before they train or after they have trained: while they prepare, count or compare."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.config import Settings
from service.preprocessing import batches, statistics, strata
from service.services import Services
from service.store.epochs import epochs
from service.store.jobs import jobs
from service.store.tables import jobs as table
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.forked import classes
from tests.integration.interrupting import after
from tests.waiting import wait_until
from workers.run import ending, lease, run
from workers.run.run import run_next_job

EPOCHS = 6
ROWS = 2500  # three blocks of the rows that are counted together
KINDS: dict[str, dict[str, Any]] = {
    "all epochs": {},
    "early stopping": {
        "epochs": 500,
        "optimizer": {"type": "sgd", "learning_rate": 1.5},
        "early_stopping": {"patience": 2},
        "store_parameters": {"every": 1000},
    },
    "stop_when": {"epochs": 500, "stop_when": {"validation_accuracy": 0.5}},
    "the last epoch": {"version_epoch": "last", "store_parameters": {"every": 1000}},
    "without validation": {"validation": None},
}


def submit(client: FlaskClient, **training: Any) -> str:
    training = {"epochs": EPOCHS, "batch_size": 50, "seed": 3, **training}
    answer = client.post("/v1/jobs", json={"dataset": classes(ROWS), "training": training})
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def read(client: FlaskClient, job: str) -> Any:
    return client.get(f"/v1/jobs/{job}").json


def record(client: FlaskClient, job: str) -> list[dict[str, Any]]:
    """All epochs without the time they took."""
    data = client.get(f"/v1/jobs/{job}/epochs?limit=1000").json["data"]
    return [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in data]


def outcome(client: FlaskClient, job: str) -> dict[str, Any]:
    """What an ended job has come to, whatever interrupted it."""
    ended = read(client, job)
    names = ("status", "stopped", "reached_epoch", "best_epoch", "confusion_matrix", "chain", "warnings")
    return {name: ended[name] for name in names} | {"record": record(client, job)}


def losses_counted(service: Services, job: str) -> tuple[int, int]:
    """How many deaths and lost attempts are counted against a job."""
    with service.database.read() as connection:
        row = connection.execute(select(table.c.deaths, table.c.lost_attempts).where(table.c.id == job)).one()
        return row.deaths, row.lost_attempts


def has_state(service: Services, job: str) -> bool:
    with service.database.read() as connection:
        return epochs.load_resume_state(connection, jobs.get_job(connection, job).number) is not None


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("nothing is to be trained")


@contextmanager
def nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(run, "train", refuse)
        yield


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred rows are read together, as if the dataset had millions."""
    for module, name in ((statistics, "READ_ROWS"), (batches, "TRANSFORM_ROWS"), (strata, "DRAW_ROWS")):
        monkeypatch.setattr(module, name, 300)


@contextmanager
def started(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[threading.Event]:
    """Set as soon as a run calls its function of this name."""
    module = run if hasattr(run, name) else ending
    called, whole = threading.Event(), getattr(module, name)

    def call(*args: Any, **more: Any) -> Any:
        called.set()
        return whole(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, call)
        yield called


def asking(client: FlaskClient, job: str, verb: str, when: Callable[[], bool]) -> type[run.Lease]:
    """A watch whose client asks for something as soon as `when` says so, and that hears of it at once."""

    class Asked(run.Lease):
        has_asked = False

        def stop(self) -> bool:
            if not self.has_asked and when():
                self.has_asked = True
                assert client.post(f"/v1/jobs/{job}:{verb}").status_code == 202
                self._look(renew=False)
            return super().stop()

    return Asked


@pytest.mark.parametrize("blocks", [0, 1, 9, 17])
def test_a_stop_while_preparing_puts_the_job_back_unharmed(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, small_blocks: None, blocks: int
) -> None:
    undisturbed, job = submit(client), submit(client)
    assert run_next_job(service, "test", lambda: False)
    with nothing_is_trained(monkeypatch):
        for _ in range(4):  # more often than an attempt may be lost
            assert run_next_job(service, "test", after(blocks))
            now = read(client, job)
            assert (now["status"], now["progress"]["epoch"], now["error"]) == ("queued", 0, None)
            assert losses_counted(service, job) == (0, 0)
    assert run_next_job(service, "test", lambda: False)
    assert outcome(client, job) == outcome(client, undisturbed)


@pytest.mark.parametrize(("verb", "status"), [("cancel", "cancelled"), ("pause", "paused")])
def test_what_is_asked_while_preparing_comes_true_before_training(
    client: FlaskClient,
    service: Services,
    monkeypatch: pytest.MonkeyPatch,
    small_blocks: None,
    verb: str,
    status: str,
) -> None:
    monkeypatch.setattr(lease, "PATIENCE_SECONDS", 0.0)
    job = submit(client)
    with nothing_is_trained(monkeypatch) as _, monkeypatch.context() as patched:
        patched.setattr(run, "Lease", asking(client, job, verb, lambda: True))
        assert run_next_job(service, "test", lambda: False)
    assert read(client, job)["status"] == status
    if status == "paused":
        client.post(f"/v1/jobs/{job}:resume")
        assert run_next_job(service, "test", lambda: False)
        assert read(client, job)["status"] == "succeeded"


def test_a_job_that_is_lost_while_preparing_is_left_to_its_new_run(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, small_blocks: None
) -> None:
    job = submit(client)

    class Lost(run.Lease):
        def stop(self) -> bool:
            self.lost = True
            return super().stop()

    with nothing_is_trained(monkeypatch) as _, monkeypatch.context() as patched:
        patched.setattr(run, "Lease", Lost)
        assert run_next_job(service, "test", lambda: False)
    assert read(client, job)["status"] == "running"


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_while_counting_stores_the_state_and_later_only_counts(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    undisturbed, job = submit(client, **KINDS[kind]), submit(client, **KINDS[kind])
    assert run_next_job(service, "test", lambda: False)
    with started(monkeypatch, "confusion_matrix") as counts:
        assert run_next_job(service, "test", counts.is_set)
    now, expected = read(client, job), outcome(client, undisturbed)
    assert now["status"] == "queued" and now["confusion_matrix"] is None and now["model"]["version"] is None
    assert now["progress"]["epoch"] == expected["record"][-1]["epoch"] and has_state(service, job)
    assert [epoch["sha256"] for epoch in record(client, job)] == [epoch["sha256"] for epoch in expected["record"]]
    with nothing_is_trained(monkeypatch):
        with started(monkeypatch, "confusion_matrix") as counts:
            assert run_next_job(service, "test", counts.is_set)
        assert read(client, job)["status"] == "queued" and losses_counted(service, job) == (0, 0)
        assert run_next_job(service, "test", lambda: False)
    assert outcome(client, job) == expected and read(client, job)["model"]["version"] == 1
    assert not has_state(service, job)


@pytest.mark.parametrize("kind", ["all epochs", "early stopping"])
@pytest.mark.parametrize(("verb", "status"), [("cancel", "cancelled"), ("pause", "paused")])
def test_what_is_asked_while_counting_comes_true(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, kind: str, verb: str, status: str
) -> None:
    monkeypatch.setattr(lease, "PATIENCE_SECONDS", 0.0)
    undisturbed, job = submit(client, **KINDS[kind]), submit(client, **KINDS[kind])
    assert run_next_job(service, "test", lambda: False)
    with started(monkeypatch, "confusion_matrix") as counts, monkeypatch.context() as patched:
        patched.setattr(run, "Lease", asking(client, job, verb, counts.is_set))
        assert run_next_job(service, "test", lambda: False)
    now, expected = read(client, job), outcome(client, undisturbed)
    assert now["status"] == status and now["chain"] == expected["chain"]
    last = expected["record"][-1]["epoch"]
    if status == "cancelled":
        assert client.get(f"/v1/jobs/{job}/epochs/{last}/parameters").status_code == 200
        assert not has_state(service, job)
        return
    client.post(f"/v1/jobs/{job}:resume")
    with nothing_is_trained(monkeypatch):
        assert run_next_job(service, "test", lambda: False)
    assert outcome(client, job) == expected


@pytest.mark.parametrize("kind", ["all epochs", "early stopping"])
def test_a_stop_while_counting_after_the_last_step_is_no_pause(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    undisturbed = submit(client, **KINDS[kind])
    assert run_next_job(service, "test", lambda: False)
    last = read(client, undisturbed)["progress"]["epoch"]
    job = submit(client, **KINDS[kind])
    with service.database.begin() as connection:  # as a step that ends at the last epoch
        connection.execute(update(table).where(table.c.id == job).values(pause_at=last))
    with started(monkeypatch, "confusion_matrix") as counts:
        assert run_next_job(service, "test", counts.is_set)
    assert read(client, job)["status"] == "queued"
    assert run_next_job(service, "test", lambda: False)
    assert outcome(client, job) == outcome(client, undisturbed)


def test_the_time_limit_is_of_training_and_not_of_counting(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(client, time_limit_seconds=1000)
    with started(monkeypatch, "confusion_matrix") as counts:
        assert run_next_job(service, "test", counts.is_set)
    with service.database.begin() as connection:
        connection.execute(update(table).where(table.c.id == job).values(training_seconds=5000.0))
    assert run_next_job(service, "test", lambda: False)
    assert read(client, job)["status"] == "succeeded"


@pytest.mark.parametrize("phase", ["also_stored", "certify"])
def test_a_replay_is_stopped_while_it_hashes_the_record(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    recorded = submit(client, store_parameters={"every": 2})  # each epoch's parameters by themselves
    assert run_next_job(service, "test", lambda: False)
    replay = str(client.post(f"/v1/jobs/{recorded}:replay").json["id"])
    with started(monkeypatch, phase) as hashes:
        assert run_next_job(service, "test", hashes.is_set)
    now = read(client, replay)
    assert now["status"] == "queued" and losses_counted(service, replay) == (0, 0)
    assert has_state(service, replay) == (phase == "certify")
    assert run_next_job(service, "test", lambda: False)
    ended = read(client, replay)
    assert ended["status"] == "succeeded" and ended["replay"]["identical"] is True
    assert record(client, replay) == record(client, recorded)


SLOWLY = """
import sys
from pathlib import Path
import service.backprop.training.evaluator as evaluator
import service.preprocessing.statistics as statistics
import workers.run.finish as finish
from workers.__main__ import main
from workers.run import ending, run

phase = sys.argv[2]
module = run if hasattr(run, phase) else ending
whole = getattr(module, phase)

def one_row_at_a_time(*args):
    statistics.READ_ROWS = evaluator.EVALUATE_ROWS = 1
    finish.MOST_TRAINING_ROWS = 10**9
    Path(sys.argv[1]).write_text(phase)
    result = whole(*args)
    Path(sys.argv[1] + "-finished").write_text(phase)
    return result

setattr(module, phase, one_row_at_a_time)
sys.exit(main())
"""
MANY_ROWS = 400_000  # one at a time they take far longer than a stop


@POSTGRESQL_IS_LONG
@pytest.mark.parametrize("phase", ["prepare", "confusion_matrix"])
def test_a_worker_that_is_terminated_outside_training_gives_its_job_back_at_once(
    client: FlaskClient, service: Services, settings: Settings, tmp_path: Path, phase: str
) -> None:
    random = np.random.default_rng(3)
    rows = "".join(f"{value:.3f},{'ab'[int(value > 0)]}\n" for value in random.normal(size=MANY_ROWS) * 3)
    assert client.put("/v1/datasets/many", data="x,y\n" + rows).status_code == 201
    training = {"epochs": 2, "batch_size": 20_000, "seed": 1, "validation": None}
    job = client.post("/v1/jobs", json={"dataset": "many", "network": {"hidden": [2]}, "training": training}).json["id"]
    marker = tmp_path / "marker"
    urls = {"BACKPROP_DATABASE_URL": str(settings.database_url), "BACKPROP_QUEUE_URL": str(settings.queue_url)}
    given = {**urls, "BACKPROP_DATA_DIR": str(settings.data_dir), "BACKPROP_WORKERS": "1"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BACKPROP_")}
    command = [sys.executable, "-c", SLOWLY, str(marker), phase]
    with subprocess.Popen(command, env={**inherited, **given}) as worker:
        try:
            wait_until(marker.exists, seconds=60, what=f"a run that has come to {phase}")
            worker.send_signal(signal.SIGTERM)
            wait_until(lambda: read(client, job)["status"] == "queued", seconds=60, what="the job in the queue")
            assert worker.wait(60) == 0
            assert not marker.with_name("marker-finished").exists()
        finally:
            worker.kill()
    assert losses_counted(service, job) == (0, 0)
    assert has_state(service, job) == (phase == "confusion_matrix")
    assert read(client, job)["progress"]["epoch"] == (2 if phase == "confusion_matrix" else 0)
    assert run_next_job(service, "test", lambda: False)
    ended = read(client, job)
    assert ended["status"] == "succeeded" and [epoch["epoch"] for epoch in record(client, job)] == [0, 1, 2]
