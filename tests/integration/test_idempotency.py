"""A request with an Idempotency-Key is done once, whatever dies or does not answer while it is done."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.errors import Unavailable
from service.jobs import submission as work
from service.jobs import views
from service.services import Services
from service.store import idempotency
from service.store.tables import idempotency as stored
from tests.integration.contract import XOR, problem

KEY = {"Idempotency-Key": "one"}


def away(*_: Any) -> None:
    raise Unavailable("the database does not answer")


def submit(client: FlaskClient) -> Any:
    return client.post("/v1/jobs", json={"dataset": XOR}, headers=KEY)


def all_jobs(client: FlaskClient) -> list[str]:
    return [job["id"] for job in client.get("/v1/jobs").json["data"]]


def later(service: Services, seconds: float) -> None:
    """Make what is stored older by so many seconds."""
    with service.database.begin() as connection:
        for key, began in connection.execute(select(stored.c.key, stored.c.created_at)).all():
            connection.execute(
                update(stored).where(stored.c.key == key).values(created_at=began - timedelta(seconds=seconds))
            )


@pytest.mark.parametrize("fails", ["keep", "read"])
def test_a_job_whose_answer_was_lost_is_answered_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(*((idempotency, "store_answer") if fails == "keep" else (views, "read")), away)
        first = submit(client)
        assert first.status_code == (202 if fails == "keep" else 503)
    again = submit(client)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    assert all_jobs(client) == [again.json["id"]] and again.headers["Location"] == f"/v1/jobs/{again.json['id']}"
    assert "Retry-After" in again.headers
    problem(client.post("/v1/jobs", json={"dataset": "other"}, headers=KEY), 422)


def test_a_request_that_died_before_it_made_anything_is_done_by_the_next_one(
    client: FlaskClient, service: Services
) -> None:
    key = hashlib.sha256(b"POST /v1/jobs\none").hexdigest()
    with service.database.begin() as connection:  # all that is left of it
        assert idempotency.begin(connection, key, datetime.now(UTC)) is None
    problem(submit(client), 409)
    later(service, idempotency.ABANDONED_SECONDS)
    assert submit(client).status_code == 202 and len(all_jobs(client)) == 1


def test_a_request_that_came_to_nothing_without_the_database_may_be_sent_again_at_once(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as gone:
        gone.setattr(work, "submit", away)
        gone.setattr(idempotency, "forget", away)
        problem(submit(client), 503)
    assert submit(client).status_code == 202 and len(all_jobs(client)) == 1


def test_a_request_that_has_lost_its_key_makes_nothing(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_job, ids = work.submit, list[str]()

    def overtaken(*arguments: Any) -> Any:
        if not ids:
            later(service, idempotency.ABANDONED_SECONDS)
            ids.append("")
            ids.append(submit(client).json["id"])
        return submit_job(*arguments)

    monkeypatch.setattr(work, "submit", overtaken)
    problem(submit(client), 409)
    assert all_jobs(client) == ids[1:]
    assert submit(client).json["id"] == ids[1]
