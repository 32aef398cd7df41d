"""What headers mean on every operation, found by walking the OpenAPI document: the page `docs/conventions.md`."""

import gzip
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.datasets.compression import zstd
from service.services import Services
from tests.conftest import ON_SQLITE
from tests.integration.contract import SMALL, XOR, problem
from tests.integration.operations import Operation, operations_of
from workers.run.run import run_next_job

pytestmark = ON_SQLITE  # headers do not depend on the database

CHANGE_BY_THEMSELVES = {"X-Request-Id", "Server-Timing", "Date"}
# what answers with a secret, and what changes nothing
WITHOUT_KEYS = {"/v1/keys", "/v1/keys/{id}:rotate", "/v1/jobs/{id}/shares", "/v1/jobs:estimate"}
PARQUET = "application/vnd.apache.parquet"  # it is packed by itself
PACKED = {"gzip": gzip.decompress, "zstd": zstd.decompress}


@pytest.fixture
def operations(client: FlaskClient, service: Services) -> list[Operation]:
    layers = [{"type": "dense", "units": 2}] * 12  # so that answers are long enough to be packed
    assert client.post("/v1/networks", json={"name": "net", "layers": layers}).status_code == 201
    training = {**SMALL, "epochs": 30, "store_parameters": {"every": 1}}
    body = {"dataset": XOR, "network": {"hidden": [64]}, "training": training, "model": "xor"}
    job = client.post("/v1/jobs", json=body).json["id"]
    assert run_next_job(service, "test", lambda: False)
    made = client.post("/v1/predictions", json={"model": "xor", "dataset": "xor"}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    assert client.put("/v1/models/xor/aliases/best", json={"version": 1}).status_code == 201
    there = {
        "/v1/jobs": {"id": job, "epoch": "last", "other": "0"},
        "/v1/networks": {"name": "net"},
        "/v1/predictions": {"id": made},
        "/v1/datasets": {"name": "xor"},
        "/v1/models": {"name": "xor", "version": "1", "alias": "best", "label": "best"},
        "/v1/tenants": {"name": "default"},
        "/v2/models": {"name": "xor", "version": "1"},
        "/docs": {"tag": "jobs", "schema": "Job"},
        "/problems": {"slug": "validation"},
    }
    return operations_of(client.get("/openapi.json").json, there)


NEEDED = {"export": "format=npz", "slope": "layer=0&weight=0,0", "surface": "x=0,0,0&y=0,0,1"}


def path_of(each: Operation) -> str:
    """Return the path with the parameters of the query that are required."""
    query = NEEDED.get(each.path.rpartition("/")[2])
    return f"{each.path}?{query}" if query else each.path


def reads(operations: list[Operation]) -> list[Operation]:
    found = [each for each in operations if each.method == "GET"]
    assert len(found) > 40
    return found


def test_an_impossible_accept_is_406_and_changes_nothing(client: FlaskClient, operations: list[Operation]) -> None:
    before = client.get("/v1/jobs").json
    answering = [each for each in operations if each.media_types]
    assert len(answering) > 80
    for each in answering:
        refused = client.open(each.path, method=each.method, headers={"Accept": "image/png"})
        detail = problem(refused, 406)["detail"]
        assert all(kind in detail for kind in each.media_types), (each, detail)
        for accept in each.media_types:
            answered = client.open(each.path, method=each.method, headers={"Accept": f"image/png, {accept};q=0.1"})
            assert answered.status_code != 406, (each, accept)
            if each.method != "GET":
                break
    assert client.get("/v1/jobs").json["data"][-1]["id"] == before["data"][-1]["id"]


def test_every_answer_has_the_id_of_its_request_and_says_what_it_varies_by(
    client: FlaskClient, operations: list[Operation]
) -> None:
    for each in operations:
        if each.method == "DELETE":
            continue
        answered = client.open(each.path, method=each.method, headers={"X-Request-Id": "mine-1"})
        assert answered.headers["X-Request-Id"] == "mine-1", each
        varies = {name.strip() for name in answered.headers["Vary"].split(",")}
        assert {"Accept-Encoding", "Origin"} <= varies, each
        if each.method == "GET" and answered.status_code == 200:
            assert ("Accept" in varies) == (len(each.media_types) > 1), each


def test_head_is_answered_as_get_without_the_body(client: FlaskClient, operations: list[Operation]) -> None:
    for each in reads(operations):
        got, head = client.get(path_of(each)), client.head(path_of(each))
        assert (head.status_code, head.data) == (got.status_code, b""), each
        assert set(head.headers.keys()) == set(got.headers.keys()), each
        if got.data == client.get(path_of(each)).data:
            same = [(name, value) for name, value in got.headers if name not in CHANGE_BY_THEMSELVES]
            assert same == [pair for pair in head.headers if pair[0] not in CHANGE_BY_THEMSELVES], each


def test_options_lists_the_methods(client: FlaskClient, operations: list[Operation]) -> None:
    for each in operations:
        answered = client.open(each.path, method="OPTIONS")
        assert answered.status_code == 200 and answered.data == b"", each
        assert each.method in answered.headers["Allow"] and "OPTIONS" in answered.headers["Allow"], each


def test_what_a_client_has_already_is_304_in_every_form(client: FlaskClient, operations: list[Operation]) -> None:
    compared = dict.fromkeys(("identity", *PACKED), 0)
    for each in reads(operations):
        for kind in sorted(each.media_types - {"text/event-stream"}):
            plain = client.get(path_of(each), headers={"Accept": kind})
            if plain.status_code != 200 or "no-store" in plain.headers["Cache-Control"]:
                continue
            for coding in compared:
                headers = {"Accept": kind, "Accept-Encoding": coding}
                got = client.get(path_of(each), headers=headers)
                is_packed = "Content-Encoding" in got.headers
                is_large = kind != PARQUET and len(plain.data) >= 1024  # streams are packed whatever their length
                assert is_packed or coding == "identity" or not is_large, (each, kind)
                assert got.headers["ETag"].startswith('"'), each  # a strong one
                if (PACKED[coding](got.data) if is_packed else got.data) == plain.data:  # no times and counts
                    assert is_packed == (got.headers["ETag"] != plain.headers["ETag"]), each
                    check_not_modified(client, path_of(each), headers, got)
                    compared[coding] += 1
    assert min(compared.values()) > 30, compared


def check_not_modified(client: FlaskClient, path: str, headers: dict[str, str], got: TestResponse) -> None:
    tag = got.headers["ETag"]
    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(path, headers={**headers, "If-None-Match": held})
        assert (again.status_code, again.data) == (304, b""), (path, headers, held)
        assert "Content-Type" not in again.headers and "Vary" in again.headers, path
        assert held == "*" or again.headers["ETag"] == tag, path
        for name in ("Content-Security-Policy", "Cache-Control", "X-Content-Type-Options"):
            assert again.headers[name] == got.headers[name], (path, name)  # a browser holds the later ones


def test_what_changes_something_takes_an_idempotency_key(client: FlaskClient, operations: list[Operation]) -> None:
    changing = [each for each in operations if each.method != "GET" and each.scope in ("train", "admin")]
    without = {each.template for each in changing if not each.has_header("Idempotency-Key")}
    assert len(changing) > 20
    assert without == WITHOUT_KEYS | {each.template for each in changing if each.method == "DELETE"}
    refused = client.post("/v1/keys", json={"scopes": ["read"]}, headers={"Idempotency-Key": "a"})
    assert "secret" in problem(refused, 422)["detail"]


ACCEPTED = (
    ("application/json; charset=utf-8", "application/json"),
    ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json"),  # of Java
    ("application/json, text/plain, */*", "application/json"),
    ("text/csv;q=0.9, application/jsonl", "application/jsonl"),
    ("application/x-ndjson", "application/x-ndjson"),
    ("application/json;q=0, */*", "text/csv"),
    ("text/*", "text/csv"),
    ("", "application/json"),
)


def test_accept_is_read_as_the_standard_has_it_and_format_decides_over_it(client: FlaskClient) -> None:
    path = f"/v1/jobs/{client.post('/v1/jobs', json={'dataset': XOR}).json['id']}/epochs"
    for accept, kind in ACCEPTED:
        assert client.get(path, headers={"Accept": accept}).mimetype == kind, accept
    for format, kind in (("csv", "text/csv"), ("jsonl", "application/jsonl")):
        assert client.get(f"{path}?format={format}", headers={"Accept": "image/png"}).mimetype == kind


@pytest.mark.parametrize("refused", ["gzip;q=0", "identity", "br", "*;q=0", "gzip;q=0.5, identity"])
def test_a_coding_that_the_client_refuses_is_not_used(client: FlaskClient, refused: str) -> None:
    answered = client.get("/openapi.json", headers={"Accept-Encoding": refused})
    assert "Content-Encoding" not in answered.headers and answered.json["openapi"]


@pytest.mark.parametrize("path", ["//v1//jobs", "/v1//jobs/", "///v1/jobs"])
def test_slashes_too_many_are_joined(client: FlaskClient, path: str) -> None:
    def ask(method: str, **sent: Any) -> Any:
        return client.open("/", method=method, environ_overrides={"PATH_INFO": path}, **sent)

    assert ask("GET").json["object"] == "list"
    assert ask("POST", json={"dataset": XOR}).status_code == 202


def test_the_epochs_of_a_job_that_goes_on_have_no_etag(client: FlaskClient) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    for kind in ("csv", "jsonl"):
        assert "ETag" not in client.get(f"/v1/jobs/{job}/epochs?format={kind}").headers
