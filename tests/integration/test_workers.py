"""What workers report: of themselves, for the operator's list, and what they have counted."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service import __version__
from service.backprop.training.fingerprint import fingerprint
from service.counts import Counts, Total
from service.errors import Unavailable
from service.services import Services
from service.store import calibrations, totals, workers
from service.store.database import clock
from service.store.jobs import jobs
from service.store.tables import calibrations as calibrations_table
from service.store.tables import workers as table
from tests.integration.contract import XOR
from tests.integration.queues import claim_job
from workers.exit_codes import ExitCodes
from workers.housekeeping import Housekeeping
from workers.process_names import ProcessName, pid_namespace
from workers.run.run import run_next_job

NAMES = [f"host:ns:1:{number}" for number in range(2, 7)]


def report(service: Services, *names: str) -> None:
    about = workers.About("host", datetime(2026, 3, 1, tzinfo=UTC), "0.1.0", 2)
    for name in names:
        with service.database.begin() as connection:
            workers.report_alive(connection, name, "how", about)


def read_totals(service: Services) -> dict[tuple[str, str], float]:
    with service.database.read() as connection:
        return totals.read(connection)


def test_a_worker_is_listed_with_what_it_reports_and_the_job_it_runs(client: FlaskClient, service: Services) -> None:
    assert client.get("/v1/workers").json["data"] == []
    report(service, NAMES[0])
    job = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    (idle,) = client.get("/v1/workers").json["data"]
    assert idle["job"] is None
    with service.database.begin() as connection:
        claim_job(connection, NAMES[0], 45.0)
    (worker,) = client.get("/v1/workers").json["data"]
    assert worker.pop("heartbeat_at") >= idle["heartbeat_at"]
    assert worker == {
        "id": NAMES[0],
        "object": "worker",
        "alive": True,
        "host": "host",
        "places": 1,
        "threads": 2,
        "version": "0.1.0",
        "started_at": "2026-03-01T00:00:00.000000Z",
        "fingerprint": "how",
        "waits_for": None,
        "job": job,
        "prediction": None,
    }


def test_a_worker_that_is_silent_is_not_alive_and_one_of_an_earlier_release_has_gaps(
    client: FlaskClient, service: Services
) -> None:
    with service.database.begin() as connection:
        workers.report_alive(connection, NAMES[0])
        connection.execute(update(table).values(seen_at=clock(-60.0)))
    (worker,) = client.get("/v1/workers").json["data"]
    assert not worker["alive"]
    assert [worker[name] for name in ("host", "threads", "version", "started_at", "fingerprint")] == [None] * 5


def test_pages_of_workers_follow_each_other_though_workers_end(client: FlaskClient, service: Services) -> None:
    report(service, *NAMES)
    first = client.get("/v1/workers?limit=2")
    assert [worker["id"] for worker in first.json["data"]] == NAMES[:2] and first.json["has_more"]
    with service.database.begin() as connection:
        assert workers.remove_worker(connection, NAMES[1])
    address = first.headers["Link"].partition("<")[2].partition(">")[0]
    second = client.get(address)
    assert [worker["id"] for worker in second.json["data"]] == NAMES[2:4]
    last = client.get(f"/v1/workers?after={second.json['last_id']}")
    assert [worker["id"] for worker in last.json["data"]] == NAMES[4:] and "Link" not in last.headers


def housekeeping(service: Services) -> Housekeeping:
    return Housekeeping(service, ProcessName(pid_namespace(), os.getppid(), os.getpid()), ExitCodes())


def test_housekeeping_reports_what_this_process_is(client: FlaskClient, service: Services) -> None:
    housekeeping(service)._report()
    (worker,) = client.get("/v1/workers").json["data"]
    assert (worker["version"], worker["threads"], worker["fingerprint"]) == (__version__, 1, fingerprint("auto"))
    assert worker["id"].startswith(worker["host"] + ":")


def test_what_a_run_counts_is_added_to_what_was_counted_before(client: FlaskClient, service: Services) -> None:
    duties = housekeeping(service)
    for _ in range(2):
        client.post("/v1/jobs", json={"dataset": XOR, "training": {"epochs": 5, "seed": 1}})
        assert run_next_job(service, "test", lambda: False)
        duties._report_counts()
    duties._report_counts()
    counted = read_totals(service)
    assert (counted["attempts", ""], counted["epochs", ""], counted["samples", ""]) == (2, 10, 40)
    flushes = sum(count for (name, _), count in counted.items() if name == "flushes")
    assert flushes >= 2 and counted["flush_seconds", ""] > 0
    assert ("lease_losses", "") not in counted


def test_a_run_that_loses_its_job_is_counted(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/v1/jobs", json={"dataset": XOR})
    with monkeypatch.context() as lost:
        lost.setattr(jobs, "fenced", lambda *_, **__: False)
        assert run_next_job(service, "test", lambda: False)
    assert service.counts.take()[Total.LEASE_LOSSES.value, ""] == 1
    with service.database.begin() as connection:
        connection.execute(update(jobs.jobs).values(lease_until=clock(-1.0)))
    housekeeping(service)._free_expired()
    assert service.counts.take() == {(Total.LEASE_EXPIRATIONS.value, ""): 1}


def test_what_was_measured_of_the_machine_is_recorded_once_and_again_after_a_week(service: Services) -> None:
    duties = housekeeping(service)
    assert duties.needs_calibration()
    duties.report_calibration({"steps": 1.5, "arithmetic": 0.5})
    duties._report()
    with service.database.read() as connection:
        known = calibrations.find(connection, fingerprint("auto"), service.settings.threads)
    assert known is not None and known.factors == {"steps": 1.5, "arithmetic": 0.5}
    assert not housekeeping(service).needs_calibration()
    with service.database.begin() as connection:
        before = datetime.now(UTC) - calibrations.VALID - timedelta(seconds=1)
        connection.execute(update(calibrations_table).values(measured_at=before))
    duties._report()  # it has nothing new to record
    assert duties.needs_calibration()
    duties.report_calibration({"steps": 2.0, "arithmetic": 2.0})
    duties._report()
    assert not duties.needs_calibration()


def test_a_process_that_has_ended_is_counted_once(service: Services) -> None:
    ended = ProcessName(pid_namespace(), os.getpid(), 2**22 + 1)  # above the largest process id
    report(service, str(ended))
    duties = [Housekeeping(service, ProcessName(ended.namespace, ended.parent, 1), ExitCodes()) for _ in range(2)]
    for one in duties:
        one.exit_codes.add(ended.pid, -11)
        one._free_jobs_of_ended_processes()
    assert service.counts.take() == {(Total.CRASHES.value, "crashed"): 1}


def test_counts_that_could_not_be_reported_are_reported_later(
    service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    duties = housekeeping(service)
    service.counts.add(Total.EPOCHS, 3)

    def away(*_: Any) -> None:
        raise Unavailable("the database does not answer")

    with monkeypatch.context() as frozen:
        frozen.setattr(totals, "add", away)
        with pytest.raises(Unavailable):
            duties._report_counts()
    service.counts.add(Total.EPOCHS, 4)
    duties._report_counts()
    assert read_totals(service) == {("epochs", ""): 7}


def test_workers_that_report_at_the_same_time_lose_nothing(service: Services) -> None:
    sums = {("epochs", ""): 1.0, ("flushes", "0.1"): 2.0, ("samples", ""): 3.0}

    def add(number: int) -> None:
        turned = dict(reversed(sums.items())) if number % 2 else sums
        for _ in range(10):
            with service.database.begin() as connection:
                totals.add(connection, turned)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    assert read_totals(service) == {key: 40 * value for key, value in sums.items()}


@pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)
def test_flushes_are_counted_by_how_long_they_took(service: Services) -> None:
    counts = Counts()
    for seconds in (0.004, 0.005, 0.3, 11.0):
        counts.add_flush(seconds)
    sums = counts.take()
    assert [sums["flushes", label] for label in ("0.005", "0.5", "+Inf")] == [2, 1, 1]
    assert sums["flush_seconds", ""] == pytest.approx(11.309) and counts.take() == {}
