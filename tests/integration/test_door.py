"""The short way for plain predictions answers as Flask does: status, headers and body; and it takes the plain ones."""

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.app import create_app
from service.config import Settings
from service.door.door import Door
from service.front.environ import ADMISSION, Admission
from service.services import Services
from tests.integration.contract import SMALL
from workers.run.run import run_next_job

# what is answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

PATH = "/v1/models/plain:predict"
ROWS = np.array([[0.25, -0.5], [1e-3, 0.125], [0.7, 0.9]], "<f4")
BODY = json.dumps({"instances": ROWS.astype(float).tolist()})
JSON, RAW = "application/json", "application/octet-stream"
VARIES = {"Server-Timing": r"[\d.]+", "RateLimit": r"t=\d+"}


@dataclass(frozen=True)
class Case:
    """A request, and whether it is answered before Flask."""

    title: str
    is_plain: bool = False
    path: str = PATH
    method: str = "POST"
    body: bytes | str = BODY
    kind: str | None = JSON
    headers: tuple[tuple[str, str], ...] = ()

    def environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        builder = EnvironBuilder(
            path, "http://127.0.0.1:8000", query, self.method, data=self.body, content_type=self.kind,
            headers=[("X-Request-Id", "the-same"), *self.headers],
        )  # fmt: skip
        return builder.get_environ()


def header(name: str, value: str) -> tuple[tuple[str, str], ...]:
    return ((name, value),)


STANDARDIZED = "/v1/models/standardized:predict"
INFINITE = np.array([1, np.inf], "<f4").tobytes()
TRACING = (("Traceparent", "00-1"), ("User-Agent", "test"), ("Accept-Language", "de"))
WIDE = json.dumps({"instances": [[0.1, 0.2]] * 100})
CASES = [
    Case("rows of numbers", True),
    Case("one row as inputs", True, body='{"inputs": [[1, 2.5e-3]]}'),
    Case("the verb after a slash", True, path="/v1/models/plain/predict"),
    Case("an escaped colon", True, path="/v1/models/plain%3Apredict"),
    Case("one version", True, path="/v1/models/plain/versions/1:predict"),
    Case("values in place of classes", True, path="/v1/models/values:predict"),
    Case("standardized inputs", True, path=STANDARDIZED),
    Case("Accept of JSON", True, headers=header("Accept", JSON)),
    Case("a small answer that could be packed", True, headers=header("Accept-Encoding", "gzip, zstd")),
    Case("a large answer", True, body=WIDE),
    Case("a large answer that is packed", body=WIDE, headers=header("Accept-Encoding", "gzip")),
    Case("headers of tracing", True, headers=TRACING),
    Case("raw numbers", True, f"{PATH}?shape=3,2", body=ROWS.tobytes(), kind=RAW),
    Case("raw numbers both ways", True, f"{PATH}?shape=3,2&format=raw", body=ROWS.tobytes(), kind=RAW),
    Case(
        "raw numbers by Accept", True, f"{PATH}?shape=3,2", body=ROWS.tobytes(), kind=RAW, headers=header("Accept", RAW)
    ),
    Case(
        "raw numbers to be standardized",
        True,
        f"{STANDARDIZED}?shape=3,2",
        body=ROWS.tobytes(),
        kind=RAW,
    ),
    Case("raw numbers, but too few", path=f"{PATH}?shape=4,2", body=ROWS.tobytes(), kind=RAW),
    Case(
        "raw numbers, but one is infinite",
        path=f"{PATH}?shape=1,2",
        body=INFINITE,
        kind=RAW,
    ),
    Case("raw numbers as JSON", path=f"{PATH}?shape=3,2"),
    Case("an empty shape", path=f"{PATH}?shape=", body=ROWS.tobytes(), kind=RAW),
    Case("two shapes", path=f"{PATH}?shape=3,2&shape=2,3", body=ROWS.tobytes(), kind=RAW),
    Case("rows as objects", body='{"instances": [{"input_1": 1, "input_2": 2}]}'),
    Case("rows with text", path="/v1/models/texts:predict", body='{"instances": [["A", 1]]}'),
    Case("pretty", path=f"{PATH}?pretty"),
    Case("an epoch", path=f"{PATH}?epoch=1"),
    Case("an unknown option", path=f"{PATH}?shapes=1"),
    Case("CSV", body="input_1,input_2\n1,2\n", kind="text/csv"),
    Case("curl's own type", kind="application/x-www-form-urlencoded"),
    Case("no type", kind=None),
    Case("an answer as CSV", headers=header("Accept", "text/csv")),
    Case("an answer that is not written", headers=header("Accept", "image/png")),
    Case("no body", body=""),
    Case("no JSON", body="{"),
    Case("NaN", body='{"instances": [[NaN, 1]]}'),
    Case("a number beyond float32", body='{"instances": [[1e300, 1]]}'),
    Case("another width", body='{"instances": [[1, 2, 3]]}'),
    Case("an unknown field", body='{"instances": [[1, 2]], "row": 1}'),
    Case("an unknown model", path="/v1/models/nobody:predict"),
    Case("an unknown version", path="/v1/models/plain/versions/7:predict"),
    Case("no version", path="/v1/models/plain/versions/latest:predict"),
    Case("an unknown verb", path="/v1/models/plain:predicts"),
    Case("another method", method="GET", body=""),
    Case("another method that is none", method="PUT"),
    Case("a page of another origin", headers=header("Origin", "https://example.org")),
    Case("a page's own request", headers=header("Sec-Fetch-Site", "same-origin")),
    Case("a foreign host", headers=header("Host", "example.org")),
    Case("no host", headers=header("Host", "a b")),
    Case("a proxy", headers=header("X-Forwarded-For", "10.0.0.1")),
    Case("a packed body", body=b"\x1f\x8b", headers=header("Content-Encoding", "gzip")),
    Case("another coding", headers=header("Content-Encoding", "br")),
    Case("an empty deadline", headers=header("X-Request-Timeout", "")),
    Case("a cookie", headers=header("Cookie", "backprop_session=1")),
]
Answer = tuple[str, list[tuple[str, str]], bytes]


