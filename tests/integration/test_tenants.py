"""Tenants: what one has stored does not exist for another, on every operation of the API."""

import json
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from service.services import Services
from tests.integration.tenants import ROWS, acme, app, body, ids_of, made, number_of, of_tenant, other, trained
from workers.run.run import run_next_job

__all__ = ("acme", "app", "other")  # fixtures

OF_THE_OPERATOR = ("/v1/tenants", "/v1/workers", "/metrics")  # 403 for the admin of another tenant
OF_EVERYBODY = ("/docs", "/problems", "/v2/health/", "/healthz", "/readyz", "/openapi.json")
MAKES = {("PUT", "/v1/datasets/{name}"), ("POST", "/v1/models/{name}/versions")}  # what does not exist yet
ORDER = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]
Operation = tuple[str, str]


def operations(app: Flask) -> list[Operation]:
    """Every operation of the document: what only reads first, what deletes a part before what deletes the whole."""
    paths = app.test_client().get("/openapi.json").json["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods if method != "parameters"]
    found = [(method, path) for method, path in found if not path.startswith(OF_EVERYBODY)]
    return sorted(found, key=lambda each: (ORDER.index(each[0]), -len(each[1]), each[1]))


def filled(path: str, ids: dict[str, str]) -> str:
    """The path with the ids of a tenant's resources; `ids` are by the path's beginning, or by a parameter's name."""
    for start, id in ids.items():
        if path.startswith(start) and start.endswith("}"):
            path = path.replace(start[start.rindex("{") :], id, 1)
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, f"say in `ids_of` what a tenant has there: {path}"
    return path


def send(client: FlaskClient, operation: Operation, ids: dict[str, str]) -> Any:
    method, path = operation
    body = {} if method in ("POST", "PUT", "PATCH") else None
    return client.open(filled(path, ids), method=method, json=body)


def test_what_another_tenant_has_does_not_exist_on_any_operation(
    app: Flask, acme: FlaskClient, other: FlaskClient, service: Services
) -> None:
    ids = ids_of(acme, service)
    walked = operations(app)
    named = [operation for operation in walked if "{" in operation[1] and operation not in MAKES]
    named = [operation for operation in named if not operation[1].startswith(OF_THE_OPERATOR)]
    assert len(named) > 35
    for operation in named:
        answer = send(other, operation, ids)
        assert answer.status_code == 404, (operation, answer.text)
    for operation in named:  # whose it is finds it, so the paths above were right
        answer = send(acme, operation, ids)
        assert answer.status_code != 404, (operation, answer.text)


def test_lists_have_nothing_of_another_tenant(
    app: Flask, acme: FlaskClient, other: FlaskClient, service: Services
) -> None:
    ids = ids_of(acme, service)
    lists = [path for method, path in operations(app) if method == "GET" and "{" not in path and path != "/metrics"]
    assert {"/v1/networks", "/v1/datasets", "/v1/jobs", "/v1/models", "/v1/events"} <= set(lists)
    for path in lists:
        answer = other.get(path)
        if path.startswith(OF_THE_OPERATOR):
            assert answer.status_code == 403, path
            continue
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json.get("data", []) == [], path
        assert not any(id in answer.text for id in ids.values() if len(id) > 5), path
        if "data" in answer.json and path != "/v1/keys":
            assert acme.get(path).json["data"], path


def test_streams_of_all_jobs_have_those_of_their_tenant_alone(
    app: Flask, acme: FlaskClient, other: FlaskClient, service: Services
) -> None:
    """Whether an event was there before, or is committed while both streams are open."""
    clients = (acme, other)
    jobs = [[client.post("/v1/jobs", json=body(ROWS)).json["id"]] for client in clients]
    streams = [iter(client.get("/v1/events?after=0&stream=1").response) for client in clients]
    seen = [_events_of(stream) for stream in streams]
    for client, mine in zip(clients, jobs, strict=True):
        mine.append(client.post("/v1/jobs", json=body(ROWS)).json["id"])
    seen = [before + _events_of(stream) for before, stream in zip(seen, streams, strict=True)]
    assert [[event["job"] for event in each] for each in seen] == jobs
    for stream in streams:
        stream.close()


def _events_of(stream: Iterator[bytes]) -> list[dict[str, Any]]:
    """The next events of a stream, without what comes before."""
    while b"data: " not in (block := next(stream)):
        pass
    return [json.loads(line.removeprefix("data: ")) for line in block.decode().splitlines() if line.startswith("data:")]


def test_what_another_tenant_has_cannot_be_used(acme: FlaskClient, other: FlaskClient, service: Services) -> None:
    ids_of(acme, service)
    assert other.put("/v1/datasets/mine", json=ROWS).status_code == 201
    refused = [
        body("acme-data"),
        body("acme-data@1"),
        body("mine", network="acme-data"),
        body("mine", training={"epochs": 1, "validation": {"dataset": "acme-data"}}),
        body("mine", training={"epochs": 1, "test": {"dataset": "acme-data"}}),
    ]
    for wish in refused:
        answer = other.post("/v1/jobs", json=wish)
        assert answer.status_code == 422 and "there is no" in answer.text, (wish, answer.text)
    job = trained(other, service, "mine")
    answer = other.post(f"/v1/jobs/{job}/epochs/1:evaluate", json={"dataset": "acme-data"})
    assert answer.status_code in (404, 422) and "there is no" in answer.text


def test_a_name_may_be_taken_by_each_tenant(
    app: Flask, acme: FlaskClient, other: FlaskClient, service: Services
) -> None:
    """Networks, datasets, models and idempotency keys of one name; each tenant has its own, and so do jobs that run."""
    client = app.test_client()
    contents = {acme: [0, 1, 1, 0, 1, 1, 0, 1], other: [0, 0, 1, 1, 0, 1, 1, 0], client: [0, 0, 0, 0, 1, 1, 1, 1]}
    for each, targets in contents.items():
        made(each, "same", {**ROWS, "targets": targets})
    key = {"Idempotency-Key": "once"}
    jobs = {each: each.post("/v1/jobs", json=body("same", model="same"), headers=key) for each in contents}
    assert len({answer.json["id"] for answer in jobs.values()}) == 3
    for each, answer in jobs.items():
        again = each.post("/v1/jobs", json=body("same", model="same"), headers=key)
        assert again.headers["Idempotent-Replayed"] == "true" and again.json["id"] == answer.json["id"]
    assert acme.get(f"/v1/jobs/{jobs[client].json['id']}").status_code == 404
    assert {answer.json["waiting"]["position"] for answer in jobs.values()} == {1}  # among the own jobs alone
    while run_next_job(service, "test", lambda: False):
        pass
    hashes = set()
    for each, answer in jobs.items():
        job = each.get(answer.headers["Location"]).json
        assert job["status"] == "succeeded", job["error"]
        model = each.get("/v1/models/same").json
        assert [version["job"] for version in model["versions"]] == [job["id"]]
        hashes.add(model["versions"][0]["sha256"])
        assert each.post("/v1/models/same:predict", json={"instances": [[0, 1]]}).status_code == 200
    assert len(hashes) == 3
    assert acme.delete("/v1/models/same").status_code == 204
    assert other.delete("/v1/datasets/same").status_code == 204
    assert [each.get("/v1/models/same").status_code for each in contents] == [404, 200, 200]
    assert [each.get("/v1/datasets/same").status_code for each in contents] == [200, 404, 200]
    assert other.post("/v1/models/same:predict", json={"instances": [[0, 1]]}).status_code == 200


def test_blobs_are_shared_within_a_tenant_only(app: Flask, acme: FlaskClient, service: Services) -> None:
    client = app.test_client()
    for each in (client, acme):
        for name in ("one", "two"):
            assert each.put(f"/v1/datasets/{name}", json=ROWS).status_code == 201
    addresses = sorted(service.blobs.addresses(), key=len)
    assert len(addresses) == 2
    assert addresses[1] == f"{number_of(service, 'acme')}/{addresses[0]}"


def test_a_granted_model_is_described_and_predicted_with_and_nothing_else(
    app: Flask, acme: FlaskClient, other: FlaskClient, service: Services
) -> None:
    ids = ids_of(acme, service)
    job, rows, third = ids["/v1/jobs/{id}"], {"instances": [[0, 1], [1, 1]]}, of_tenant(app, "third")
    mine = acme.post("/v1/models/acme-data:predict", json=rows)
    for path in ("/v1/models/acme-data:predict", "/v1/models/acme-data/versions/1:predict"):
        answer = other.post(f"{path}?owner=acme", json=rows)
        assert answer.status_code == 200 and answer.json == mine.json
        assert other.post(path, json=rows).status_code == 404
        assert third.post(f"{path}?owner=acme", json=rows).status_code == 404
        assert other.post(f"{path}?owner=nobody", json=rows).status_code == 404
        refused = other.post(f"{path}?owner=acme&epoch=1", json=rows)
        assert refused.status_code == 422 and "goes with models of your own" in refused.text
        assert acme.post(f"{path}?epoch=1", json=rows).status_code == 200
    described = acme.get("/v1/models/acme-data").json
    assert other.get("/v1/models/acme-data?owner=acme").json == {**described, "owner": "acme"}
    assert other.get("/v1/models?granted=true").json["data"] == [{**described, "owner": "acme"}]
    assert other.get("/v1/models?granted=true&after=acme/acme-data").json["data"] == []
    assert other.get("/v1/models?granted=true&after=acme/none").status_code == 404
    assert third.get("/v1/models?granted").json["data"] == other.get("/v1/models").json["data"] == []
    version = other.get("/v1/models/acme-data/versions/1?owner=acme")
    assert version.json == acme.get("/v1/models/acme-data/versions/1").json
    for method, path in (operation for operation in operations(app) if "{" in operation[1]):
        takes = path in ("/v1/models/{name}", "/v1/models/{name}/versions/{version}") or path.endswith(":predict")
        takes |= path.startswith("/v1/models/{name}/aliases")
        takes |= path.startswith("/v2/models/{name}") and not path.endswith("/stats")
        takes |= path.endswith("/metadata") or path == "/v1/models/{name}/labels/{label}"
        if (
            (takes and (method == "GET" or path.endswith("/infer")))
            or path.startswith(OF_THE_OPERATOR)
            or (method, path) in MAKES
        ):
            continue
        answer = other.open(f"{filled(path, ids)}?owner=acme", method=method, json={} if method == "POST" else None)
        assert answer.status_code in (404, 422), (method, path, answer.text)  # 422: there is no such parameter
    assert acme.get(f"/v1/jobs/{job}").status_code == 200


def test_a_grant_is_given_listed_and_taken_back(
    app: Flask, acme: FlaskClient, other: FlaskClient, service: Services
) -> None:
    ids_of(acme, service)
    grants, rows = "/v1/models/acme-data/grants", {"instances": [[0, 1]]}
    again = acme.post(grants, json={"tenant": "other"})
    assert again.status_code == 200 and again.headers["Location"] == f"{grants}/other"
    assert acme.post(grants, json={"tenant": "default"}).status_code == 201
    assert [each["tenant"] for each in acme.get(grants).json["data"]] == ["default", "other"]
    for wanted, status in (("acme", 409), ("nobody", 422), ("", 422), (None, 422)):
        assert acme.post(grants, json={"tenant": wanted}).status_code == status
    predict = "/v1/models/acme-data:predict?owner=acme"
    assert app.test_client().post(predict, json=rows).status_code == other.post(predict, json=rows).status_code == 200
    assert acme.delete(f"{grants}/other").status_code == 204
    assert acme.delete(f"{grants}/other").status_code == 404
    assert other.post(predict, json=rows).status_code == 404
    assert app.test_client().post(predict, json=rows).status_code == 200
    assert app.test_client().delete("/v1/tenants/other?purge=true").status_code == 204
    assert acme.delete("/v1/models/acme-data").status_code == 204
    assert app.test_client().post(predict, json=rows).status_code == 404
