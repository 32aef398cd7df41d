"""Which key may do what: every operation of the OpenAPI document, found by walking it."""

from collections.abc import Callable, Iterator

import pytest

from service.access.tokens import id_of, new_token
from service.config import Settings
from service.services import Services
from tests.integration.contract import SMALL, XOR, problem
from tests.integration.keyed import Keyed
from tests.integration.operations import Operation, operations_of
from workers.run.run import run_next_job

SCOPES = ("read", "predict", "train", "admin")
NEVER_ASK = {"/", "/healthz", "/readyz", "/openapi.json", "/problems", "/problems/{slug}", "/v1/session"}


@pytest.fixture
def keyed(settings: Settings) -> Iterator[Keyed]:
    made = Keyed(settings)
    yield made
    made.close()


@pytest.fixture
def operations(keyed: Keyed, service: Services) -> list[Operation]:
    """Every operation, its path filled in with what is there."""
    body = {"dataset": XOR, "network": {"name": "net", "hidden": [2]}, "training": SMALL, "model": "xor"}
    made = keyed.send("POST", "/v1/networks", keyed.admin, json={"name": "net", "hidden": [2]})
    assert made.status_code == 201, made.text
    job = keyed.send("POST", "/v1/jobs", keyed.admin, json={**body, "network": "net"}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    body = {"model": "xor", "dataset": "xor"}
    prediction = keyed.send("POST", "/v1/predictions", keyed.admin, json=body).json["id"]
    share = keyed.send("POST", f"/v1/jobs/{job}/shares", keyed.admin).json["id"]
    webhook = keyed.send("POST", "/v1/webhooks", keyed.admin, json={"url": "https://1.1.1.1/"}).json["id"]
    there = {
        "/v1/jobs": {"id": job, "epoch": "last", "other": "0", "share": share},
        "/v1/networks": {"name": "net"},
        "/v1/predictions": {"id": prediction},
        "/v1/datasets": {"name": "xor"},
        "/v1/models": {"name": "xor", "version": "1"},
        "/v2/models": {"name": "xor", "version": "1"},
        "/v2/repository": {"name": "xor"},
        "/v1/webhooks": {"id": webhook, "delivery": "msg_0"},
        "/v1/keys": {"id": id_of(keyed.key("read"))},
    }
    return operations_of(keyed.client.get("/openapi.json").json, there)


def test_every_operation_asks_for_a_key_and_for_its_scope(keyed: Keyed, operations: list[Operation]) -> None:
    without = {scope: keyed.key(*(other for other in SCOPES[:3] if other != scope)) for scope in SCOPES}
    only = {scope: keyed.key(scope) for scope in SCOPES}
    assert len(operations) > 50 and {each.scope for each in operations if each.scope} == set(SCOPES)
    assert {each.template for each in operations if each.is_open} <= NEVER_ASK | {
        each.template for each in operations if each.template.startswith(("/v2/health", "/metrics", "/docs"))
    }
    for each in operations:
        if each.is_open:
            continue
        for key in (None, new_token().text):
            refused = keyed.send(each.method, each.path, key)
            assert problem(refused, 401) and refused.headers["WWW-Authenticate"] == "Bearer"
        if each.scope is not None:
            refused = problem(keyed.send(each.method, each.path, without[each.scope]), 403)
            assert f"lacks the scope `{each.scope}`" in refused["detail"], each
    for each in operations:
        if each.scope is not None:
            answered = keyed.send(each.method, each.path, only[each.scope])
            assert answered.status_code not in (401, 403), (each, answered.text)


def test_what_is_not_there_is_404_before_the_scope_is_looked_at(keyed: Keyed) -> None:
    key = keyed.key("predict")
    for method, path in (
        ("GET", "/v1/jobs/job_0"),
        ("POST", "/v1/jobs/job_0:cancel"),
        ("DELETE", "/v1/networks/none"),
        ("GET", "/v1/datasets/none/rows"),
        ("DELETE", "/v1/models/none"),
    ):
        problem(keyed.send(method, path, key), 404)
    problem(keyed.send("PUT", "/v1/datasets/none", key, json=XOR), 403)


def test_what_is_the_operators_is_refused_to_the_admin_of_another_tenant(
    keyed: Keyed, operations: list[Operation]
) -> None:
    made = keyed.send("POST", "/v1/tenants", keyed.admin, json={"name": "school"})
    assert made.status_code == 201, made.text
    other = keyed.key("admin", tenant="school")
    of_tenants = [(each.method, each.path) for each in operations if each.template.startswith("/v1/tenants")]
    assert len(of_tenants) >= 4
    for method, path in (("GET", "/v1/workers"), ("GET", "/metrics"), *of_tenants):
        assert "operator" in problem(keyed.send(method, path, other), 403)["detail"], path
    for path in ("/v1/workers", "/metrics", "/v1/tenants"):
        assert keyed.send("GET", path, keyed.admin).status_code == 200, path


def test_a_token_reads_one_job_and_nothing_else(keyed: Keyed, operations: list[Operation], service: Services) -> None:
    job = next(each.path for each in operations if each.template == "/v1/jobs/{id}").rpartition("/")[2]
    other = keyed.send("POST", "/v1/jobs", keyed.admin, json={"dataset": "xor"}).json["id"]
    made = keyed.send("POST", f"/v1/jobs/{job}/shares", keyed.admin, json={"name": "for the seminar", "expires": "7d"})
    token = made.json["token"]
    reads = [each for each in operations if each.template.startswith("/v1/jobs/{id}") and each.scope == "read"]
    used = [each for each in reads if not each.template.endswith(":evaluate")]
    assert len(used) >= 10
    for each in used:
        answered = keyed.send(each.method, each.path, token)
        assert answered.status_code not in (401, 403, 404), (each, answered.text)
        problem(keyed.send(each.method, each.path.replace(job, other), token), 404)
    traced = keyed.send("POST", f"/v1/jobs/{job}/epochs/1:trace", token, json={"row": 0})
    assert traced.status_code == 200 and traced.json["loss"] >= 0
    for each in operations:
        if not each.is_open and each.scope is not None and each not in used:
            assert keyed.send(each.method, each.path, token).status_code == 403, each
    problem(keyed.send("GET", f"/v1/jobs/{job}?token={token}", None), 401)  # nothing is taken from the URL
    listed = keyed.send("GET", f"/v1/jobs/{job}/shares", keyed.admin).json["data"]
    assert listed[0]["name"] == "for the seminar" and "token" not in listed[0] and len(listed) == 2
    assert keyed.send("DELETE", made.headers["Location"], keyed.admin).status_code == 204
    problem(keyed.send("GET", f"/v1/jobs/{job}", token), 401)
    problem(keyed.send("DELETE", f"/v1/jobs/{job}/shares/{id_of(keyed.admin)}", keyed.admin), 404)
    problem(keyed.send("DELETE", f"/v1/jobs/{other}/shares/{made.json['id']}", keyed.admin), 404)


def test_deleting_a_job_ends_the_tokens_that_share_it(keyed: Keyed, train_keyed: Callable[[], str]) -> None:
    job = train_keyed()
    token = keyed.send("POST", f"/v1/jobs/{job}/shares", keyed.admin).json["token"]
    assert keyed.send("GET", f"/v1/jobs/{job}", token).status_code == 200
    assert keyed.send("DELETE", f"/v1/jobs/{job}", keyed.admin).status_code == 204
    assert keyed.send("GET", f"/v1/jobs/{job}", token).status_code in (401, 404)


@pytest.fixture
def train_keyed(keyed: Keyed, service: Services) -> Callable[[], str]:
    def run() -> str:
        job: str = keyed.send("POST", "/v1/jobs", keyed.admin, json={"dataset": XOR, "training": SMALL}).json["id"]
        assert run_next_job(service, "test", lambda: False)
        return job

    return run