class Both:
    """One application with the door and without it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        whole: Door = app.wsgi_app  # type: ignore[assignment]
        self.behind = whole.behind
        self.door = Door(self._passed_on, whole.parts)
        self.passed = 0

    def _passed_on(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.passed += 1
        return self.behind(environ, start)

    def ask(self, case: Case, key: str = "") -> tuple[Answer, Answer, bool]:
        """Return the answers of both ways, and whether the door gave its own."""
        self.passed = 0
        if key:
            case = replace(case, headers=(*case.headers, ("Authorization", f"Bearer {key}")))
        found = answered(self.door, case.environ())
        return found, answered(self.behind, case.environ()), not self.passed


def answered(app: Any, environ: dict[str, Any]) -> Answer:
    blocks, status, headers = run_wsgi_app(app, environ)
    named = [(name, re.sub(VARIES.get(name, r"\Z."), "N", value)) for name, value in headers]
    return status, sorted(named), b"".join(blocks)


@pytest.fixture
def both(settings: Settings, service: Services) -> Iterator[Both]:
    app = create_app(settings)
    client = app.test_client()
    numbers = [[n / 20, (19 - n) / 40] for n in range(20)]
    classes = {"inputs": numbers, "targets": ["ab"[n % 2] for n in range(20)]}
    wide = {**classes, "inputs": [[a * 500, b] for a, b in numbers]}
    values = {"inputs": numbers, "targets": [[n * 1.5, -n] for n in range(20)]}
    texts = {"rows": [{"plan": "AB"[n % 2], "amount": n, "y": n} for n in range(12)]}
    for name, dataset in {"plain": classes, "standardized": wide, "values": values, "texts": texts}.items():
        made = client.post("/v1/jobs", json={"dataset": dataset, "training": SMALL, "model": name})
        assert made.status_code == 202, made.text
        assert run_next_job(service, "test", lambda: False)
    yield Both(app)
    app.extensions["services"].database.dispose()


def test_both_ways_give_the_same_answers(both: Both) -> None:
    for case in CASES:
        found, expected, was_plain = both.ask(case)
        assert (found, was_plain) == (expected, case.is_plain), case.title


def test_keys_limits_and_scopes_are_the_same(both: Both) -> None:
    client = both.app.test_client()
    admin = client.post("/v1/keys", json={"scopes": ["admin"]}).json["key"]  # type: ignore[index]

    def key(**body: Any) -> str:
        made = client.post("/v1/keys", json=body, headers={"Authorization": f"Bearer {admin}"})
        assert made.status_code == 201, made.text
        text: str = made.json["key"]  # type: ignore[index]
        return text

    predicts, other = key(scopes=["predict"], models=["plain"]), key(scopes=["predict"], models=["values"])
    keys = [
        ("", False),
        ("bp_nonsense", False),
        (admin, True),
        (predicts, True),
        (predicts[:-1] + "x", False),
        (key(scopes=["read"]), False),
        (other, False),
        (key(scopes=["predict"], origins=["https://example.org"]), False),
    ]
    for text, is_plain in keys:
        for case in (CASES[0], Case("an unknown model", path="/v1/models/nobody:predict")):
            found, expected, was_plain = both.ask(case, text)
            assert found == expected, (text, case.title)
            assert was_plain == (is_plain and case is CASES[0])


@pytest.mark.parametrize("limit", ["tenant_requests_per_second", "tenant_predictions_per_second"])
def test_a_limit_is_taken_once_and_refused_alike(both: Both, settings: Settings, limit: str) -> None:
    app = create_app(replace(settings, **{limit: 0.002}))  # one in 500 s
    try:
        limited = Both(app)
        status, headers, _ = answered(limited.door, CASES[0].environ())
        assert status == "200 OK" and dict(headers)["RateLimit"].endswith(";r=0;N")
        found, expected, was_plain = limited.ask(CASES[0])
        assert found == expected and found[0].startswith("429") and not was_plain
    finally:
        app.extensions["services"].database.dispose()


def test_a_faulty_request_is_counted_once(both: Both, settings: Settings) -> None:
    app = create_app(replace(settings, tenant_requests_per_second=5.0, tenant_predictions_per_second=50.0))
    try:
        door = Both(app).door
        status, headers, _ = answered(door, Case("", body='{"instances": [[1e300, 1]]}').environ())
        assert status.startswith("422")
        assert dict(headers)["RateLimit"].startswith('"requests";r=4;N, "predictions";r=49;N')
    finally:
        app.extensions["services"].database.dispose()


def test_the_question_whether_a_large_body_is_read_is_answered_alike(both: Both) -> None:
    for length in (100_000, 10**9):
        said = []
        for app in (both.door, both.behind):
            admission = Admission()
            environ = {
                **CASES[0].environ(),
                ADMISSION: admission,
                "CONTENT_LENGTH": str(length),
                "wsgi.input": io.BytesIO(),
            }
            status, _, _ = answered(app, environ)
            said.append((status, admission.most_bytes))
        assert said[0] == said[1]


def test_the_log_and_the_metrics_have_both(both: Both, caplog: pytest.LogCaptureFixture) -> None:
    lines = []
    for app in (both.door, both.behind):
        with caplog.at_level("INFO", "service.requests"):
            caplog.clear()
            answered(app, CASES[0].environ())
            lines += [re.sub(r"[\d.]+ ms", "", record.getMessage()) for record in caplog.records]
    assert lines[0] == lines[1] == f"POST {PATH} 200 "
    text = both.app.test_client().get("/metrics").text
    found = re.search(r'backprop_http_requests_total\{.*predict".*status="200".*\} ([\d.]+)', text)
    assert found is not None and float(found[1]) == 2.0
