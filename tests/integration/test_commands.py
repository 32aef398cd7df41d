"""Pause, resume, step, hold and cancel, as clients see them; runs are made in this process."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.jobs.commands import collect
from service.services import Services
from service.store.epochs import epochs
from service.store.jobs import jobs
from tests.integration.contract import XOR, problem
from tests.integration.queues import claim_job
from workers.run.recorder import Recorder
from workers.run.run import run_next_job

TRAINING = {"epochs": 12, "seed": 3, "batch_size": 2}
MOVES = ("cancel", "pause", "resume", "step")
Run = Callable[..., bool]


@pytest.fixture
def run(service: Services) -> Run:
    return lambda should_stop=lambda: False: run_next_job(service, "test", should_stop)


def submit(client: FlaskClient, **more: Any) -> str:
    answer = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def move(client: FlaskClient, job: str, verb: str, epochs: int = 1) -> Any:
    return client.post(f"/v1/jobs/{job}:{verb}", json={"epochs": epochs} if verb == "step" else None)


def read(client: FlaskClient, job: str) -> Any:
    return client.get(f"/v1/jobs/{job}").json


def hashes(client: FlaskClient, job: str) -> list[tuple[int, str]]:
    return [(epoch["epoch"], epoch["sha256"]) for epoch in client.get(f"/v1/jobs/{job}/epochs").json["data"]]


def has_resume_state(service: Services, job: str) -> bool:
    with service.database.read() as connection:
        return epochs.load_resume_state(connection, jobs.get_job(connection, job).number) is not None


def test_a_held_job_is_measured_steps_and_ends_as_undisturbed(client: FlaskClient, run: Run) -> None:
    undisturbed = submit(client)
    assert run()
    job = submit(client, hold=True)
    assert run()
    held = read(client, job)
    assert (held["status"], held["progress"]["epoch"], held["requested"]) == ("paused", 0, None)
    assert held["latest"]["epoch"] == 0 and held["waiting"] is None and held["progress"]["eta_seconds"] is None
    assert client.get(f"/v1/jobs/{job}/epochs/0/parameters").status_code == 200
    assert not run()
    for epoch, count in ((1, 1), (4, 3)):
        stepped = move(client, job, "step", count)
        assert stepped.status_code == 202 and stepped.json["status"] == "queued"
        assert run()
        assert (read(client, job)["status"], read(client, job)["progress"]["epoch"]) == ("paused", epoch)
    assert move(client, job, "step", 1000).status_code == 202
    assert run()
    assert read(client, job)["status"] == "succeeded"
    assert hashes(client, job) == hashes(client, undisturbed)


def test_a_queued_job_is_paused_at_once_and_resumed(client: FlaskClient, run: Run) -> None:
    job = submit(client)
    paused = move(client, job, "pause")
    assert paused.status_code == 202 and paused.json["status"] == "paused"
    assert move(client, job, "pause").status_code == 200
    assert not run()
    resumed = move(client, job, "resume")
    assert resumed.status_code == 202 and resumed.json["status"] == "queued"
    assert run()
    assert read(client, job)["status"] == "succeeded"


@pytest.mark.parametrize("spelling", ["{}:{}", "{}%3A{}", "{}/{}"])
@pytest.mark.parametrize("verb", MOVES)
def test_every_verb_is_understood_in_three_spellings(client: FlaskClient, verb: str, spelling: str) -> None:
    job = submit(client)
    if verb in ("resume", "step"):
        move(client, job, "pause")
    path = "/v1/jobs/" + spelling.format(job, verb)
    assert client.post(path, json={"epochs": 1} if verb == "step" else None).status_code == 202


def test_a_running_job_pauses_and_the_request_is_shown_meanwhile(
    client: FlaskClient, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # so few short epochs would end before a flush in the background has seen the request
    monkeypatch.setattr(Recorder, "flush_in_background", Recorder.flush)
    undisturbed = submit(client)
    assert run()
    job = submit(client)
    seen: dict[str, Any] = {}

    def ask_once() -> bool:
        if not seen:
            seen["asked"] = move(client, job, "pause")
            seen["again"] = move(client, job, "pause").status_code
            seen["step"] = move(client, job, "step")
            seen["resume"] = move(client, job, "resume")
            seen["resume again"] = move(client, job, "resume")
            move(client, job, "pause")
        return False

    assert run(ask_once)
    assert seen["asked"].status_code == 202 and seen["again"] == 200
    assert (seen["asked"].json["status"], seen["asked"].json["requested"]) == ("running", "pause")
    problem(seen["step"], 409)
    assert seen["resume"].status_code == 202 and seen["resume"].json["requested"] is None
    problem(seen["resume again"], 409)
    assert (read(client, job)["status"], read(client, job)["requested"]) == ("paused", None)
    assert has_resume_state_after(client, job)
    assert move(client, job, "resume").status_code == 202
    assert run()
    assert hashes(client, job) == hashes(client, undisturbed)


def has_resume_state_after(client: FlaskClient, job: str) -> bool:
    """A paused job's epochs are stored up to where it stands."""
    return hashes(client, job)[-1][0] == read(client, job)["progress"]["epoch"]


