"""Bad input: each gets the answer that was laid down, as a problem, and leaves nothing behind."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from service.config import Settings
from service.datasets.compression import zstd
from service.services import Services
from service.store.tables import metadata
from tests.conftest import POSTGRESQL_IS_LONG, Backends
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

LIMITS: dict[str, Any] = {"max_json_bytes": 2_000_000, "max_upload_bytes": 3_000_000}
ROWS = {"inputs": [[0, 0.5], [1, 1]], "targets": [0.5, 1.5]}


@pytest.fixture
def settings(backends: Backends) -> Settings:
    given = Settings(data_dir=backends.data_dir, database_url=backends.database_url, queue_url=backends.queue_url)
    return replace(given, **LIMITS)


class Asked:
    """Sends what is wrong and gathers every answer that is not as laid down, and all that was left behind."""

    def __init__(self, client: FlaskClient, service: Services) -> None:
        self.client, self.service = client, service
        self.odd: list[str] = []

    def held(self) -> tuple[dict[str, int], set[str]]:
        with self.service.database.read() as connection:
            rows = {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
            }
        return rows, {path.name for path in self.service.blobs.root.rglob("*") if path.is_file()}

    def expect(
        self, status: int | tuple[int, ...], path: str, data: Any = None, method: str = "POST", **more: Any
    ) -> None:
        allowed = (status,) if isinstance(status, int) else status
        before = self.held()
        if not isinstance(data, bytes | None):
            more, data = {"content_type": "application/json", **more}, json.dumps(data)
        label = f"{method} {path[:80]} {str(data)[:90]}"
        try:
            answer = self.client.open(path, method=method, data=data, **more)
        except Exception as error:
            self.odd.append(f"{label}: escaped {type(error).__name__}: {error}"[:300])
            return
        if answer.status_code not in allowed:
            self.odd.append(f"{label}: {answer.status_code} not {status}: {answer.text[:160]}")
        elif answer.status_code >= 400:
            if answer.mimetype != "application/problem+json" or answer.json["status"] != answer.status_code:
                self.odd.append(f"{label}: no problem: {answer.mimetype}")
            if "Traceback" in answer.text or "psycopg" in answer.text or "sqlite" in answer.text:
                self.odd.append(f"{label}: reveals too much")
            if self.held() != before:
                self.odd.append(f"{label}: left something behind")


@pytest.fixture
def ask(client: FlaskClient, service: Services) -> Iterator[Asked]:
    asked = Asked(client, service)
    yield asked
    assert not asked.odd, "\n" + "\n".join(asked.odd)


POSTS = ("/v1/networks", "/v1/datasets", "/v1/jobs")


def test_json_that_is_malformed(ask: Asked) -> None:
    bodies: list[bytes] = [
        b"",
        b"   ",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"hidden": [1], "hidden": [1]}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"\\ud800": 1, "\\ud800": 2}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}x",
        b'{"a": 01}',
        b"{'a': 1}",
        b'{"a": 1} trailing',
    ]
    for path in POSTS:
        for body in bodies:
            ask.expect(400, path, body, content_type="application/json")


def test_json_of_the_wrong_shape(ask: Asked) -> None:
    for path in POSTS:
        for body in ([], 5, True, "text", {}, {"unknown": 1}, {"\ud800": 1}, {"\x00": 1}, {"name": "\ud800"}):
            ask.expect(422, path, body)
        ask.expect(422, path, b"null", content_type="application/json")


def test_numbers_that_are_none(ask: Asked) -> None:
    for bad in (None, True, "1_000", "5", [], {}, 2.5, -1, 0, 10**400, 10**18):
        ask.expect(422, "/v1/networks", {"hidden": [bad]})
        ask.expect(422, "/v1/jobs", {"dataset": ROWS, "training": {"batch_size": bad}})
    for bad in (None, True, "1_000", [1], {}, 10**400):
        ask.expect(422, "/v1/datasets", {"inputs": [[1, 2], [3, bad]], "targets": [1, 2]})
        ask.expect(422, "/v1/datasets", {"inputs": [[1, 2], [3, 4]], "targets": [[1], [bad]]})


def test_networks_beyond_every_size(ask: Asked) -> None:
    for body in (
        {"hidden": [1_000_000_000]},
        {"hidden": [10**4290, 10**4290]},
        {"inputs": 10**9, "hidden": [10**9]},
        {"layers": [{"type": "dense", "units": 10**9}]},
        {"hidden": [1] * 1001},
        {"inputs": 2**70, "hidden": []},
    ):
        ask.expect(422, "/v1/networks", body)
        ask.expect(422, "/v1/jobs", {"dataset": ROWS, "network": body})


def test_jobs_that_do_not_fit_leave_no_dataset(ask: Asked) -> None:
    ask.expect(422, "/v1/jobs", {"dataset": "nobody"})
    ask.expect(422, "/v1/jobs", {"dataset": ROWS, "network": "nobody"})
    ask.expect(422, "/v1/jobs", {"dataset": ROWS, "network": {"inputs": 5, "hidden": [2]}})
    ask.expect(422, "/v1/jobs", {"dataset": ROWS, "training": {"rows": [0, 5]}})
    ask.expect(422, "/v1/jobs", {"dataset": ROWS, "training": {"validation": {"dataset": "nobody"}}})
    ask.expect(422, "/v1/jobs", {"dataset": {"inputs": [[1], [2]]}})


def test_missing_values_with_missing_error_are_refused_when_the_job_is_sent(ask: Asked) -> None:
    gaps = [{"a": None, "y": 1.5}, {"a": 2, "y": 2.5}]
    ask.expect(422, "/v1/jobs", {"dataset": {"rows": gaps}})
    ask.expect(
        422, "/v1/jobs", {"dataset": {"rows": gaps, "target": "a"}, "training": {"preprocessing": {"missing": "mean"}}}
    )


def test_a_name_that_is_taken_leaves_nothing(ask: Asked) -> None:
    assert ask.client.post("/v1/datasets", json={"name": "d", **ROWS}).status_code == 201
    other = {"name": "d", "inputs": [[9], [8]], "targets": [1, 2]}
    ask.expect(409, "/v1/datasets", other)
    ask.expect(409, "/v1/jobs", {"dataset": other})


def test_datasets_that_are_wrong(ask: Asked) -> None:
    for body in (
        {"inputs": [], "targets": []},
        {"inputs": [[1, 2], [3]]},
        {"inputs": [[1]], "targets": [1, 2]},
        {"rows": []},
        {"rows": [{"a": "x\x00", "y": 1}]},
        {"rows": [{"a\x00": 1, "y": 1}]},
        {"rows": [{"a": "\ud800", "y": 1}]},
        {"rows": [{"\ud800": 1, "y": 1}]},
        {"columns": ["a\x00", "y"], "rows": [[1, 2]]},
        {"columns": ["a", "a"], "rows": [[1, 2]]},
        {"rows": [{"a": 1, "y": 1}], "target": "z"},
        {"rows": [{"a": 1, "y": 1}], "target": "\ud800"},
        {"inputs": [[1]], "scale": 0},
        {"inputs": [[1]], "name": "../../etc/passwd"},
        {"inputs": [[1]], "name": "a\n"},
        {"inputs": [[1]], "name": "n" * 65},
    ):
        ask.expect(422, "/v1/datasets", body)
        ask.expect(422, "/v1/jobs", {"dataset": body})


def test_numbers_whose_statistics_overflow_are_no_failure_of_the_service(ask: Asked) -> None:
    ask.expect((201, 422), "/v1/datasets", {"inputs": [[1.7e308], [-1.7e308]]})
    ask.expect((201, 422), "/v1/datasets", {"inputs": [[1e300], [2]], "scale": 1e-300})


def test_csv_that_is_wrong(ask: Asked) -> None:
    for status, data in (
        (422, b"a,b\n1,2\n1\n"),
        (201, b"a,b\nNaN,1\n2,2\n"),  # a word for a missing value
        (422, b"a,b\n-nan,1\n2,2\n"),
        (422, b"a,b\n1e999,1\n2,2\n"),
        (422, b"a,a\n1,2\n1,2\n"),
        (422, b"a,b\n1,\x002\n"),
        (422, b"a,b,c1,2,3"),
        (422, b"\n"),
        (422, b"a,b\n"),
        (400, b"a,b\n\xff,2\n"),
        (400, b"a,b\n1,2\nx,\xc3"),
    ):
        ask.expect(status, "/v1/datasets/t", data, method="PUT", content_type="text/csv")
    ask.expect(422, "/v1/datasets/t?target=nope", b"a,b\n1,2\n3,4\n", method="PUT")
    for scale in ("0", "-1", "nan", "inf", "1_0", "x", ""):
        ask.expect(422, f"/v1/datasets/t?scale={scale}", b"a,b\n1,2\n3,4\n", method="PUT")
    for name in ("UP", "..", "%2e%2e", "a%00", "%ff", "-a", "a" * 65):
        ask.expect((404, 422), f"/v1/datasets/{name}", b"a,b\n1,2\n3,4\n", method="PUT")


def test_npz_that_is_wrong(ask: Asked) -> None:
    def npz(**arrays: Any) -> bytes:
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)
        return stream.getvalue()

    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296,)}\n"
    lie = io.BytesIO()
    with zipfile.ZipFile(lie, "w") as archive:
        for name in "xy":
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    good = npz(x=np.zeros((2, 2)), y=np.zeros(2))
    for status, data in (
        ((413, 422), lie.getvalue()),
        (422, npz(x=np.array([{}, None], dtype=object), y=np.zeros(2))),
        (422, npz(x=np.array([[np.nan], [1]]), y=np.zeros(2))),
        (422, npz(x=np.array(["a", "b"]), y=np.zeros(2))),
        (422, npz(a=np.zeros((2, 2)))),
        (413, npz(x=np.zeros((5000, 1000), np.uint8), y=np.zeros(5000))),
        (400, good[: len(good) // 2]),
        (400, b"PK\x03\x04"),
    ):
        ask.expect(status, "/v1/datasets/t", data, method="PUT", content_type="application/x-npz")


def test_what_is_too_large(ask: Asked) -> None:
    big = b'{"hidden": [1], "name": "' + b"a" * 2_100_000 + b'"}'
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    for path in POSTS:
        ask.expect(413, path, big, content_type="application/json")
        ask.expect(413, path, gzip.compress(b" " * 500_000_000 if path == POSTS[0] else big), headers=packed)
    rows = b"a,b\n" + b"1,2\n" * 1_000_000
    ask.expect(413, "/v1/datasets/t", rows, method="PUT", content_type="text/csv")
    ask.expect(413, "/v1/datasets/t", gzip.compress(rows), method="PUT", headers={**packed, "Content-Type": "text/csv"})
    for pack in (gzip.compress, zstd.compress):  # files that are packed by themselves
        ask.expect(413, "/v1/datasets/t", pack(rows), method="PUT")
        boundary, body = encode_multipart({"file": FileStorage(io.BytesIO(pack(rows)), "t.csv.gz"), "name": "t"})
        ask.expect(413, "/v1/datasets", body, content_type=f"multipart/form-data; boundary={boundary}")


@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
def test_a_form_has_the_same_limits(ask: Asked, kind: str) -> None:
    data = b"a,b\n" + b"1,2\n" * 1_000_000
    if kind == "application/json":
        data = json.dumps({"inputs": [[1] * 10] * 80_000}).encode()
    boundary, body = encode_multipart({"file": FileStorage(io.BytesIO(data), "t", content_type=kind), "name": "t"})
    ask.expect(413, "/v1/datasets", body, content_type=f"multipart/form-data; boundary={boundary}")


def test_forms_that_are_wrong(ask: Asked) -> None:
    def post(status: int, **fields: Any) -> None:
        boundary, body = encode_multipart(fields)
        ask.expect(status, "/v1/datasets", body, content_type=f"multipart/form-data; boundary={boundary}")

    csv = b"a,b\n1,2\n3,4\n"
    post(422, name="x")
    post(422, file=FileStorage(io.BytesIO(csv), "t.csv", "file"), nam="x")
    post(422, file=FileStorage(io.BytesIO(csv), "t.csv", "file"), scale="0")
    post(422, file=FileStorage(io.BytesIO(csv), "t.csv", "file"), name="../x")
    post(413, name="x" * 2_000_000)
    post(413, **{f"f{n}": "x" for n in range(200)})
    ask.expect((400, 422), "/v1/datasets", b"nonsense", content_type="multipart/form-data")


def test_addresses_and_queries_that_are_wrong(ask: Asked) -> None:
    for thing in ("networks", "datasets", "jobs", "models"):
        for name in ("none", "a%00b", "%ff", "..%2f..", "a" * 5000, "'; drop table jobs; --", "%ed%a0%80"):
            ask.expect(404, f"/v1/{thing}/{name}", method="GET")
            ask.expect(404, f"/v1/{thing}/{name}", method="DELETE")
            ask.expect(404, f"/v1/{thing}?after={name}", method="GET")
        for limit in ("0", "-1", "x", "1_0", "%00", "1e3", "9" * 30, "٣"):
            ask.expect(422, f"/v1/{thing}?limit={limit}", method="GET")
        ask.expect(422, f"/v1/{thing}?limt=1", method="GET")
        ask.expect(422, f"/v1/{thing}?limit=1&limit=2", method="GET")
        ask.expect(200, f"/v1/{thing}?limit=1&limit=1", method="GET")
        ask.expect(200, f"/v1/{thing}?limit=99999", method="GET")
    for thing in ("workers", "events"):  # whose `after` is compared, not looked up
        ask.expect(422, f"/v1/{thing}?after=%00", method="GET")
    for query in ("status=done", "status=%00", "statu=queued", "wait=1"):
        ask.expect(422, f"/v1/jobs?{query}", method="GET")
    for query in (
        "model=%00",
        "model=%27%20or%201=1",
        "metadata.a=%00",
        "metadata.a%22b=1",
        "metadata.%00=1",
        "metadata.=1",
    ):
        ask.expect((200, 422), f"/v1/jobs?{query}", method="GET")


def test_predictions_that_are_wrong(ask: Asked) -> None:
    body = {"dataset": {**ROWS, "name": "d"}, "model": "m", "training": {"epochs": 2}, "network": {"hidden": [2]}}
    job = ask.client.post("/v1/jobs", json=body).json
    path = f"/v1/jobs/{job['id']}/epochs"
    ask.expect((404, 409), f"{path}/last:predict", {"instances": [[1, 2]]})
    ask.expect(404, "/v1/models/m:predict", {"instances": [[1, 2]]})
    assert run_next_job(ask.service, "test", lambda: False)
    for bad in (None, True, "1_000", "1", [], {}, 10**400):
        ask.expect(422, "/v1/models/m:predict", {"instances": [[1, bad]]})
        ask.expect(422, "/v1/models/m:predict", {"instances": [{"input_1": 1, "input_2": bad}]})
    for data in (
        {},
        {"instances": []},
        {"instances": [[1]]},
        {"instances": [[1, 2], {"input_1": 1}]},
        {"instances": {}},
    ):
        ask.expect(422, "/v1/models/m:predict", data)
    ask.expect((200, 422), "/v1/models/m:predict", {"instances": [{"input_1": 1, "input_2": 2, "\ud800": 1}]})
    for number in (1e300, -1.7e308):
        ask.expect(422, "/v1/models/m:predict", {"instances": [[number, 1]]})
    ask.expect(400, "/v1/models/m:predict", b'{"instances": [[NaN, 1]]}', content_type="application/json")
    for epoch in ("99", "x", "-1", "9" * 30, "%00", "1e3"):
        ask.expect(404, f"{path}/{epoch}:predict", {"instances": [[1, 2]]})
        ask.expect(404, f"{path}/{epoch}/parameters", method="GET")
    for version in ("0", "99", "9" * 9, "9" * 30, "x", "%00", "-1"):
        ask.expect(404, f"/v1/models/m/versions/{version}:predict", {"instances": [[1, 2]]})
        ask.expect(404, f"/v1/models/m/versions/{version}", method="GET")
    for query in ("after=x", "limit=0", "points=1", "points=x", "format=xml", "after=-1"):
        ask.expect(422, f"{path}?{query}", method="GET")
    for query in ("after=999999999999999", "points=10000"):
        ask.expect(200, f"{path}?{query}", method="GET")
    ask.expect((200, 422), "/v1/datasets/d/rows?after=999999999999999", method="GET")


def test_numbers_beyond_float32_are_refused_where_they_would_overflow(ask: Asked) -> None:
    ask.expect(
        422,
        "/v1/jobs",
        {"dataset": {"inputs": [[1e300], [2]], "targets": [1, 2]}, "training": {"preprocessing": {"numbers": "none"}}},
    )


def test_metadata_that_is_wrong(ask: Asked) -> None:
    for bad in (
        {"a": 1},
        {"a": "\x00"},
        {"\x00": "a"},
        {"a": "\ud800"},
        {"\ud800": "a"},
        {"": "a"},
        {"a": "x" * 513},
        [],
        {"k" * 65: "a"},
    ):
        ask.expect(422, "/v1/jobs", {"dataset": ROWS, "metadata": bad})
    ask.expect(422, "/v1/jobs", {"dataset": ROWS, "metadata": {f"k{n}": "v" for n in range(65)}})
