"""The record of changes: every operation that changes something leaves one, in the transaction of the change."""

from collections.abc import Iterator
from typing import Any

import pytest

from service.access.pruning import prune
from service.access.tokens import id_of
from service.config import Settings
from service.services import Services
from tests.integration.contract import SMALL, XOR, problem
from tests.integration.keyed import Keyed


@pytest.fixture
def keyed(settings: Settings) -> Iterator[Keyed]:
    made = Keyed(settings)
    yield made
    made.close()


def changes(keyed: Keyed, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = keyed.send("GET", f"/v1/audit{query}", keyed.admin).json["data"]
    return found


def test_who_did_what_to_what_newest_first(keyed: Keyed) -> None:
    key = keyed.key("read", "train", name="pipeline")
    steps = [
        ("POST", "/v1/networks", {"hidden": [3]}),
        ("PUT", "/v1/datasets/xor", XOR),
        ("POST", "/v1/jobs", {"dataset": "xor", "training": SMALL}),
    ]
    made = [keyed.send(method, path, key, json=body) for method, path, body in steps]
    job = made[2].headers["Location"]
    made += [keyed.send("POST", f"{job}:cancel", key), keyed.send("DELETE", job, key)]
    found = changes(keyed, f"?key={id_of(key)}")[::-1]
    assert [(each["action"], each["resource"]) for each in found] == [
        ("create_network", made[0].headers["Location"]),
        ("put_dataset", "/v1/datasets/xor"),
        ("create_job", job),
        ("cancel_job", job),
        ("delete_job", job),
    ]
    assert [each["request_id"] for each in found] == [answer.headers["X-Request-Id"] for answer in made]
    assert {each["key"] for each in found} == {id_of(key)} and {each["tenant"] for each in found} == {"default"}
    page = keyed.send("GET", "/v1/audit?limit=2", keyed.admin).json
    assert page["has_more"] and len(page["data"]) == 2
    rest = changes(keyed, f"?after={page['last_id']}")
    assert rest[0]["id"] < page["data"][-1]["id"]


def test_what_changed_nothing_is_not_recorded(keyed: Keyed) -> None:
    before = changes(keyed)
    problem(keyed.send("DELETE", "/v1/networks/none", keyed.admin), 404)
    problem(keyed.send("POST", "/v1/jobs", keyed.admin, json={"dataset": "none"}), 422)
    problem(keyed.send("POST", "/v1/keys", keyed.admin, json={"scopes": []}), 422)
    keyed.send("GET", "/v1/jobs", keyed.admin)
    assert changes(keyed) == before


def test_no_key_row_or_parameter_is_recorded(keyed: Keyed) -> None:
    key = keyed.key("read", "train")
    keyed.send("PUT", "/v1/datasets/d", key, json={"name": "d", "inputs": [[0.123456]], "targets": [0.654321]})
    keyed.client.post("/v1/session", json={"key": key})
    text = str(changes(keyed))
    assert "begin_session" in text and "put_dataset" in text
    for secret in (key, key[15:], keyed.admin[15:], "123456", "654321"):
        assert secret not in text


def test_the_record_does_not_grow_for_ever(keyed: Keyed, service: Services) -> None:
    assert changes(keyed)
    prune(service)
    assert changes(keyed)
    object.__setattr__(service.settings, "keep_audit_seconds", 0.0)
    prune(service)
    assert changes(keyed) == []
