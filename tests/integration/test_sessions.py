"""Sessions of the dashboard: a cookie no script can read, a token that other sites do not know, an end with the key."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from service.access.tokens import id_of
from service.config import Settings
from tests.integration.contract import XOR, problem
from tests.integration.keyed import Keyed


@pytest.fixture
def keyed(settings: Settings) -> Iterator[Keyed]:
    made = Keyed(settings)
    yield made
    made.close()


def sign_in(client: FlaskClient, key: str) -> dict[str, str]:
    """Sign in; return the header that requests which change something carry."""
    answer = client.post("/v1/session", json={"key": key})
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert answer.headers["Cache-Control"] == "no-store" and key not in cookie
    return {"X-CSRF-Token": answer.json["csrf_token"]}


def test_a_key_becomes_a_session_that_may_do_what_the_key_may(keyed: Keyed) -> None:
    key = keyed.key("read", "train")
    client = keyed.app.test_client()
    problem(client.get("/v1/session"), 401)
    header = sign_in(client, key)
    session = client.get("/v1/session").json
    assert (session["key"], session["tenant"], session["scopes"]) == (id_of(key), "default", ["read", "train"])
    assert session["csrf_token"] == header["X-CSRF-Token"]
    assert client.get("/v1/jobs").status_code == 200
    assert client.post("/v1/datasets", json=XOR, headers=header).status_code == 201
    problem(client.get("/v1/keys"), 403)
    ended = client.delete("/v1/session", headers=header)
    assert ended.status_code == 204 and ended.headers["Clear-Site-Data"] == '"cache"'
    problem(client.get("/v1/session"), 401)


def test_what_changes_something_carries_the_token_of_its_session(keyed: Keyed) -> None:
    client, other = keyed.app.test_client(), keyed.app.test_client()
    sign_in(client, keyed.admin)
    stranger = sign_in(other, keyed.admin)
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x" * 64}, stranger):
        refused = problem(client.post("/v1/datasets", json=XOR, headers=headers), 403)
        assert "X-CSRF-Token" in refused["detail"] and "GET /v1/session" in refused["detail"]
        problem(client.delete("/v1/session", headers=headers), 403)
    assert client.get("/v1/datasets").json["data"] == []
    # a key in the header is no cookie that a browser adds by itself: it needs no token
    assert keyed.send("POST", "/v1/datasets", keyed.admin, json=XOR).status_code == 201


def test_a_session_ends_with_its_key_and_when_it_is_signed_out_of(keyed: Keyed) -> None:
    key = keyed.key("read")
    client = keyed.app.test_client()
    header = sign_in(client, key)
    stolen = client.get_cookie("backprop_session")
    assert stolen is not None
    client.delete("/v1/session", headers=header)
    problem(client.get("/v1/jobs", headers={"Cookie": f"backprop_session={stolen.value}"}), 401)
    sign_in(client, key)
    assert client.get("/v1/jobs").status_code == 200
    keyed.send("DELETE", f"/v1/keys/{id_of(key)}", keyed.admin)
    problem(client.get("/v1/jobs"), 401)


def test_a_token_that_shares_a_job_signs_in_for_event_streams(keyed: Keyed) -> None:
    job = keyed.send("POST", "/v1/jobs", keyed.admin, json={"dataset": XOR}).json["id"]
    token = keyed.send("POST", f"/v1/jobs/{job}/shares", keyed.admin).json["token"]
    client = keyed.app.test_client()
    sign_in(client, token)
    assert client.get("/v1/session").json["job"] == job
    assert client.get(f"/v1/jobs/{job}/events").status_code == 200
    problem(client.get("/v1/jobs"), 403)


@pytest.mark.parametrize("key", ["", "bp_", "bp_" + "x" * 61])
def test_a_wrong_key_does_not_sign_in(keyed: Keyed, key: str) -> None:
    assert problem(keyed.client.post("/v1/session", json={"key": key}), 401)["detail"].startswith("this needs a valid")
    problem(keyed.client.post("/v1/session", json={"key": 1}), 422)


def test_a_key_of_pages_does_not_sign_in_and_a_page_of_another_site_signs_nobody_in(keyed: Keyed) -> None:
    refused = keyed.client.post("/v1/session", json={"key": keyed.key("predict", origins=["https://a.org"])})
    assert "limited to pages" in problem(refused, 403)["detail"]
    problem(keyed.client.post("/v1/session", json={"key": keyed.admin}, headers={"Origin": "https://evil.org"}), 403)


def test_without_keys_there_is_nothing_to_sign_in_with(client: FlaskClient) -> None:
    session = client.get("/v1/session").json
    assert (session["key"], session["tenant"], session["csrf_token"]) == (None, "default", None)
    problem(client.post("/v1/session", json={"key": "bp_" + "x" * 61}), 401)
