"""Limits of tenants: refusals name the limit and the use, and what is within them goes through."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.app import create_app
from service.config import Settings
from service.front.environ import ADMISSION, Admission
from service.jobs.commands import collect
from service.services import Services
from service.store import limits, workers
from service.store.epochs import thinning
from service.store.tables import jobs, model_versions, parameters
from service.store.tenancy import DEFAULT_TENANT
from tests.integration.contract import XOR, problem
from tests.waiting import wait_until
from workers.run.run import run_next_job

TRAINING = {"epochs": 2, "seed": 1, "batch_size": 4}


@contextmanager
def client_with(settings: Settings, **changes: Any) -> Iterator[FlaskClient]:
    app = create_app(replace(settings, **changes))
    yield app.test_client()
    app.extensions["services"].database.dispose()


def limited(client: FlaskClient, **changed: Any) -> Any:
    answer = client.patch("/v1/tenants/default", json=changed)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_requests_beyond_the_limit_are_429_until_retry_after(settings: Settings) -> None:
    with client_with(settings, tenant_requests_per_second=2.0) as client:
        first = client.get("/v1/jobs")
        assert first.headers["RateLimit-Policy"] == '"requests";q=2;w=1'
        assert first.headers["RateLimit"] == '"requests";r=1;t=1'
        answers = [client.get("/v1/jobs") for _ in range(30)]
        refused = next(answer for answer in answers if answer.status_code == 429)
        problem(refused, 429)
        assert refused.json["type"] == "/problems/too-many" and "2 requests in 1 s" in refused.json["detail"]
        assert refused.headers["Retry-After"] == "1" and refused.headers["RateLimit"].startswith('"requests";r=0;t=')
        assert client.get("/healthz").status_code == 200 and "RateLimit" not in client.get("/healthz").headers
        wait_until(lambda: client.get("/v1/jobs").status_code == 200, 5.0)


def test_the_question_whether_a_body_may_be_read_asks_the_rate_and_is_not_counted(settings: Settings) -> None:
    def put(**environ: Any) -> int:
        answer = client.put("/v1/datasets/one", data="a,b\n1,2\n3,4\n", environ_overrides=environ)
        return answer.status_code

    with client_with(settings, tenant_requests_per_second=0.01) as client:
        for _ in range(3):
            asked = Admission()
            assert put(**{ADMISSION: asked}) == 204 and asked.most_bytes
        assert put() == 201
        refused = Admission()
        assert put(**{ADMISSION: refused}) == 429 and refused.most_bytes is None


def test_a_limit_is_in_force_when_it_is_changed_and_gone_when_taken_away(client: FlaskClient) -> None:
    assert "RateLimit" not in client.get("/v1/jobs").headers
    assert limited(client, requests_per_second=1000)["limits"] == {"requests_per_second": 1000}
    assert client.get("/v1/jobs").headers["RateLimit-Policy"] == '"requests";q=1000;w=1'
    assert limited(client, requests_per_second=None, weight=3)["weight"] == 3
    assert "RateLimit" not in client.get("/v1/jobs").headers


def test_wrong_limits_are_refused(client: FlaskClient) -> None:
    for wrong in ({"weight": 0}, {"requests_per_second": -1}, {"queued": 3}, {"epochs": 1.5}):
        problem(client.patch("/v1/tenants/default", json=wrong), 422)
    problem(client.patch("/v1/tenants/nobody", json={"epochs": 1}), 404)


def test_predicted_rows_are_counted(client: FlaskClient, train: Any) -> None:
    name = train({"dataset": XOR, "training": TRAINING})["model"]["name"]
    limited(client, predictions_per_second=5)
    rows = {"instances": [[0, 1]] * 4}
    first = client.post(f"/v1/models/{name}:predict", json=rows)
    assert first.status_code == 200 and first.headers["RateLimit"] == '"predictions";r=1;t=1'
    client.post(f"/v1/models/{name}:predict", json={"instances": [[0, 1]] * 50})
    refused = client.post(f"/v1/models/{name}:predict", json=rows)
    problem(refused, 429)
    assert int(refused.headers["Retry-After"]) > 5


def test_queued_jobs_are_limited_by_tenant(client: FlaskClient, service: Services) -> None:
    limited(client, queued_jobs=2)
    queued = [client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}) for _ in range(2)]
    assert [answer.status_code for answer in queued] == [202, 202]
    refused = client.post("/v1/jobs", json={"dataset": "xor"})
    problem(refused, 429)
    assert "2 jobs of this tenant wait, and its limit is 2" in refused.json["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert run_next_job(service, "test", lambda: False)
    assert client.post("/v1/jobs", json={"dataset": "xor"}).status_code == 202


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ({"epochs": 1}, "must be at most 1, this tenant's limit, got 2"),
        ({"parameters": 5}, "this tenant's limit is 5"),
        ({"operations": 100}, "floating-point operations; this tenant's limit is 100"),
    ],
)
def test_a_job_that_is_too_large_is_refused_before_it_is_stored(
    client: FlaskClient, limit: dict[str, Any], says: str
) -> None:
    limited(client, **limit)
    refused = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING})
    problem(refused, 422)
    assert says in refused.json["detail"]
    assert client.get("/v1/jobs").json["data"] == client.get("/v1/datasets").json["data"] == []


def test_bytes_of_datasets_are_limited_and_freed_by_deletion(client: FlaskClient) -> None:
    assert client.put("/v1/datasets/one", data="a,b\n1,2\n3,4\n").status_code == 201
    used = client.get("/v1/usage").json["used"]["dataset_bytes"]
    assert used == client.get("/v1/datasets/one").json["bytes"] > 0
    limited(client, dataset_bytes=used + 1)
    refused = client.put("/v1/datasets/two", data="a,b\n1,2\n3,5\n")
    problem(refused, 413)
    assert f"its limit is {used + 1:,}" in refused.json["detail"]
    assert client.get("/v1/datasets/two").status_code == 404
    assert client.put("/v1/datasets/one", data="a,b\n1,2\n3,4\n").status_code == 200
    assert client.delete("/v1/datasets/one").status_code == 204
    assert client.put("/v1/datasets/two", data="a,b\n1,2\n3,5\n").status_code == 201


def test_counted_bytes_are_those_that_are_stored(client: FlaskClient, service: Services, train: Any) -> None:
    job = train({"dataset": XOR, "training": {**TRAINING, "epochs": 30}})
    fork = client.post(f"/v1/jobs/{job['id']}:fork", json={"epoch": 3})
    assert fork.status_code == 202
    client.post(f"/v1/jobs/{fork.json['id']}:cancel")
    with service.database.read() as connection:
        numbers = connection.execute(select(jobs.c.number)).scalars().all()
        size = connection.execute(select(func.max(parameters.c.size))).scalar_one()
        stored = sum(thinning.stored_bytes(connection, number, size) for number in numbers)
        versions = connection.execute(select(func.sum(func.length(model_versions.c.bytes)))).scalar_one()
        assert limits.parameter_bytes(connection, DEFAULT_TENANT) == stored + size + versions
    limited(client, parameter_bytes=1)
    refused = client.post("/v1/jobs", json={"dataset": "xor"})
    problem(refused, 413)
    assert "its limit is 1" in refused.json["detail"]
    for id in (job["id"], fork.json["id"]):
        assert client.delete(f"/v1/jobs/{id}").status_code == 204
    assert client.delete(f"/v1/models/{job['model']['name']}").status_code == 204
    assert client.get("/v1/usage").json["used"]["parameter_bytes"] == 0
    assert client.post("/v1/jobs", json={"dataset": "xor"}).status_code == 202


def test_a_job_that_may_not_run_yet_says_why(client: FlaskClient, service: Services) -> None:
    limited(client, running_jobs=1)
    with service.database.begin() as connection:
        workers.report_alive(connection, "host:1:2")
    first, second = (client.post("/v1/jobs", json={"dataset": XOR}).json["id"] for _ in range(2))
    with service.database.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == first).values(status="running"))
    waiting = client.get(f"/v1/jobs/{second}").json["waiting"]
    assert waiting == {"position": 1, "reason": "1 job(s) run already, and this tenant's limit is 1 at once"}


def test_ended_jobs_are_kept_as_long_as_their_tenant_says(client: FlaskClient, service: Services, train: Any) -> None:
    job = train({"dataset": XOR, "training": TRAINING})["id"]
    collect(service)
    assert client.get(f"/v1/jobs/{job}").status_code == 200
    limited(client, keep_jobs_seconds=60)
    with service.database.begin() as connection:
        connection.execute(update(jobs).values(finished_at=datetime.now(UTC) - timedelta(seconds=61)))
    collect(service)
    assert client.get(f"/v1/jobs/{job}").status_code == 404


def test_usage_shows_limits_and_use(settings: Settings) -> None:
    with client_with(settings, tenant_epochs=500) as client:
        client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING})
        limited(client, queued_jobs=7)
        found = client.get("/v1/usage").json
        assert found["tenant"] == "default" and found["weight"] == 1
        assert (found["limits"]["epochs"], found["limits"]["queued_jobs"]) == (500, 7)
        assert found["limits"]["operations"] is None
        assert found["used"]["queued_jobs"] == 1 and found["used"]["running_jobs"] == 0
        assert client.get("/v1/usage?tenant=default").json == found
        problem(client.get("/v1/usage?tenant=nobody"), 404)
