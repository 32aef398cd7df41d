"""Cancels and pauses that were answered 202 are obeyed, at whatever moment of a run they come."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.backprop.training.fingerprint import fingerprint
from service.services import Services
from service.store import workers
from service.store.jobs import commands
from service.store.records import Request
from service.store.tables import jobs as table
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import XOR, problem
from tests.integration.forked import classes
from tests.integration.queues import claim_job
from tests.waiting import wait_until
from workers.run import lease, run
from workers.run.flush import Writer
from workers.run.recorder import Recorder
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

COMES_TO = {"cancel": "cancelled", "pause": "paused"}
VERBS = sorted(COMES_TO)
SHORT = {"epochs": 300, "batch_size": 4, "seed": 3, "store_parameters": {"every": 100}}
KINDS: dict[str, dict[str, Any]] = {
    "values": {"dataset": XOR, "training": SHORT},
    "classes": {"dataset": classes(300), "training": {"epochs": 3, "batch_size": 50, "seed": 3}},
    "epochs trained together, stopped among them": {
        "dataset": XOR,
        "training": {**SHORT, "epochs": 5000, "stop_when": {"training_loss": 0.05}},
    },
    "one epoch after the other, stopped early": {
        "dataset": classes(300),
        "training": {"epochs": 500, "batch_size": 50, "seed": 3, "early_stopping": {"patience": 1, "min_delta": 0.5}},
    },
    "large parameters": {
        "dataset": XOR,
        "network": {"hidden": [4000, 40]},
        "training": {"epochs": 2, "seed": 3, "store_parameters": {"every": 5}},
    },
}
DIVERGES = {
    "dataset": {"inputs": [[1.0], [2.0]], "targets": [[1.0], [2.0]]},
    "network": {"layers": [{"type": "dense", "units": 1}]},
    "training": {
        "epochs": 2000,
        "batch_size": 2,
        "seed": 1,
        "optimizer": {"type": "sgd", "learning_rate": 100.0},
        "preprocessing": {"numbers": "none", "targets": "none"},
    },
}


def submit(client: FlaskClient, body: dict[str, Any]) -> str:
    answer = client.post("/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def move(client: FlaskClient, job: str, verb: str) -> Any:
    return client.post(f"/v1/jobs/{job}:{verb}")


def read(client: FlaskClient, job: str) -> Any:
    return client.get(f"/v1/jobs/{job}").json


def outcome(client: FlaskClient, job: str) -> dict[str, Any]:
    """Return what a job has come to, whatever interrupted it."""
    ended = read(client, job)
    names = ("status", "stopped", "reached_epoch", "best_epoch", "confusion_matrix", "chain", "warnings", "error")
    epochs = client.get(f"/v1/jobs/{job}/epochs?limit=1000").json["data"]
    hashes = [(epoch["epoch"], epoch["sha256"]) for epoch in epochs]
    return {name: ended[name] for name in names} | {"hashes": hashes, "version": ended["model"]["version"]}


@pytest.fixture
def train_next(service: Services) -> Callable[[], None]:
    def train() -> None:
        assert run_next_job(service, "test", lambda: False)

    return train


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("nothing is to be trained")


@contextmanager
def before_the_end(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> Iterator[None]:
    """Act once, after the last epoch and before the transaction that ends the job."""
    end, acted = Recorder.end, threading.Event()

    def ended(self: Recorder, *args: Any) -> None:
        if not acted.is_set():
            acted.set()
            act()
        end(self, *args)

    with monkeypatch.context() as patched:
        patched.setattr(lease, "ASK_SECONDS", 3600.0)
        patched.setattr(lease, "LOOK_SECONDS", 3600.0)
        patched.setattr(Recorder, "end", ended)
        yield
    assert acted.is_set()


def asking(client: FlaskClient, job: str, verb: str) -> Callable[[], None]:
    def ask() -> None:
        assert move(client, job, verb).status_code == 202

    return ask


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_request_between_the_last_epoch_and_the_end_is_obeyed(
    client: FlaskClient, train_next: Callable[[], None], monkeypatch: pytest.MonkeyPatch, kind: str, verb: str
) -> None:
    undisturbed, job = submit(client, KINDS[kind]), submit(client, KINDS[kind])
    train_next()
    with before_the_end(monkeypatch, asking(client, job, verb)):
        train_next()
    now, expected = outcome(client, job), outcome(client, undisturbed)
    assert (now["status"], now["version"], now["confusion_matrix"]) == (COMES_TO[verb], None, None)
    assert now["hashes"] == expected["hashes"] and now["chain"] == expected["chain"]
    assert client.get(f"/v1/models/{job}").status_code == 404
    if verb == "cancel":
        assert client.get(f"/v1/jobs/{job}/epochs/last/parameters").status_code == 200
        problem(move(client, job, "resume"), 409)
        return
    assert move(client, job, "resume").status_code == 202
    with monkeypatch.context() as patched:
        patched.setattr(run, "train", refuse)
        train_next()
    assert outcome(client, job) == expected


def test_a_job_is_paused_at_its_end_again_and_again(
    client: FlaskClient, train_next: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, job = submit(client, KINDS["values"]), submit(client, KINDS["values"])
    train_next()
    for _ in range(3):
        with before_the_end(monkeypatch, asking(client, job, "pause")):
            train_next()
        assert read(client, job)["status"] == "paused"
        move(client, job, "resume")
    train_next()
    assert outcome(client, job) == outcome(client, undisturbed)


def test_a_pause_at_the_end_that_is_withdrawn_or_followed_by_a_cancel(
    client: FlaskClient, train_next: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for last, status in (("resume", "succeeded"), ("cancel", "cancelled")):
        job = submit(client, KINDS["values"])

        def ask(job: str = job, last: str = last) -> None:
            for verb in ("pause", last):
                assert move(client, job, verb).status_code == 202

        with before_the_end(monkeypatch, ask):
            train_next()
        assert read(client, job)["status"] == status


def test_a_step_to_the_last_epoch_that_is_paused_is_resumed_to_its_end(
    client: FlaskClient, train_next: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(client, {**KINDS["values"], "hold": True})
    train_next()
    assert client.post(f"/v1/jobs/{job}:step", json={"epochs": 300}).status_code == 202
    with before_the_end(monkeypatch, asking(client, job, "pause")):
        train_next()
    now = read(client, job)
    assert (now["status"], now["progress"]["epoch"]) == ("paused", 300)
    move(client, job, "resume")
    train_next()
    assert read(client, job)["status"] == "succeeded"


@pytest.mark.parametrize("verb", VERBS)
def test_a_replay_obeys_at_its_end(
    client: FlaskClient, train_next: Callable[[], None], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    recorded = submit(client, KINDS["values"])
    train_next()
    replay = str(client.post(f"/v1/jobs/{recorded}:replay").json["id"])
    with before_the_end(monkeypatch, asking(client, replay, verb)):
        train_next()
    assert (read(client, replay)["status"], read(client, replay)["replay"]["identical"]) == (COMES_TO[verb], None)
    if verb == "pause":
        move(client, replay, "resume")
        train_next()
        assert read(client, replay)["replay"]["identical"] is True


@pytest.mark.parametrize("verb", VERBS)
def test_a_job_that_would_fail_obeys_first(
    client: FlaskClient, train_next: Callable[[], None], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    undisturbed, job = submit(client, DIVERGES), submit(client, DIVERGES)
    train_next()
    assert read(client, undisturbed)["error"]["code"] == "diverged"
    with before_the_end(monkeypatch, asking(client, job, verb)):
        train_next()
    assert (read(client, job)["status"], read(client, job)["error"]) == (COMES_TO[verb], None)
    if verb == "pause":
        move(client, job, "resume")
        train_next()
        assert outcome(client, job) == outcome(client, undisturbed)


@pytest.mark.parametrize("verb", VERBS)
def test_a_job_that_fails_before_it_trains_obeys_first(
    client: FlaskClient, train_next: Callable[[], None], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    job = submit(client, KINDS["values"])

    def fail(*_: Any) -> Any:
        assert move(client, job, verb).status_code == 202
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(run, "prepare", fail)
        train_next()
    assert (read(client, job)["status"], read(client, job)["error"]) == (COMES_TO[verb], None)


def test_the_time_limit_leaves_a_paused_job_paused(
    client: FlaskClient, train_next: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = {**SHORT, "epochs": 10**6, "time_limit_seconds": 0.05}
    job = submit(client, {"dataset": XOR, "training": training})
    with before_the_end(monkeypatch, asking(client, job, "pause")):
        train_next()
    assert read(client, job)["status"] == "paused"
    move(client, job, "resume")
    train_next()
    assert read(client, job)["error"]["code"] == "time_limit"


@pytest.mark.parametrize("verb", VERBS)
def test_a_job_given_up_after_crashes_obeys_first(client: FlaskClient, service: Services, verb: str) -> None:
    job = submit(client, KINDS["values"])
    for number in range(3):
        with service.database.begin() as connection:
            assert claim_job(connection, "host:1:2", 45.0, fingerprint()) is not None
        if number == 2:
            assert move(client, job, verb).status_code == 202
        with service.database.begin() as connection:
            workers.remove_ended(connection, "host:1:2", 1)
    assert (read(client, job)["status"], read(client, job)["error"]) == (COMES_TO[verb], None)


@pytest.mark.parametrize("verb", VERBS)
def test_a_request_whose_transaction_is_open_is_seen_by_the_end_that_waits_for_it(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    job, ends = submit(client, KINDS["values"]), threading.Event()
    begun = threading.Event()
    command = {"cancel": commands.cancel, "pause": commands.pause}[verb]

    def wait_for_the_command() -> None:
        ends.set()
        assert begun.wait(30)

    with before_the_end(monkeypatch, wait_for_the_command):
        worker = threading.Thread(target=run_next_job, args=(service, "test", lambda: False))
        worker.start()
        assert ends.wait(30)
        with service.database.begin() as connection:  # the row is locked until the command commits
            assert command(connection, job).job.requested == verb
            begun.set()
        worker.join(30)
    assert read(client, job)["status"] == COMES_TO[verb]


@pytest.mark.parametrize("verb", VERBS)
def test_a_request_that_waits_for_the_end_is_refused(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    job, answers = submit(client, KINDS["values"]), list[Any]()
    asker = threading.Thread(target=lambda: answers.append(move(client, job, verb)))
    replace = Writer._replace_state

    def then_ask(self: Writer, connection: Any, flush: Any, placed: Any) -> Any:
        before = replace(self, connection, flush, placed)
        if flush.last is not None:
            asker.start()
        return before

    monkeypatch.setattr(Writer, "_replace_state", then_ask)
    assert run_next_job(service, "test", lambda: False)
    asker.join(30)
    problem(answers[0], 409)
    assert read(client, job)["status"] == "succeeded"


MOMENTS = 32  # on each pair of backends
LONGEST_SECONDS = 0.08


def test_requests_at_random_moments_of_short_jobs_are_obeyed(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(7)
    body = {"dataset": XOR, "training": {**SHORT, "epochs": 2000, "validation": None}}
    stopping, idle = threading.Event(), threading.Event()

    def work() -> None:
        while not stopping.is_set():
            if not run_next_job(service, "test", lambda: False):
                idle.wait(0.002)

    worker = threading.Thread(target=work)
    worker.start()
    accepted = 0
    try:
        for number in range(MOMENTS):
            job, verb = submit(client, body), VERBS[number % 2]
            stopping.wait(chance.uniform(0.0, LONGEST_SECONDS))  # a random moment; no outcome depends on it
            answer = move(client, job, verb)
            if answer.status_code == 409:
                assert read(client, job)["status"] == "succeeded"
                continue
            accepted += 1
            assert answer.status_code == 202
            ended = until(client, job, "succeeded", "failed", "cancelled", "paused")
            assert (ended["status"], ended["model"]["version"]) == (COMES_TO[verb], None)
            if verb == "pause":
                assert move(client, job, "resume").status_code == 202
                assert until(client, job, "succeeded", "failed", "cancelled")["model"]["version"] == 1
    finally:
        stopping.set()
        worker.join()
    assert accepted > 0


def until(client: FlaskClient, job: str, *statuses: str) -> Any:
    def found() -> Any:
        now = read(client, job)
        return now if now["status"] in statuses else None

    return wait_until(found, 30, f"{job} to be {' or '.join(statuses)}", 0.005)


def test_a_request_is_heard_without_a_look_at_other_jobs(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LOOK_SECONDS", 3600.0)
    job = submit(client, KINDS["values"])
    with service.database.begin() as connection:
        claimed = claim_job(connection, "test", 45.0)
    assert claimed is not None
    with lease.Lease(service, claimed, lambda: False) as held:
        move(client, job, "pause")
        wait_until(lambda: held.asked is Request.PAUSE, 10, "the pause to be heard", 0.005)
        move(client, job, "cancel")
        wait_until(lambda: held.asked is Request.CANCEL, 10, "the cancel to be heard", 0.005)
        assert held.looks == 0 and held.stop()


def test_asking_pauses_until_the_next_look_while_the_database_does_not_answer(
    service: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(client, KINDS["values"])
    with service.database.begin() as connection:
        claimed = claim_job(connection, "test", 45.0)
        connection.execute(update(table).where(table.c.id == job).values(requested="cancel"))
    assert claimed is not None
    asked = list[str]()

    class Silent(lease.Lease):
        def _ask(self) -> None:
            asked.append("ask")
            raise OSError("no answer")

        def _look(self, renew: bool) -> None:
            asked.append("look")
            super()._look(renew)

    monkeypatch.setattr(lease, "ASK_SECONDS", 0.002)
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.1)
    with Silent(service, claimed, lambda: False) as held:
        wait_until(lambda: held.looks >= 3, 10, "three looks", 0.002)
    assert held.asked is Request.CANCEL
    assert ("ask", "ask") not in pairwise(asked)
