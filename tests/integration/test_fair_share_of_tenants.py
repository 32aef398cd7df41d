"""Whether a running job makes room, where those that wait belong to another tenant or to one at its limit."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import update

from service.backprop.training.fingerprint import fingerprint
from service.config import Settings
from service.services import Services
from service.store import limits, workers
from service.store.database import clock
from service.store.jobs import fair_share
from service.store.records import JobRecord
from service.store.tables import jobs as table
from tests.integration.contract import XOR
from tests.integration.queues import claim_job
from tests.integration.tenants import application, number_of, of_tenant

TURN = 5.0


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    with application(settings) as made:
        yield made


def queued(app: Flask, tenant: str, seconds_ago: float = 60.0) -> str:
    """A job that has waited for so long."""
    answer = of_tenant(app, tenant).post("/v1/jobs", json={"dataset": XOR, "training": {"epochs": 2}})
    assert answer.status_code == 202, answer.text
    with app.extensions["services"].database.begin() as connection:
        connection.execute(update(table).where(table.c.id == answer.json["id"]).values(queued_at=clock(-seconds_ago)))
    return str(answer.json["id"])


def claimed(service: Services, id: str, worker: str) -> JobRecord:
    """The next job in turn, which is that one, as if it had run for longer than a turn."""
    with service.database.begin() as connection:
        workers.report_alive(connection, worker)
        job = claim_job(connection, worker, 45.0, fingerprint())
        assert job is not None and job.id == id
        connection.execute(update(table).where(table.c.id == id).values(claimed_at=clock(-2 * TURN)))
    return job


def is_over(service: Services, job: JobRecord) -> bool:
    with service.database.read() as connection:
        return fair_share.is_over(connection, job, TURN, fingerprint())


def alive(service: Services, worker: str) -> None:
    with service.database.begin() as connection:
        workers.report_alive(connection, worker)


def test_a_job_makes_room_for_one_of_another_tenant_when_all_workers_are_busy(app: Flask, service: Services) -> None:
    job = claimed(service, queued(app, "a"), "host:1:2")
    assert not is_over(service, job)
    queued(app, "b", seconds_ago=TURN / 2)
    assert not is_over(service, job)
    queued(app, "b")
    assert is_over(service, job)
    alive(service, "host:3:4")
    assert not is_over(service, job)


def test_a_job_makes_no_room_for_a_tenant_at_its_limit_of_running_jobs(app: Flask, service: Services) -> None:
    theirs = claimed(service, queued(app, "b"), "host:3:4")
    mine = claimed(service, queued(app, "a"), "host:1:2")
    for _ in range(2):
        queued(app, "b")
    assert is_over(service, mine) and is_over(service, theirs)
    number = number_of(service, "b")
    with service.database.begin() as connection:
        limits.change(connection, number, {"running_jobs": 1}, None)
    assert is_over(service, theirs) and not is_over(service, mine)
    alive(service, "host:5:6")  # at its limit, a tenant's jobs wait for each other even while a worker is free
    assert is_over(service, theirs) and not is_over(service, mine)
