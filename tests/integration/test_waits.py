"""Requests that wait for a job: the answer comes when it has ended, or is paused and only its client can move it."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.services import Services
from tests.integration.contract import XOR
from tests.waiting import wait_until
from workers.run.run import run_next_job

WAIT_SECONDS = 60
SOON_SECONDS = 20.0  # well below the wait, and long enough for a slow machine
TRAINING = {"epochs": 4, "seed": 3, "store_parameters": {"every": 1}}


@contextmanager
def worker(service: Services) -> Iterator[Future[Any]]:
    """A thread that waits for one job and runs it."""
    with ThreadPoolExecutor(1) as pool:
        run = lambda: run_next_job(service, "test", lambda: False)  # noqa: E731
        yield pool.submit(wait_until, run, WAIT_SECONDS, "a queued job")


def paused_soon(began: float, job: Any) -> bool:
    return bool(job["status"] == "paused" and time.monotonic() - began < SOON_SECONDS)


@pytest.mark.parametrize("headers", [{}, {"Prefer": f"wait={WAIT_SECONDS}"}], ids=["wait", "Prefer"])
def test_a_wait_for_a_held_job_ends_when_it_is_paused(
    client: FlaskClient, service: Services, headers: dict[str, str]
) -> None:
    query = "" if headers else f"?wait={WAIT_SECONDS}"
    began = time.monotonic()
    with worker(service):
        body = {"dataset": XOR, "hold": True, "training": TRAINING}
        answer = client.post(f"/v1/jobs{query}", json=body, headers=headers)
    assert answer.status_code == 202 and paused_soon(began, answer.json)
    assert answer.json["progress"]["epoch"] == 0 and answer.headers["Location"].endswith(answer.json["id"])


def test_a_wait_for_a_held_fork_ends_when_it_is_paused(client: FlaskClient, service: Services) -> None:
    parent = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    began = time.monotonic()
    with worker(service):
        answer = client.post(f"/v1/jobs/{parent}:fork?wait={WAIT_SECONDS}", json={"epoch": 2, "hold": True})
    assert answer.status_code == 202 and paused_soon(began, answer.json)


def test_a_wait_for_a_step_ends_when_the_job_is_paused_again(client: FlaskClient, service: Services) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "hold": True, "training": TRAINING}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    began = time.monotonic()
    with worker(service):
        answer = client.post(f"/v1/jobs/{job}:step?wait={WAIT_SECONDS}", json={"epochs": 2})
    assert answer.status_code == 202 and paused_soon(began, answer.json)
    assert answer.json["progress"]["epoch"] == 2


def test_a_wait_for_a_replay_ends_when_it_is_paused(client: FlaskClient, service: Services) -> None:
    record = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    other = client.application.test_client()

    def pause() -> bool:
        queued = other.get("/v1/jobs?status=queued").json["data"]
        return bool(queued) and other.post(f"/v1/jobs/{queued[0]['id']}:pause").status_code == 202

    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(wait_until, pause, WAIT_SECONDS, "a queued replay")
        answer = client.post(f"/v1/jobs/{record}:replay?wait={WAIT_SECONDS}")
    assert answer.status_code == 202 and paused_soon(began, answer.json)


def test_a_paused_job_is_answered_at_once(client: FlaskClient) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}).json["id"]
    assert client.post(f"/v1/jobs/{job}:pause").json["status"] == "paused"
    began = time.monotonic()
    assert paused_soon(began, client.get(f"/v1/jobs/{job}?wait={WAIT_SECONDS}").json)


@pytest.mark.parametrize(
    ("sent", "applied"),
    [
        (["wait=1"], "wait=1"),
        (['wait="3"'], "wait=3"),
        (["WAIT = 2"], "wait=2"),
        (["respond-async", "wait=1"], "wait=1"),
        (['handling=lenient; a="b, wait=9", respond-async, wait=4; unit=s'], "wait=4"),
        (["wait=1, wait=9"], "wait=1"),
        (["wait=1000"], "wait=60"),
        (["return=minimal"], None),
        (["wait"], None),
        (["wait=soon"], None),
        (["wait=-1"], None),
        (['wait="3'], None),
    ],
    ids=str,
)
def test_preferences_are_applied_if_they_are_understood(
    client: FlaskClient, sent: list[str], applied: str | None
) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}).json["id"]
    client.post(f"/v1/jobs/{job}:cancel")
    answer = client.get(f"/v1/jobs/{job}", headers=[("Prefer", ", ".join(sent))])
    assert (answer.status_code, answer.headers.get("Preference-Applied")) == (200, applied)
    assert "Prefer" in answer.headers["Vary"]


def test_a_preference_is_said_to_be_applied_only_where_it_is(client: FlaskClient, service: Services) -> None:
    prefers = {"Prefer": f"wait={WAIT_SECONDS}"}
    with worker(service):
        answer = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}, headers=prefers)
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (201, f"wait={WAIT_SECONDS}")
    ended = answer.headers["Location"]
    assert "Preference-Applied" not in client.get(f"{ended}?wait=1", headers=prefers).headers  # the parameter counts
    places = client.application.extensions["waits"]
    with ExitStack() as all_places:
        while all_places.enter_context(places.place()):
            pass
        assert "Preference-Applied" not in client.get(ended, headers=prefers).headers
    assert client.post("/v1/jobs", json={}, headers=prefers).headers.get("Preference-Applied") is None
    assert client.get(f"{ended}?wait=soon").status_code == 422
