"""Fair shares, workers that crash, and machines that compute otherwise; runs are made in this process."""

import hashlib
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.app import create_app
from service.backprop.training.fingerprint import fingerprint
from service.services import Services
from service.store import workers
from service.store.database import clock
from service.store.jobs import crashes, jobs
from service.store.records import JobRecord
from service.store.tables import jobs as table
from tests.integration.contract import XOR
from tests.integration.queues import claim_job
from workers.run.run import run_next_job

KILL, SEGMENT = -signal.SIGKILL, -signal.SIGSEGV
ELSEWHERE = "numpy 1.0.0; core Elsewhere"


def submit(client: FlaskClient, epochs: int = 4, **more: Any) -> str:
    training = {"epochs": epochs, "seed": 3, "batch_size": 2}
    return str(client.post("/v1/jobs", json={"dataset": XOR, "training": training, **more}).json["id"])


def read(client: FlaskClient, job: str) -> Any:
    return client.get(f"/v1/jobs/{job}").json


def run(service: Services, should_stop: Callable[[], bool] = lambda: False) -> bool:
    return run_next_job(service, "host:1:2", should_stop)


def change(service: Services, job: str, **values: Any) -> None:
    with service.database.begin() as connection:
        connection.execute(update(table).where(table.c.id == job).values(**values))


def claimed(service: Services, seconds_ago: float = 0.0) -> JobRecord:
    with service.database.begin() as connection:
        job = claim_job(connection, "host:1:2", 45.0, fingerprint())
        assert job is not None
        connection.execute(update(table).where(table.c.id == job.id).values(claimed_at=clock(-seconds_ago)))
    return job


def dies(service: Services, exit_code: int | None, seconds_after_claim: float = 0.0) -> JobRecord:
    claimed(service, seconds_after_claim)
    with service.database.begin() as connection:
        (freed,) = workers.remove_ended(connection, "host:1:2", exit_code).jobs
    return freed


@pytest.mark.parametrize("exit_code", [SEGMENT, 1, 70])
def test_three_deaths_that_stored_nothing_end_the_job(client: FlaskClient, service: Services, exit_code: int) -> None:
    job = submit(client)
    assert [dies(service, exit_code).status for _ in range(3)] == ["queued", "queued", "failed"]
    ended = read(client, job)
    assert (ended["status"], ended["error"]["code"], ended["attempt"]) == ("failed", "crashed_repeatedly", 3)
    assert ended["finished_at"] is not None
    assert [event["type"] for event in client.get(f"/v1/jobs/{job}/events").json["data"]][-2:] == ["status", "end"]


def test_kills_soon_after_the_claim_do_not_count_but_twenty_do(client: FlaskClient, service: Services) -> None:
    submit(client)
    statuses = [dies(service, KILL, 9.0 if number % 2 else 0.0).status for number in range(19)]
    assert set(statuses) == {"queued"}
    assert dies(service, KILL).status == "failed"


def test_kills_long_after_the_claim_count(client: FlaskClient, service: Services) -> None:
    submit(client)
    assert [dies(service, KILL, 10.5).status for _ in range(3)] == ["queued", "queued", "failed"]


def test_what_nobody_saw_does_not_count_among_the_three(client: FlaskClient, service: Services) -> None:
    submit(client)
    assert {dies(service, None, 600.0).status for _ in range(19)} == {"queued"}


def test_progress_clears_the_count(client: FlaskClient, service: Services) -> None:
    job = submit(client, epochs=50)
    for _ in range(4):
        assert dies(service, SEGMENT).status == "queued"
        assert dies(service, SEGMENT).status == "queued"
        attempt = claimed(service)
        change(service, job, stored_attempt=attempt.attempt)
        with service.database.begin() as connection:
            assert [freed.status for freed in workers.remove_ended(connection, "host:1:2", SEGMENT).jobs] == ["queued"]


def test_a_run_that_stores_epochs_makes_progress(client: FlaskClient, service: Services) -> None:
    job = submit(client, hold=True)
    assert run(service)
    with service.database.read() as connection:
        record = jobs.get_job(connection, job)
    assert record.stored_attempt == record.attempt == 1 and record.fingerprint == fingerprint()


