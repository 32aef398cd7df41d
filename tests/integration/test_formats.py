"""Datasets in every format, as clients send them: without headers, in forms, packed; and what is refused, by name."""

import gzip
import io
import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from service.app import create_app
from service.config import Settings
from service.datasets.compression import zstd
from tests.conftest import Backends
from tests.integration.contract import problem

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

RECORDS = [{"a": 1.5, "t": "x", "y": "p"}, {"a": None, "t": "z", "y": "q"}, {"a": 3, "t": "x", "y": "p"}]
TABLE = pa.Table.from_pylist(RECORDS)
CURL = {"content_type": "application/x-www-form-urlencoded"}
VALUES = [
    {"a": 1.5, "t": "x", "y": "p"},
    {"a": None, "t": "z", "y": "q"},
    {"a": 3.0, "t": "x", "y": "p"},
]


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(TABLE, stream)
    return stream.getvalue()


def arrow(new: Any) -> bytes:
    stream = io.BytesIO()
    with new(stream, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return stream.getvalue()


FORMATS = {
    "text/csv": b"a,t,y\n1.5,x,p\n,z,q\n3,x,p\n",
    "application/vnd.apache.parquet": parquet(),
    "application/vnd.apache.arrow.stream": arrow(ipc.new_stream),
    "application/vnd.apache.arrow.file": arrow(ipc.new_file),
    "application/jsonl": "".join(json.dumps(record) + "\n" for record in RECORDS).encode(),
    "application/x-ndjson": "".join(json.dumps(record) + "\n" for record in RECORDS).encode(),
    "application/json": json.dumps(RECORDS).encode(),
}


def test_every_format_is_the_same_dataset_however_it_is_sent(client: FlaskClient) -> None:
    hashes = set()
    ways: list[dict[str, Any]] = [CURL, {}, {"content_type": "application/octet-stream"}]
    for number, (kind, data) in enumerate(FORMATS.items()):
        sent = [(data, way) for way in [*ways, {"content_type": kind}]]
        sent += [(gzip.compress(data), {}), (zstd.compress(data), {"content_type": kind})]
        for body, way in sent:
            answer = client.put(f"/v1/datasets/d{number}", data=body, **way)
            assert answer.status_code in (200, 201), (kind, way, answer.text)
            hashes.add(answer.json["sha256"])
        rows = client.get(f"/v1/datasets/d{number}/rows").json["data"]
        assert [row["values"] for row in rows] == VALUES, kind
    assert len(hashes) == 1


def test_a_form_takes_every_format_too(client: FlaskClient) -> None:
    for number, data in enumerate(FORMATS.values()):
        for body in (data, gzip.compress(data)):
            file = FileStorage(io.BytesIO(body), "file", content_type="application/octet-stream")
            answer = client.post("/v1/datasets", data={"file": file, "name": f"f{number}", "target": "t", "drop": "y"})
            assert answer.status_code in (200, 201), answer.text
            roles = [(column["name"], column["role"]) for column in answer.json["columns"]]
            assert roles == [("a", "input"), ("t", "target")]


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_packed_file_may_be_packed_for_the_way_too(client: FlaskClient, coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zstd.compress
    packed = pack(gzip.compress(FORMATS["text/csv"]))
    answer = client.put("/v1/datasets/d", data=packed, headers={"Content-Encoding": coding})
    assert answer.status_code == 201 and answer.json["rows"] == 3


def test_members_of_a_gzip_body_are_all_read(client: FlaskClient) -> None:
    parts = gzip.compress(b"a,y\n1,2\n") + gzip.compress(b"3,4\n")
    for headers in ({}, {"Content-Encoding": "gzip"}):
        answer = client.put("/v1/datasets/d", data=parts, headers=headers)
        assert answer.json["rows"] == 2
    problem(client.put("/v1/datasets/d", data=parts[:-3]), 400)


def test_options_stand_in_the_query_of_a_list_of_records(client: FlaskClient) -> None:
    answer = client.put("/v1/datasets/d?target=t&drop=y&types=a:category", json=RECORDS)
    assert [(column["name"], column["type"]) for column in answer.json["columns"]] == [
        ("a", "category"),
        ("t", "category"),
    ]
    assert "one row" in problem(client.put("/v1/datasets/e", json=[]), 422)["detail"]
    assert '"inputs"' in problem(client.put("/v1/datasets/e", json=[[1, 2], [3, 4]]), 422)["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"a": {"0": 1, "1": 2}, "y": {"0": 3, "1": 4}}, 'orient="records"'),
        ({"columns": ["a", "y"], "index": [0, 1], "data": [[1, 2], [3, 4]]}, 'orient="records"'),
        ({"schema": {"fields": []}, "data": [{"index": 0, "a": 1}]}, 'orient="records"'),
        ({"length": [5.1, 6.2], "kind": ["a", "b"]}, '"inputs"'),
        ({"X": [[1, 2], [3, 4]], "y": [0, 1]}, "did you mean `inputs`"),
        ({"age": 31, "kind": "a"}, "application/jsonl"),
        ([1, 2, 3], '[{"column": value'),
        ({"input": [[1]], "y": [1]}, "did you mean `inputs`"),
        ({"name": "d"}, "give either `inputs`"),
    ],
)
def test_other_forms_of_json_are_answered_with_the_way_out(client: FlaskClient, body: Any, words: str) -> None:
    assert words in detail(client.post("/v1/datasets", json=body), 422)


def test_a_job_trains_on_a_parquet_file(client: FlaskClient, train: Any) -> None:
    client.put("/v1/datasets/d", data=parquet())
    training = {"epochs": 2, "preprocessing": {"missing": "mean"}}
    job = train({"dataset": "d", "model": "m", "training": training})
    assert job["status"] == "succeeded"
    answer = client.post("/v1/models/m:predict", json={"instances": [{"a": 1, "t": "z"}]})
    assert set(answer.json["predictions"][0]["probabilities"]) == {"p", "q"}


def detail(answer: TestResponse, status: int) -> str:
    body = problem(answer, status)
    if status == 415:
        assert "text/csv" in answer.headers["Accept"] or answer.headers["Accept"] == "application/json"
    text: str = body["detail"]
    return text


def test_what_is_no_table_is_named(client: FlaskClient) -> None:
    for data, words in (
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG picture"),
        (b"<!doctype html><html>", "an HTML page"),
        (b"PK\x03\x04" + bytes(22) + b"\x13\0\0\0[Content_Types].xml", "an Excel workbook"),
        (gzip.compress(gzip.compress(b"a,y\n1,2\n")), "packed twice"),
    ):
        for way in ({}, CURL, {"content_type": "text/csv"}):
            assert words in detail(client.put("/v1/datasets/d", data=data, **way), 415)
        file = FileStorage(io.BytesIO(data), "t.csv", content_type="text/csv")
        assert words in detail(client.post("/v1/datasets", data={"file": file}), 415)


def test_a_wrong_type_is_answered_with_the_one_to_send(client: FlaskClient) -> None:
    body = json.dumps({"inputs": [[1]], "targets": [2]})
    answer = detail(client.post("/v1/datasets", data=body, content_type="text/plain;charset=UTF-8"), 415)
    assert "send the header `Content-Type: application/json`" in answer
    answer = detail(client.post("/v1/networks", data='{"hidden": [3]}', content_type="text/plain"), 415)
    assert "send the header `Content-Type: application/json`" in answer
    answer = detail(client.put("/v1/datasets/d", data=body, content_type="text/csv"), 415)
    assert "is JSON" in answer and "`Content-Type: application/json`" in answer
    answer = detail(client.put("/v1/datasets/d", data=parquet(), content_type="text/csv"), 415)
    assert "is Parquet" in answer and "`Content-Type: application/vnd.apache.parquet`" in answer
    answer = detail(client.put("/v1/datasets/d", data="a,y\n1,2\n", content_type="text/plain"), 415)
    assert "`Content-Type: text/csv`" in answer
    for kind in ("application/vnd.apache.parquet", "application/x-npz"):
        answer = detail(client.put("/v1/datasets/d", data="a,y\n1,2\n", content_type=kind), 415)
        assert "is CSV" in answer and "`Content-Type: text/csv`" in answer
    answer = detail(client.put("/v1/datasets/d", data="a,y\n1,2\n", content_type="application/json"), 400)
    assert "`Content-Type: text/csv`" in answer
    lines = FORMATS["application/jsonl"]
    answer = detail(client.put("/v1/datasets/d", data=lines, content_type="application/json"), 415)
    assert "is JSON Lines" in answer and "`Content-Type: application/jsonl`" in answer
    assert "a form's fields" in detail(client.post("/v1/networks", data="hidden=3&name=x", **CURL), 415)


def test_json_with_a_byte_order_mark_is_named(client: FlaskClient) -> None:
    marked = b"\xef\xbb\xbf" + json.dumps({"inputs": [[1]], "targets": [2]}).encode()
    assert "byte-order mark" in detail(client.post("/v1/datasets", data=marked), 400)


def test_an_empty_body_is_called_empty(client: FlaskClient, train: Any) -> None:
    train({"dataset": {"name": "d", "inputs": [[0], [1]], "targets": [0, 1]}, "model": "m", "training": {"epochs": 1}})
    ways: tuple[dict[str, Any], ...] = ({}, CURL, {"content_type": "text/plain"}, {"content_type": "application/json"})
    for way in ways:
        for path in ("/v1/networks", "/v1/jobs"):
            assert "the body is empty" in detail(client.post(path, data=b"", **way), 400)
        for path in ("/v1/datasets", "/v1/models/m:predict"):
            status = 400 if way.get("content_type") == "application/json" else 422
            assert "the body is empty" in detail(client.post(path, data=b"", **way), status)
    for kind in FORMATS:
        status = 400 if kind == "application/json" else 422
        assert "is empty" in detail(client.put("/v1/datasets/d", data=b"", content_type=kind), status)
    assert "is empty" in detail(client.put("/v1/datasets/d", data=gzip.compress(b"")), 422)
    file = FileStorage(io.BytesIO(b""), "t.csv")
    assert "the file is empty" in detail(client.post("/v1/datasets", data={"file": file}), 422)


def test_options_of_another_format_are_refused(client: FlaskClient) -> None:
    answer = detail(client.put("/v1/datasets/d?delimiter=;", data=parquet()), 422)
    assert "`delimiter` goes with CSV; this is Parquet" in answer
    answer = detail(client.put("/v1/datasets/d?inputs=x", data=FORMATS["application/jsonl"]), 422)
    assert "`inputs` goes with NPZ; this is JSON Lines" in answer


def test_whole_numbers_that_a_float_would_change_are_refused_in_arrays(client: FlaskClient) -> None:
    stream = io.BytesIO()
    np.savez(stream, x=np.array([[1, 2**53 + 1], [2**53, 2]]), y=np.array([0, 1]))
    body = problem(client.put("/v1/datasets/d", data=stream.getvalue()), 422)
    assert [(error["row"], error["column"]) for error in body["errors"]] == [(1, "x[1]")]
    assert "9007199254740993" in body["detail"]
    body = problem(client.put("/v1/datasets/d", json={"inputs": [[1], [2**53 + 1]]}), 422)
    assert [(error["row"], error["column"]) for error in body["errors"]] == [(2, "input_1")]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_a_form_may_be_packed(client: FlaskClient, coding: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}[coding]
    form = b"".join(
        b"--X\r\nContent-Disposition: form-data; name=%b\r\n\r\n%b\r\n" % field
        for field in ((b'"name"', b"packed"), (b'"file"; filename="t.csv"', b"a,y\n" + b"1,2\n" * 50_000))
    )
    kind = {"Content-Type": "multipart/form-data; boundary=X"}

    def send(data: bytes, coding: str) -> TestResponse:
        return client.post("/v1/datasets", data=data, headers={**kind, "Content-Encoding": coding})

    answer = send(pack(form + b"--X--\r\n"), coding)
    assert (answer.status_code, answer.json["rows"]) == (201, 50_000), answer.text
    problem(send(pack(form + b"--X--\r\n")[:-9], coding), 400)
    problem(send(form + b"--X--\r\n", coding), 400)
    assert "gzip, deflate and zstd" in problem(send(form, "br"), 415)["detail"]
    assert send(form + b"--X--\r\n", "identity").status_code == 200


def test_a_form_that_unpacks_to_too_much_is_refused(settings: Settings, backends: Backends) -> None:
    app = create_app(replace(settings, max_upload_bytes=3_000_000))
    form = (
        b'--X\r\nContent-Disposition: form-data; name="file"; filename="t"\r\n\r\n'
        + b"1,2\n" * 10**6
        + b"\r\n--X--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=X", "Content-Encoding": "gzip"}
    answer = app.test_client().post("/v1/datasets", data=gzip.compress(form), headers=headers)
    assert "3,000,000 bytes" in problem(answer, 413)["detail"]
    app.extensions["services"].database.dispose()


@pytest.mark.parametrize("kind", ["onnx", "keras"])
def test_a_file_of_another_program_is_known_by_its_first_bytes(client: FlaskClient, train: Any, kind: str) -> None:
    rows = {"inputs": [[0.0], [1.0]], "targets": [0.0, 0.5], "target_type": "value"}
    train({"dataset": rows, "model": "m", "network": {"hidden": [2]}, "training": {"epochs": 1}})
    data = client.get(f"/v1/models/m/export?format={kind}").data
    for number, way in enumerate((CURL, {}, {"content_type": "application/octet-stream"})):
        answer = client.post(f"/v1/models/copy{number}/versions", data=data, **way)
        assert answer.status_code == 201, answer.text
    answer = client.post("/v1/models/copy/versions", data=b"\0" * 100, content_type="application/octet-stream")
    assert "?format=onnx" in problem(answer, 415)["detail"]