def test_a_job_that_is_being_cancelled_accepts_no_other_request(client: FlaskClient, run: Run) -> None:
    job = submit(client)
    seen: dict[str, int] = {}

    def ask_once() -> bool:
        for verb in ("cancel", "pause", "resume", "step", "cancel again"):
            seen.setdefault(verb, move(client, job, verb.split()[0]).status_code)
        return False

    assert run(ask_once)
    assert seen == {"cancel": 202, "pause": 409, "resume": 409, "step": 409, "cancel again": 200}
    assert read(client, job)["status"] == "cancelled"


def test_a_cancel_outlives_the_worker_that_was_to_heed_it(client: FlaskClient, service: Services) -> None:
    job = submit(client)
    with service.database.begin() as connection:
        claim_job(connection, "lost", 45.0)
    assert move(client, job, "cancel").status_code == 202
    with service.database.begin() as connection:
        record = jobs.get_job(connection, job)
        assert jobs.fenced(connection, record, -1.0)  # the lease is over
    for verb in ("pause", "resume", "step"):
        problem(move(client, job, verb), 409)
    assert move(client, job, "cancel").json["status"] == "cancelled"


def test_wrong_moves_are_refused(client: FlaskClient, run: Run) -> None:
    job = submit(client)
    for verb in ("resume", "step"):
        problem(move(client, job, verb), 409)
    problem(client.post(f"/v1/jobs/{job}:step", json={"epochs": 0}), 409)  # the state is looked at before the body
    move(client, job, "pause")
    for wrong in ({"epochs": 0}, {"epochs": 1.5}, {"epochs": True}, {"epoch": 1}):
        problem(client.post(f"/v1/jobs/{job}:step", json=wrong), 422)
    move(client, job, "resume")
    assert run()
    for verb in MOVES:
        problem(move(client, job, verb), 409)
        problem(move(client, "job_nobody", verb), 404)


def test_a_paused_job_that_is_cancelled_keeps_its_last_epoch_and_no_more(
    client: FlaskClient, run: Run, service: Services
) -> None:
    job = submit(client, hold=True, training={**TRAINING, "store_parameters": {"every": 100}, "validation": None})
    run()
    move(client, job, "step", 3)
    run()
    assert has_resume_state(service, job)
    cancelled = move(client, job, "cancel")
    assert cancelled.status_code == 202 and cancelled.json["status"] == "cancelled"
    assert move(client, job, "cancel").status_code == 200
    assert not has_resume_state(service, job)
    last = client.get(f"/v1/jobs/{job}/epochs/last/parameters").json
    assert last["epoch"] == 3 and last["sha256"] == hashes(client, job)[3][1]
    assert client.get(f"/v1/jobs/{job}/epochs").json["data"][3]["parameters_stored"]
    collect(service)
    assert client.delete(f"/v1/jobs/{job}").status_code == 204


def test_higher_priorities_go_first_and_places_are_shown(client: FlaskClient, run: Run) -> None:
    low, first, second = submit(client, priority=-1), submit(client), submit(client)
    high = submit(client, priority=5)
    order = [high, first, second, low]
    assert [read(client, job)["waiting"]["position"] for job in order] == [1, 2, 3, 4]
    listed = {job["id"]: job["waiting"]["position"] for job in client.get("/v1/jobs").json["data"]}
    assert listed == {high: 1, first: 2, second: 3, low: 4}
    assert "no worker is alive" in read(client, low)["waiting"]["reason"]
    move(client, first, "pause")
    move(client, first, "resume")  # behind those that have waited
    order = [high, second, first, low]
    for job in order:
        assert read(client, job)["waiting"]["position"] == 1
        assert run()
        assert read(client, job)["status"] == "succeeded"


def test_a_pause_that_is_to_come_can_be_taken_back(client: FlaskClient, run: Run) -> None:
    job = submit(client, hold=True)
    assert move(client, job, "resume").status_code == 202
    problem(move(client, job, "resume"), 409)
    assert run()
    assert read(client, job)["status"] == "succeeded"
