"""What every answer says to browsers: answers, errors, streams and redirects."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.api.small_app import BASE, FOREIGN, FRIEND, client_of, preflight

SECURE = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "X-Frame-Options": "DENY",
    "Server": "backprop",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


@pytest.fixture
def answers() -> Iterator[list[Any]]:
    client = client_of(BASE)
    asked = [client.get(path) for path in ("/x", "/stream", "/missing", "/bug", "/nothing", "/healthz")]
    asked += [client.get("/x", headers={"Host": "a,b"}), client.post("/x", headers=FOREIGN), client.post("/healthz")]
    asked += [client.options("/x"), preflight(client, FRIEND), preflight(client, "null"), client.head("/x")]
    yield asked


def test_every_answer_has_the_headers(answers: list[Any]) -> None:
    assert {answer.status_code for answer in answers} == {200, 204, 400, 403, 404, 405, 500}
    for answer in answers:
        assert {name: answer.headers.get(name) for name in SECURE} == SECURE, answer.status
        assert "origin" in answer.vary


def test_a_page_may_have_a_policy_of_its_own() -> None:
    answer = client_of(BASE).get("/page")
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.headers.getlist("Content-Security-Policy")) == 1


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/a//x", "/a/x"),  # of werkzeug, which writes the whole address
        ("//evil.example//x", "/evil.example/x"),
        ("/elsewhere?to=http://localhost/a?b=c", "/a?b=c"),
        ("/elsewhere?to=//evil.example/a", "/a"),
        ("/elsewhere?to=/%5Cevil.example/a", "/%5Cevil.example/a"),
        ("/elsewhere?to=a%23b", "/a#b"),
    ],
)
def test_a_redirect_names_no_host_and_has_no_page(path: str, location: str) -> None:
    client = client_of(replace(BASE, allowed_hosts="*"))
    answer = client.get(
        "/",
        environ_overrides={"PATH_INFO": path.partition("?")[0], "HTTP_HOST": "host.example"},
        query_string=path.partition("?")[2],
    )
    assert 300 <= answer.status_code < 400
    assert answer.headers["Location"] == location
    assert answer.data == b"" and "Content-Type" not in answer.headers
