"""A request with an Idempotency-Key is done once, whatever dies or does not answer while it is done."""

import gzip
import hashlib
import io
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.datastructures import FileStorage

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
        broken.setattr(*((idempotency, "store_answer") if fails == "keep" else (views, "describe_new")), away)
        first = submit(client)
        assert first.status_code == (202 if fails == "keep" else 503)
    again = submit(client)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    assert all_jobs(client) == [again.json["id"]] and again.headers["Location"] == f"/v1/jobs/{again.json['id']}"
    assert "Retry-After" in again.headers
    problem(client.post("/v1/jobs", json={"dataset": "other"}, headers=KEY), 422)


def test_a_request_that_died_before_it_made_anything_is_done_by_the_next_one(
    client: FlaskClient, service: Services, default: Services
) -> None:
    key = hashlib.sha256(b"POST /v1/jobs\none").hexdigest()
    with default.database.begin() as connection:  # all that is left of it
        assert idempotency.begin(connection, key, datetime.now(UTC)) is None
    under_way = submit(client)
    assert problem(under_way, 409) and under_way.headers["Retry-After"] == "1"
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
    overtaken_one = submit(client)
    assert problem(overtaken_one, 409) and overtaken_one.headers["Retry-After"] == "1"
    assert all_jobs(client) == ids[1:]
    assert submit(client).json["id"] == ids[1]


def command(client: FlaskClient, path: str, key: str = "two", **sent: Any) -> Any:
    return client.post(path, headers={"Idempotency-Key": key}, **sent)


def paused(client: FlaskClient) -> str:
    job = str(client.post("/v1/jobs", json={"dataset": XOR}).json["id"])
    assert client.post(f"/v1/jobs/{job}:pause").json["status"] == "paused"
    return job


@pytest.mark.parametrize(
    ("verb", "sent", "after"),
    [
        ("cancel", {}, "cancelled"),
        ("pause", {}, "paused"),
        ("resume", {}, "queued"),
        ("step", {"json": {"epochs": 2}}, "queued"),
    ],
)
def test_a_command_that_is_repeated_is_done_once(
    client: FlaskClient, verb: str, sent: dict[str, Any], after: str
) -> None:
    job = paused(client)
    if verb == "pause":
        client.post(f"/v1/jobs/{job}:resume")
    first = command(client, f"/v1/jobs/{job}:{verb}", **sent)
    assert (first.status_code, first.json["status"]) == (202, after) and "Idempotent-Replayed" not in first.headers
    if verb == "pause":  # what has happened since then does not matter
        client.post(f"/v1/jobs/{job}:resume")
    elif after == "queued":
        client.post(f"/v1/jobs/{job}:pause")
    now = client.get(f"/v1/jobs/{job}").json
    again = command(client, f"/v1/jobs/{job}:{verb}", **sent)
    assert (again.status_code, again.headers["Idempotent-Replayed"], again.data) == (202, "true", first.data)
    assert client.get(f"/v1/jobs/{job}").json == now


@pytest.mark.parametrize("spelling", ["/v1/jobs/{}/cancel", "/v1/jobs/{}%3Acancel", "/v1/jobs/{}:cancel"])
def test_spellings_of_an_address_are_one(client: FlaskClient, spelling: str) -> None:
    job = paused(client)
    assert command(client, f"/v1/jobs/{job}:cancel").status_code == 202
    assert command(client, spelling.format(job)).headers["Idempotent-Replayed"] == "true"
    other = paused(client)
    assert "Idempotent-Replayed" not in command(client, f"/v1/jobs/{other}:cancel").headers


