"""Keys: made, listed, limited, replaced, revoked; and when none is asked for."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.access.keys import revoke
from service.access.tokens import id_of
from service.api import event_streams, waiting
from service.app import create_app
from service.config import Settings
from service.front.environ import ADMISSION, Admission
from service.services import Services
from service.store import changes
from service.store.records import Status
from service.store.tables import keys
from tests.integration.contract import XOR, problem
from tests.integration.keyed import Keyed
from workers.run.run import run_next_job


@pytest.fixture
def keyed(settings: Settings) -> Iterator[Keyed]:
    made = Keyed(settings)
    yield made
    made.close()


def test_no_key_is_asked_for_until_the_first_is_made_and_from_then_on_always(client: FlaskClient) -> None:
    assert client.get("/v1/jobs").status_code == 200
    made = client.post("/v1/keys", json={"scopes": ["admin"], "name": "first"})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    key = {"Authorization": f"Bearer {made.json['key']}"}
    refused = problem(client.get("/v1/jobs"), 401)
    assert "Authorization: Bearer" in refused["detail"] and "backprop keys create" in refused["detail"]
    assert client.get("/v1/jobs", headers=key).status_code == 200
    assert client.delete(made.headers["Location"], headers=key).status_code == 204
    problem(client.get("/v1/jobs", headers=key), 401)
    problem(client.get("/v1/jobs"), 401)  # the last key is revoked, and the door stays shut
    for path in ("/", "/healthz", "/readyz", "/openapi.json", "/docs", "/docs/keys", "/problems/unauthenticated"):
        assert client.get(path).status_code == 200
    problem(client.get("/v1/nothing-here"), 401)


def test_a_key_is_shown_once_and_its_hash_alone_is_stored(keyed: Keyed, service: Services) -> None:
    made = keyed.send("POST", "/v1/keys", keyed.admin, json={"scopes": ["read"], "name": "grafana", "expires": "90d"})
    key = made.json
    assert key["key"].startswith("bp_" + key["id"]) and len(key["key"]) == 64
    left = datetime.fromisoformat(key["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)
    listed = keyed.send("GET", "/v1/keys", keyed.admin)
    assert [item["name"] for item in listed.json["data"]] == ["grafana", "operator"]
    assert "key" not in listed.json["data"][0] and key["key"] not in listed.text
    assert keyed.send("GET", f"/v1/keys/{key['id']}", keyed.admin).json == listed.json["data"][0]
    with service.database.read() as connection:
        rows = [str(dict(row._mapping)) for row in connection.execute(keys.select())]
    assert key["key"][15:] not in "".join(rows)


def test_a_key_may_be_limited_to_models_and_elsewhere_there_is_nothing(keyed: Keyed) -> None:
    key = keyed.key("read", "predict", models=["mine"])
    theirs = problem(keyed.send("GET", "/v1/models/theirs", key), 404)
    mine = problem(keyed.send("GET", "/v1/models/mine", key), 404)  # there is none yet
    assert theirs["detail"].replace("theirs", "mine") == mine["detail"]
    problem(keyed.send("POST", "/v1/models/theirs:predict", key, json={"instances": [[1]]}), 404)
    for path in ("/v1/models", "/v1/jobs", "/v1/datasets", "/v1/events"):
        assert "limited to the models mine" in problem(keyed.send("GET", path, key), 403)["detail"]
    for path in ("/v1/models/mine:evaluate", "/v1/models/mine/versions/1:evaluate", "/v1/models/mine/evaluate"):
        problem(keyed.send("POST", path.replace("mine", "theirs"), key, json={"dataset": "any"}), 404)
    for path in ("/v1/models/mine:predict", "/v1/models/mine/versions/1:predict"):  # a name that another tenant grants
        refused = keyed.send("POST", f"{path}?owner=acme", key, json={"instances": [[1]]})
        assert "of its own tenant" in problem(refused, 403)["detail"]


def test_a_key_limited_to_models_reads_no_dataset(keyed: Keyed, service: Services) -> None:
    body = {"model": "mine", "dataset": XOR, "training": {"epochs": 1}}
    assert keyed.send("POST", "/v1/jobs", keyed.admin, json=body).status_code == 202
    assert run_next_job(service, "test", lambda: False)
    key = keyed.key("read", "predict", models=["mine"])
    assert keyed.send("GET", "/v1/models/mine", key).status_code == 200
    for path in ("/v1/models/mine:evaluate", "/v1/models/mine/versions/1:evaluate", "/v1/models/mine/evaluate"):
        assert keyed.send("POST", path, keyed.admin, json={"dataset": "xor"}).status_code == 200
        refused = keyed.send("POST", path, key, json={"dataset": "xor"})
        assert "reads no datasets" in problem(refused, 403)["detail"]


def test_a_key_may_be_limited_to_pages(keyed: Keyed) -> None:
    key = keyed.key("predict", origins=["https://Example.org/"])
    path, body = "/v1/models/none:predict", {"instances": [[1]]}
    for origin in ("null", "https://evil.example", "http://example.org", "https://example.org.evil.example"):
        assert "CORS_ORIGINS" in problem(keyed.send("POST", path, key, {"Origin": origin}, json=body), 403)["detail"]
    for headers in ({}, {"Origin": "http://localhost"}):  # a program, and the page of this service itself
        assert (
            "limited to pages of https://example.org"
            in problem(keyed.send("POST", path, key, headers, json=body), 403)["detail"]
        )
    page = {"Origin": "https://example.org"}
    asked = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = keyed.send("OPTIONS", path, None, asked)
    assert preflight.status_code == 204 and preflight.headers["Access-Control-Allow-Origin"] == "https://example.org"
    answered = keyed.send("POST", path, key, page, json=body)
    problem(answered, 404)
    assert answered.headers["Access-Control-Allow-Origin"] == "https://example.org"
    problem(keyed.send("POST", path, None, page, json=body), 401)
    problem(keyed.send("GET", "/v1/jobs", key, page), 403)


def test_the_admin_of_another_tenant_is_not_the_operator(keyed: Keyed) -> None:
    assert keyed.send("POST", "/v1/tenants", keyed.admin, json={"name": "acme"}).status_code == 201
    acme = keyed.key("admin", tenant="acme")
    for path in ("/metrics", "/v1/workers", "/v1/tenants", "/v1/keys?tenant=default"):
        problem(keyed.send("GET", path, acme), 403)
        assert keyed.send("GET", path, keyed.admin).status_code == 200
    problem(keyed.send("POST", "/v1/keys", acme, json={"scopes": ["read"], "tenant": "default"}), 403)
    own = keyed.key("read", by=acme)
    assert [key["id"] for key in keyed.send("GET", "/v1/keys", acme).json["data"]] == [id_of(own), id_of(acme)]
    problem(keyed.send("GET", f"/v1/keys/{id_of(keyed.admin)}", acme), 404)
    problem(keyed.send("DELETE", f"/v1/keys/{id_of(keyed.admin)}", acme), 404)
    theirs = keyed.send("GET", "/v1/audit", acme).json["data"]
    assert {each["tenant"] for each in theirs} == {"acme"} and len(theirs) == 2
    assert {each["tenant"] for each in keyed.send("GET", "/v1/audit", keyed.admin).json["data"]} == {"acme", "default"}
    assert keyed.send("DELETE", "/v1/tenants/acme?purge=true", keyed.admin).status_code == 204
    problem(keyed.send("GET", "/v1/keys", acme), 401)


def test_metrics_have_a_token_of_their_own(settings: Settings) -> None:
    keyed = Keyed(replace(settings, metrics_token="prometheus"))
    assert keyed.send("GET", "/metrics", "prometheus").status_code == 200
    assert keyed.send("GET", "/metrics", keyed.admin).status_code == 200
    problem(keyed.send("GET", "/metrics", "prometheuS"), 401)
    problem(keyed.send("GET", "/metrics", keyed.key("read")), 403)
    problem(keyed.send("GET", "/v1/jobs", "prometheus"), 401)
    keyed.close()


def test_a_stream_ends_when_its_key_is_revoked(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "CHECK_SECONDS", 0.05)
    key = keyed.key("read")
    cookies = keyed.app.test_client()
    assert cookies.post("/v1/session", json={"key": key}).status_code == 200
    opened = [keyed.send("GET", "/v1/events?stream=1", key), cookies.get("/v1/events?stream=1")]
    blocks = [iter(stream.response) for stream in opened]
    assert all(next(each).startswith(b"retry:") for each in blocks)
    assert keyed.send("DELETE", f"/v1/keys/{id_of(key)}", keyed.admin).status_code == 204
    assert [list(each) for each in blocks] == [[], []]  # else they would go on for five minutes


def test_a_stream_without_a_key_ends_when_keys_begin_to_be_asked_for(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_streams, "CHECK_SECONDS", 0.05)
    blocks = iter(client.get("/v1/events?stream=1").response)
    assert next(blocks).startswith(b"retry:")
    assert client.post("/v1/keys", json={"scopes": ["admin"]}).status_code == 201
    assert list(blocks) == []


def test_a_wait_ends_when_its_key_is_revoked(keyed: Keyed, default: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keyed.key("read")
    job = keyed.send("POST", "/v1/jobs", keyed.admin, json={"dataset": XOR, "training": {"epochs": 1}}).json["id"]
    looked, look = [], waiting._status

    def revoking(services: Services, id: str) -> Status:
        looked.append(id)
        if len(looked) == 2:
            with default.database.begin() as connection:
                revoke(connection, str(id_of(key)))
            keyed.app.extensions["keyring"].changes.look_again()
        return look(services, id)

    monkeypatch.setattr(waiting, "_status", revoking)
    problem(keyed.send("GET", f"/v1/jobs/{job}?wait=60", key), 401)
    assert looked == [job, job]


def test_a_key_is_replaced_once_however_many_ask(keyed: Keyed) -> None:
    old = keyed.key("read")
    path, sent = f"/v1/keys/{id_of(old)}:rotate", {"Authorization": f"Bearer {keyed.admin}"}
    clients = [keyed.app.test_client() for _ in range(4)]
    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(lambda client: client.post(path, json={}, headers=sent), clients))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    new = next(answer.json for answer in answers if answer.status_code == 201)
    refused = problem(keyed.send("POST", path, keyed.admin), 409)["detail"]
    assert new["id"] in refused and new["expires_at"] is None
    listed = keyed.send("GET", "/v1/keys", keyed.admin).json["data"]
    assert [key["id"] for key in listed if key["revoked_at"] is None] == [new["id"], id_of(old), id_of(keyed.admin)]


def test_whether_a_body_may_come_is_answered_for_every_operation(keyed: Keyed) -> None:
    for path, methods in keyed.client.get("/openapi.json").json["paths"].items():
        for method, operation in methods.items():
            for key in (None, keyed.admin):
                admission = Admission()
                answer = keyed.send(
                    method,
                    path.replace("{", "").replace("}", ""),
                    key,
                    environ_overrides={ADMISSION: admission, "CONTENT_LENGTH": "70000"},
                    headers={"Content-Type": "application/json"},
                )
                assert answer.status_code < 500, (method, path, answer.text)
                if operation.get("security") == []:
                    assert admission.most_bytes is None, (method, path)  # strangers send little


def test_two_keys_live_at_once_while_one_replaces_the_other(keyed: Keyed, service: Services) -> None:
    old = keyed.key("read", name="probe", expires="30d")
    made = keyed.send("POST", f"/v1/keys/{id_of(old)}:rotate", keyed.admin, json={"overlap": "1h"})
    new = made.json
    assert made.status_code == 201 and new["replaces"] == id_of(old)
    assert (new["name"], new["scopes"]) == ("probe", ["read"]) and new["expires_at"] is not None
    for key in (old, new["key"]):
        assert keyed.send("GET", "/v1/jobs", key).status_code == 200
    ends = datetime.fromisoformat(keyed.send("GET", f"/v1/keys/{id_of(old)}", keyed.admin).json["expires_at"])
    assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=1)
    with service.database.begin() as connection:  # the hour has passed
        connection.execute(update(keys).where(keys.c.id == id_of(old)).values(expires_at=datetime.now(UTC)))
        changes.announce(connection, changes.ACCESS)
    keyed.app.extensions["keyring"].changes.look_again()
    problem(keyed.send("GET", "/v1/jobs", old), 401)
    assert keyed.send("GET", "/v1/jobs", new["key"]).status_code == 200
    assert "make a new one" in problem(keyed.send("POST", f"/v1/keys/{id_of(old)}:rotate", keyed.admin), 409)["detail"]


def test_what_may_not_be_made(keyed: Keyed) -> None:
    trainer = keyed.key("read", "predict", "train")
    assert "admin" in problem(keyed.send("POST", "/v1/keys", trainer, json={"scopes": ["read"]}), 403)["detail"]
    for body in ({"scopes": []}, {"scopes": ["write"]}, {"scopes": ["admin"], "models": ["a"]}, {}):
        problem(keyed.send("POST", "/v1/keys", keyed.admin, json=body), 422)
    refused = keyed.send("POST", "/v1/keys", keyed.admin, {"Idempotency-Key": "k"}, json={"scopes": ["read"]})
    assert "holds a secret" in problem(refused, 422)["detail"]
    problem(keyed.send("POST", "/v1/keys", keyed.admin, json={"scopes": ["read"], "tenant": "nobody"}), 404)
    problem(keyed.send("DELETE", "/v1/keys/000000000000", keyed.admin), 404)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Proto", "X-Real-IP"])
def test_a_forwarded_request_is_refused_until_there_is_a_key(client: FlaskClient, header: str) -> None:
    refused = problem(client.get("/v1/jobs", headers={header: "203.0.113.7"}), 403)
    assert "make a key" in refused["detail"] and "BACKPROP_AUTH=off" in refused["detail"]
    made = client.post("/v1/keys", json={"scopes": ["read"]}).json
    headers = {header: "203.0.113.7", "Authorization": f"Bearer {made['key']}"}
    assert client.get("/v1/jobs", headers=headers).status_code == 200


def test_off_never_asks_and_required_always_does(settings: Settings) -> None:
    for auth, host, status in (
        ("off", "127.0.0.1", 200),
        ("off", "0.0.0.0", 200),
        ("auto", "127.0.0.1", 200),
        ("auto", "0.0.0.0", 401),
        ("required", "127.0.0.1", 401),
    ):
        app = create_app(replace(settings, auth=auth, host=host))
        assert app.test_client().get("/v1/jobs").status_code == status, (auth, host)
        app.extensions["services"].database.dispose()
    app = create_app(replace(settings, auth="off"))
    client = app.test_client()
    assert client.post("/v1/keys", json={"scopes": ["read"]}).status_code == 201
    assert client.get("/v1/jobs", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 200
    app.extensions["services"].database.dispose()


def test_no_key_is_in_a_log_and_a_mistyped_one_is_told_from_a_wrong_one_there_alone(
    keyed: Keyed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = keyed.key("read")
    assert keyed.send("PUT", "/v1/datasets/d", key, json=XOR).status_code == 403
    swapped = key[:-2] + key[-1] + key[-2]
    wrong = keyed.send("GET", "/v1/jobs", swapped if swapped != key else key[:-1])
    other = keyed.send("GET", "/v1/jobs", keyed.key("read"), headers={"Authorization": "Basic eDp5"})
    assert wrong.status_code == other.status_code == 401 and wrong.json["detail"] == other.json["detail"]
    assert "mistyped" in caplog.text
    for text in (key, swapped, keyed.admin):
        assert text not in caplog.text and text[15:40] not in caplog.text


def test_when_a_key_was_last_used_is_written_for_many_uses_together(keyed: Keyed) -> None:
    key = keyed.key("read")
    for _ in range(3):
        keyed.send("GET", "/v1/jobs", key)
    path = f"/v1/keys/{id_of(key)}"
    assert keyed.send("GET", path, keyed.admin).json["last_used_at"] is None
    keyed.app.extensions["keyring"].last_use.write()
    used = datetime.fromisoformat(keyed.send("GET", path, keyed.admin).json["last_used_at"])
    assert abs(used - datetime.now(UTC)) < timedelta(minutes=1)