@pytest.mark.parametrize(("verb", "status"), [("cancel", "cancelled"), ("pause", "paused")])
def test_what_was_asked_of_a_job_comes_true_when_its_worker_dies(
    client: FlaskClient, service: Services, verb: str, status: str
) -> None:
    job = submit(client)
    claimed(service)
    client.post(f"/v1/jobs/{job}:{verb}")
    assert read(client, job)["status"] == "running"
    with service.database.begin() as connection:
        workers.remove_ended(connection, "host:1:2", KILL)
    assert (read(client, job)["status"], read(client, job)["requested"]) == (status, None)


@pytest.mark.parametrize(("verb", "status"), [("cancel", "cancelled"), ("pause", "paused")])
def test_a_job_whose_lease_is_over_is_moved_at_once(
    client: FlaskClient, service: Services, verb: str, status: str
) -> None:
    job = submit(client)
    claimed(service)
    change(service, job, lease_until=clock(-1))
    assert client.post(f"/v1/jobs/{job}:{verb}").json["status"] == status


def test_a_job_whose_lease_is_over_is_taken_by_the_next(client: FlaskClient, service: Services) -> None:
    job = submit(client)
    claimed(service)
    assert not run(service)
    change(service, job, lease_until=clock(-1))
    with service.database.read() as connection:
        assert crashes.are_expired(connection)
    assert run(service)
    assert (read(client, job)["status"], read(client, job)["attempt"]) == ("succeeded", 2)


def test_a_long_job_makes_room_for_one_that_waits(client: FlaskClient, service: Services) -> None:
    undisturbed = submit(client, epochs=100_000)
    assert run(service)
    hasty = replace(service, settings=replace(service.settings, turn_seconds=0.1, lease_seconds=0.4))
    with service.database.begin() as connection:
        workers.report_alive(connection, "host:1:2", fingerprint())
    long = submit(client, epochs=100_000)
    short = submit(client)
    turns = 0
    while read(client, long)["status"] == "queued":
        assert run(hasty)
        turns += 1
        if turns == 1:
            halfway = read(client, long)
            assert halfway["status"] == "queued" and 0 < halfway["progress"]["epoch"] < 100_000
            assert read(client, short)["waiting"]["position"] == 1 and halfway["waiting"]["position"] == 2
    assert turns == 3 and read(client, short)["status"] == "succeeded"
    assert hashes(client, long) == hashes(client, undisturbed)


def hashes(client: FlaskClient, job: str) -> list[str]:
    return [epoch["sha256"] for epoch in client.get(f"/v1/jobs/{job}/epochs?limit=1000").json["data"]]


@pytest.mark.parametrize("free", ["another worker", "lower priority", "the turn is not over"])
def test_nobody_makes_room_without_need(client: FlaskClient, service: Services, free: str) -> None:
    hasty = replace(service, settings=replace(service.settings, turn_seconds=0.1, lease_seconds=0.4))
    if free == "the turn is not over":
        hasty = replace(service, settings=replace(service.settings, turn_seconds=600, lease_seconds=0.4))
    with service.database.begin() as connection:
        for name in ["host:1:2"] + ["host:1:3"] * (free == "another worker"):
            workers.report_alive(connection, name, fingerprint())
    long = submit(client, epochs=100_000)
    submit(client, priority=-1 if free == "lower priority" else 0)
    assert run(hasty)
    assert (read(client, long)["status"], read(client, long)["attempt"]) == ("succeeded", 1)


def started_elsewhere(
    client: FlaskClient, service: Services, on_other_machine: str, epochs: int = 4, steps: int = 2
) -> str:
    job = submit(client, epochs, hold=True, on_other_machine=on_other_machine)
    assert run(service)
    assert client.post(f"/v1/jobs/{job}:step", json={"epochs": steps}).status_code == 202
    assert run(service)
    change(service, job, fingerprint=ELSEWHERE)
    client.post(f"/v1/jobs/{job}:resume")
    return job