def test_a_step_whose_answer_was_lost_is_not_done_again(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    job = paused(client)
    with monkeypatch.context() as broken:
        broken.setattr(views, "read", away)
        assert command(client, f"/v1/jobs/{job}:step", json={"epochs": 2}).status_code == 503
    client.post(f"/v1/jobs/{job}:pause")
    again = command(client, f"/v1/jobs/{job}:step", json={"epochs": 2})
    assert (again.status_code, again.headers["Idempotent-Replayed"], again.json["status"]) == (202, "true", "paused")
    problem(command(client, f"/v1/jobs/{job}:step", json={"epochs": 3}), 422)


def test_a_command_under_way_is_not_done_twice(client: FlaskClient, default: Services) -> None:
    job = paused(client)
    key = hashlib.sha256(f"POST /v1/jobs/{job}:cancel\ntwo".encode()).hexdigest()
    with default.database.begin() as connection:
        assert idempotency.begin(connection, key, datetime.now(UTC)) is None
    problem(command(client, f"/v1/jobs/{job}/cancel"), 409)
    assert client.get(f"/v1/jobs/{job}").json["status"] == "paused"


def test_how_long_to_wait_and_how_to_lay_out_the_answer_are_no_part_of_the_request(client: FlaskClient) -> None:
    first = client.post("/v1/jobs?wait=0", json={"dataset": XOR}, headers=KEY)
    for query in ("", "?wait=0.01", "?pretty&wait=0.02"):
        again = client.post(f"/v1/jobs{query}", json={"dataset": XOR}, headers=KEY)
        assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    again = client.post("/v1/jobs", json={"dataset": XOR}, headers={**KEY, "Prefer": "wait=0.01"})
    assert again.headers["Idempotent-Replayed"] == "true" and len(all_jobs(client)) == 1


def test_a_form_is_the_same_request_whatever_stands_between_its_fields(client: FlaskClient) -> None:
    """Clients make a new boundary each time they send a form."""

    def send(content: str, name: str = "sent") -> Any:
        file = FileStorage(io.BytesIO(content.encode()), "t.csv", content_type="text/csv")
        data = {"file": file, "name": name, "drop": ["a", "c"]}
        return client.post("/v1/datasets", data=data, headers=KEY)

    first = send("a,b,c,y\n1,2,3,4\n")
    assert first.status_code == 201, first.text
    again = send("a,b,c,y\n1,2,3,4\n")
    assert (again.status_code, again.data) == (201, first.data) and again.headers["Idempotent-Replayed"] == "true"
    problem(send("a,b,c,y\n1,2,3,5\n"), 422)
    problem(send("a,b,c,y\n1,2,3,4\n", "other"), 422)


def test_a_packed_body_is_the_same_request_however_it_is_packed(client: FlaskClient) -> None:
    data = b'{"hidden": [3], "name": "packed"}'
    sent = [
        ("gzip", gzip.compress(data, 1)),
        ("gzip", gzip.compress(data, 9, mtime=1)),
        ("deflate", zlib.compress(data)),
    ]
    answers = [
        client.post("/v1/networks", data=body, headers={**KEY, "Content-Encoding": coding}) for coding, body in sent
    ]
    answers.append(client.post("/v1/networks", data=data, headers=KEY))
    assert {answer.status_code for answer in answers} == {201} and len({answer.data for answer in answers}) == 1
    assert ["Idempotent-Replayed" in answer.headers for answer in answers] == [False, True, True, True]


def test_put_is_done_once_too(client: FlaskClient, train: Any) -> None:
    first = client.put("/v1/datasets/d", data="a,y\n1,2\n", headers=KEY)
    assert first.status_code == 201 and client.put("/v1/datasets/d", data="a,y\n1,3\n").json["version"] == 2
    again = client.put("/v1/datasets/d", data="a,y\n1,2\n", headers=KEY)
    assert (again.status_code, again.data) == (201, first.data) and again.headers["Idempotent-Replayed"] == "true"
    assert client.get("/v1/datasets/d").json["version"] == 2  # it was not put again
    train({"dataset": XOR, "model": "m", "training": {"epochs": 1}})
    train({"dataset": XOR, "model": "m", "training": {"epochs": 1}})
    moved = client.put("/v1/models/m/aliases/best", json={"version": 1}, headers=KEY)
    client.put("/v1/models/m/aliases/best", json={"version": 2})
    again = client.put("/v1/models/m/aliases/best", json={"version": 1}, headers=KEY)
    assert (again.status_code, again.data, again.headers["ETag"]) == (201, moved.data, moved.headers["ETag"])
    assert client.get("/v1/models/m/aliases/best").json["version"] == 2


def test_a_key_is_kept_for_24_hours(client: FlaskClient, service: Services) -> None:
    first = submit(client)
    later(service, idempotency.STORED_SECONDS - 60)
    assert submit(client).json["id"] == first.json["id"]
    later(service, 120)
    assert submit(client).json["id"] != first.json["id"]


def test_errors_are_not_kept(client: FlaskClient) -> None:
    body = {"dataset": "late", "training": {"epochs": 3}}
    problem(client.post("/v1/jobs", json=body, headers=KEY), 422)
    assert client.post("/v1/datasets", json={**XOR, "name": "late"}).status_code == 201
    assert client.post("/v1/jobs", json=body, headers=KEY).status_code == 202
    job = all_jobs(client)[0]
    problem(command(client, f"/v1/jobs/{job}:step", json={"epochs": 2}), 409)
    client.post(f"/v1/jobs/{job}:pause")
    assert command(client, f"/v1/jobs/{job}:step", json={"epochs": 2}).status_code == 202
