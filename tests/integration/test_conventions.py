"""The conventions of the contract: errors, bodies, headers, verbs, keys, documents."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from service.datasets.compression import zstd
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import CSV, XOR, problem

pytestmark = POSTGRESQL_IS_LONG


@pytest.mark.parametrize("verb", [":cancel", "%3Acancel", "/cancel"])
def test_verbs_are_understood_in_three_spellings(client: FlaskClient, verb: str) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR}).json
    assert client.post(f"/v1/jobs/{job['id']}{verb}").status_code == 202


def test_problems_have_pointers_and_pages(client: FlaskClient) -> None:
    body = problem(client.post("/v1/networks", json={"hidden": [0], "nam": "x"}), 422)
    assert {error["pointer"] for error in body["errors"]} == {"#/hidden/0", "#/nam"}
    assert client.get(body["type"]).status_code == 200
    wrong = client.patch("/v1/networks")
    assert problem(wrong, 405) and "POST" in wrong.headers["Allow"]
    assert "`${NAME}:predict`" in problem(client.post("/v1/models/irisredict"), 405)["detail"]  # of `$M:predict` in zsh
    problem(client.get("/v1/nothing"), 404)
    assert "did you mean `limit`" in problem(client.get("/v1/jobs?limt=3"), 422)["detail"]


def test_curls_form_type_is_looked_through_unless_a_browser_sends_it(client: FlaskClient) -> None:
    data, form = json.dumps({"hidden": [3]}), "application/x-www-form-urlencoded"
    assert client.post("/v1/networks", data=data, content_type=form).status_code == 201
    assert client.post("/v1/networks", data=data).status_code == 201
    problem(client.post("/v1/networks", data=data, content_type=form, headers={"Origin": "http://localhost"}), 415)
    refused = client.post("/v1/networks", data=data, content_type="text/plain")
    assert problem(refused, 415) and "application/json" in refused.headers["Accept"]
    assert client.put("/v1/datasets/t", data=CSV, content_type=form).status_code == 201


JSON_LINES = ("application/jsonl", "application/x-ndjson")
PACK = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}


@pytest.mark.parametrize(("coding", "pack"), PACK.items())
def test_packed_bodies_are_unpacked(client: FlaskClient, coding: str, pack: Callable[[bytes], bytes]) -> None:
    data = json.dumps({"hidden": [3]}).encode()
    packed = pack(data)
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    assert client.post("/v1/networks", data=packed, headers=headers).status_code == 201
    problem(client.post("/v1/networks", data=packed[:-3], headers=headers), 400)
    problem(client.post("/v1/networks", data=data, headers=headers), 400)
    problem(client.post("/v1/networks", data=data, headers={**headers, "Content-Encoding": "br"}), 415)


def test_request_ids_are_taken_or_made(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
    made = client.get("/healthz", headers={"X-Request-Id": "no good\t"}).headers["X-Request-Id"]
    assert made and made != "no good"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_is_immutable_has_an_etag(client: FlaskClient, encoding: str) -> None:
    client.post("/v1/networks", json={"name": "n", "layers": [{"type": "dense", "units": 2}] * 12})
    answer = client.get("/v1/networks/n", headers={"Accept-Encoding": encoding})
    assert (answer.headers.get("Content-Encoding") == "gzip") == (encoding == "gzip")
    headers = {"Accept-Encoding": encoding, "If-None-Match": answer.headers["ETag"]}
    assert client.get("/v1/networks/n", headers=headers).status_code == 304
    assert client.get("/v1/networks/n", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_network_made_anew_is_not_taken_for_the_old_one(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "n", "hidden": [2]})
    first = client.get("/v1/networks/n")
    client.delete("/v1/networks/n")
    client.post("/v1/networks", json={"name": "n", "hidden": [2]})
    again = client.get("/v1/networks/n", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200 and again.json["created_at"] != first.json["created_at"]


def test_json_ends_with_a_newline_and_can_be_indented(client: FlaskClient) -> None:
    assert client.get("/healthz").data == b'{"status":"alive"}\n'
    assert client.get("/healthz?pretty").data == b'{\n  "status": "alive"\n}\n'
    assert client.get("/healthz?pretty=false").data == client.get("/healthz").data
    assert client.get("/v1/jobs/job_0?pretty").data.startswith(b'{\n  "type": "/problems/not-found",\n')
    assert client.post("/v1/networks?pretty=much", json={"hidden": [3]}).status_code == 422
    assert client.get("/v1/networks").json["data"] == []
    assert client.get("/v1/nothing").data.endswith(b"\n")


def test_the_openapi_document_is_valid(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    validate(document)
    assert {"/v1/jobs", "/v1/jobs/{id}:cancel", "/v1/models/{name}:predict"} <= document["paths"].keys()
    move = document["paths"]["/v1/models/{name}/aliases/{alias}"]["put"]
    assert {"If-Match", "If-None-Match"} <= {each.get("name") for each in move["parameters"]}


def test_the_openapi_document_names_every_format_of_an_answer(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]

    def kinds(method: str, path: str) -> set[str]:
        return set(paths[path][method]["responses"]["200"]["content"])

    arrow, raw = "application/vnd.apache.arrow.stream", "application/octet-stream"
    rows = {"application/json", "text/csv", "application/x-npz", arrow, raw}
    assert kinds("post", "/v1/models/{name}:predict") == kinds("post", "/v1/jobs/{id}/epochs/{epoch}:predict") == rows
    assert kinds("get", "/v1/jobs/{id}/epochs") == {*JSON_LINES, "application/json", "text/csv"}
    parameters = {"application/json", "application/x-safetensors", "application/x-npz"}
    assert kinds("get", "/v1/jobs/{id}/epochs/{epoch}/parameters") == parameters
    for path in ("/v1/networks/{name}:gradient-check", "/v1/jobs/{id}:fork", "/v1/jobs/{id}:replay"):
        assert not paths[path]["post"]["requestBody"]["required"]


@pytest.mark.parametrize("path", ["epochs?format=csv", "epochs?points=2", "layers?points=2", "events?stream=1"])
def test_a_wrong_limit_is_refused_where_it_would_have_no_effect(client: FlaskClient, path: str) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    problem(client.get(f"/v1/jobs/{job}/{path}&limit=null"), 422)


def test_readiness_names_what_is_missing(client: FlaskClient) -> None:
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json["status"] == "degraded"
    checks = ready.json["checks"]
    assert {name: check["ok"] for name, check in checks.items()} == {
        "database": True,
        "migrations": True,
        "workers": False,
        "queue": True,
        "disk": True,
        "models": True,
    }


def test_the_same_request_under_a_key_is_done_once(client: FlaskClient) -> None:
    body = {"dataset": {"inputs": [[0], [1]], "targets": [[0.5], [1]]}}
    headers = {"Idempotency-Key": "first"}
    first = client.post("/v1/jobs", json=body, headers=headers)
    again = client.post("/v1/jobs", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json["id"] == first.json["id"]
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert len(client.get("/v1/jobs").json["data"]) == 1
    problem(client.post("/v1/jobs", json={**body, "priority": 1}, headers=headers), 422)
    assert client.post("/v1/jobs", json=body, headers={"Idempotency-Key": "second"}).json["id"] != first.json["id"]


def test_a_refused_request_may_be_corrected_under_the_same_key(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "mended"}
    problem(client.post("/v1/networks", json={"name": "n"}, headers=headers), 422)
    made = client.post("/v1/networks", json={"name": "n", "hidden": [2]}, headers=headers)
    assert made.status_code == 201
    assert client.post("/v1/networks", json={"name": "n", "hidden": [2]}, headers=headers).status_code == 201


def test_files_are_stored_once_under_a_key(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "file", "Content-Type": "text/csv"}
    names = {client.post("/v1/datasets", data="a,b\n1,2\n3,4\n", headers=headers).json["name"] for _ in range(2)}
    assert len(names) == 1
    problem(client.post("/v1/datasets", data="a,b\n1,2\n3,5\n", headers=headers), 422)


@pytest.mark.parametrize(
    "path", ["/healthz", "/openapi.json", "/v1/jobs", "/v1/nothing", "/v2", "/v2/nothing", "/problems?format=json"]
)
def test_every_json_is_indented_as_pretty_says(client: FlaskClient, path: str) -> None:
    sign = "&" if "?" in path else "?"
    plain = client.get(path).data
    for query in ("pretty", "pretty=true", "pretty=1"):
        indented = client.get(f"{path}{sign}{query}")
        assert indented.data.startswith(b"{\n  ") and indented.json.keys() == json.loads(plain).keys()
    for query in ("pretty=false", "pretty=0"):
        assert b"\n" not in client.get(f"{path}{sign}{query}").data.rstrip(b"\n")
    if path in ("/healthz", "/v1/jobs"):
        problem(client.get(f"{path}?pretty=perhaps"), 422)