def test_a_job_goes_on_on_another_machine_with_a_warning(client: FlaskClient, service: Services) -> None:
    job = started_elsewhere(client, service, "resume")
    assert run(service)
    ended = read(client, job)
    assert ended["status"] == "succeeded"
    (warning,) = [each for each in ended["warnings"] if each["code"] == "other_machine"]
    assert warning["epoch"] == 2 and "numpy 1.0.0" in warning["detail"]
    events = client.get(f"/v1/jobs/{job}/events").json["data"]
    assert [event["data"] for event in events if event["type"] == "warning"] == [warning]


def test_a_job_waits_for_its_machine_where_that_is_wanted(client: FlaskClient, service: Services) -> None:
    job = started_elsewhere(client, service, "wait")
    with service.database.begin() as connection:
        workers.report_alive(connection, "host:1:2", fingerprint())
    assert not run(service)
    assert ELSEWHERE in read(client, job)["waiting"]["reason"]
    change(service, job, fingerprint=fingerprint())
    assert run(service)
    assert read(client, job)["status"] == "succeeded" and not read(client, job)["warnings"]


def test_a_job_begins_again_on_another_machine_where_that_is_wanted(client: FlaskClient, service: Services) -> None:
    job = started_elsewhere(client, service, "restart")
    assert run(service)
    ended = read(client, job)
    assert ended["status"] == "succeeded" and "begins again" in ended["warnings"][0]["detail"]
    epochs = client.get(f"/v1/jobs/{job}/epochs").json["data"]
    assert [epoch["epoch"] for epoch in epochs] == list(range(5))


def test_short_epochs_begin_again_on_another_machine(client: FlaskClient, service: Services) -> None:
    undisturbed = submit(client, epochs=200)
    assert run(service)
    job = started_elsewhere(client, service, "restart", epochs=200, steps=100)
    assert run(service)
    assert read(client, job)["status"] == "succeeded", read(client, job)["error"]
    assert hashes(client, job) == hashes(client, undisturbed)


def test_short_epochs_begin_again_on_another_machine_too(client: FlaskClient, service: Services) -> None:
    job = submit(client, epochs=300, hold=True)
    assert run(service)
    client.post(f"/v1/jobs/{job}:step", json={"epochs": 200})
    assert run(service)
    change(service, job, fingerprint=ELSEWHERE, on_other_machine="restart")
    client.post(f"/v1/jobs/{job}:resume")
    assert run(service)
    ended = read(client, job)
    assert ended["status"] == "succeeded" and "begins again" in ended["warnings"][0]["detail"]
    epochs = client.get(f"/v1/jobs/{job}/epochs?limit=1000").json["data"]
    assert [epoch["epoch"] for epoch in epochs] == list(range(301))
    chain = b""
    for epoch in epochs:
        chain = hashlib.sha256(chain + bytes.fromhex(epoch["sha256"])).digest()
    assert ended["chain"] == chain.hex()


def test_a_prediction_of_an_epoch_that_was_computed_again_is_of_the_new_parameters(
    client: FlaskClient, service: Services
) -> None:
    job = started_elsewhere(client, service, "restart")
    path, rows = f"/v1/jobs/{job}/epochs/1:predict", {"instances": [[0.0, 1.0]]}
    before = client.post(path, json=rows).json["predictions"]
    other_seed = read(client, submit(client))["training"] | {"seed": 4}  # as another machine comes to other numbers
    change(service, job, training=other_seed, priority=1)
    assert run(service) and read(client, job)["status"] == "succeeded"
    after = client.post(path, json=rows).json["predictions"]
    assert after != before
    cold = create_app(service.settings)
    assert cold.test_client().post(path, json=rows).json["predictions"] == after
    cold.extensions["services"].database.dispose()


def test_a_job_is_left_to_its_machine_while_that_lives(client: FlaskClient, service: Services) -> None:
    job = started_elsewhere(client, service, "resume")
    with service.database.begin() as connection:
        workers.report_alive(connection, "elsewhere:1:2", ELSEWHERE)
    assert not run(service)
    with service.database.begin() as connection:
        workers.remove_worker(connection, "elsewhere:1:2")
    assert run(service)
    assert read(client, job)["status"] == "succeeded"
