"""Pages of listed origins may send requests and read the answers; a browser asks first by a preflight."""

from dataclasses import replace

import pytest

from service.config import Settings
from service.errors import Misconfigured
from tests.unit.api.small_app import BASE, FOREIGN, FRIEND, KEYED_FRIEND, client_of, preflight, status


def test_a_preflight_of_a_listed_origin_is_answered_with_the_routes_methods() -> None:
    answer = preflight(client_of(BASE), FRIEND)
    assert answer.status_code == 204 and answer.data == b""
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert answer.headers["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"
    for header in ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID", "Prefer"):
        assert header in answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "origin" in answer.vary


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:3000"])
def test_a_preflight_of_another_origin_is_refused(origin: str) -> None:
    answer = preflight(client_of(BASE), origin)
    assert answer.status_code == 403 and "BACKPROP_CORS_ORIGINS" in answer.json["detail"]
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_an_unknown_address_is_said_to_be_unknown_to_listed_origins() -> None:
    answer = preflight(client_of(BASE), FRIEND, "/nothing")
    assert answer.status_code == 404 and answer.headers["Access-Control-Allow-Origin"] == FRIEND


@pytest.mark.parametrize("path", ["/x", "/missing", "/bug", "/nothing", "/stream"])
def test_listed_origins_may_read_every_answer(path: str) -> None:
    answer = client_of(BASE).get(path, headers={"Origin": FRIEND})
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Location", "Link", "Retry-After", "ETag", "X-Request-Id", "RateLimit", "RateLimit-Policy"} <= set(exposed)


def test_a_foreign_pages_cookies_do_not_count() -> None:
    client = client_of(BASE)
    client.set_cookie("session", "secret")
    own = client.post("/x", headers={"Origin": "http://localhost"}).json
    foreign = client.post("/x", headers={"Origin": FRIEND}).json
    assert own is not None and own["cookies"] == {"session": "secret"}
    assert foreign is not None and foreign["cookies"] == {}


def test_origins_of_keys_count_only_while_keys_are_asked_for() -> None:
    assert status(client_of(BASE, keys=True), "POST", {"Origin": KEYED_FRIEND}) == 200
    assert preflight(client_of(BASE, keys=True), KEYED_FRIEND).status_code == 204
    assert status(client_of(BASE, keys=False), "POST", {"Origin": KEYED_FRIEND}) == 403


def test_every_origin_is_taken_only_where_every_request_needs_a_key() -> None:
    with pytest.raises(Misconfigured, match=r"BACKPROP_CORS_ORIGINS=\* lets every web page train and delete"):
        Settings(cors_origins="*", auth="off").check()
    client = client_of(replace(BASE, cors_origins="*"), keys=True)
    answer = client.post("/x", headers={**FOREIGN, "Cookie": "session=secret"})
    assert answer.json is not None and answer.json["cookies"] == {}
    assert answer.headers["Access-Control-Allow-Origin"] == "http://evil.example"
    assert status(client, "POST", {"Origin": "null"}) == 403
