"""Operations without fields refuse what a body says to them, and do nothing then."""

import re

from flask.testing import FlaskClient

from service.app import RESOURCES
from tests.conftest import ON_SQLITE
from tests.integration.contract import XOR, problem

ROUTES = [route for module in RESOURCES for route in module.routes.routes]
BODILESS = [route for route in ROUTES if route.has_no_fields]


def test_the_operations_without_fields_are_those_that_read_no_body() -> None:
    assert {"/v1/jobs/{id}:cancel", "/v1/jobs/{id}:pause", "/v1/jobs/{id}:resume"} <= {each.path for each in BODILESS}
    assert all(route.method == "DELETE" or ":" in route.path for route in BODILESS)


@ON_SQLITE
def test_each_refuses_a_field_unless_something_else_is_wrong_before(client: FlaskClient) -> None:
    for route in BODILESS:
        path = re.sub(r"{\w+}", "1", route.path)
        answer = client.open(path, method=route.method, json={"epochs": 3})
        assert answer.status_code in (404, 422), (route.path, answer.text)
        if answer.status_code == 422:
            assert "`epochs` is not known" in problem(answer, 422)["detail"]


@ON_SQLITE
def test_what_a_body_says_to_a_command_is_refused_and_nothing_is_done(client: FlaskClient) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    cancel = f"/v1/jobs/{job}:cancel"
    refused = problem(client.post(cancel, json={"reason": "tired"}), 422)
    assert refused["errors"] == [{"pointer": "#/reason", "detail": "`reason` is not known"}]
    for body in ("stop", "[1]", "3", "x" * 70_000):
        status = 413 if len(body) > 65_536 else 422
        problem(client.post(cancel, data=body, content_type="application/json"), status)
    problem(client.post(cancel, json={"reason": 1}, headers={"Idempotency-Key": "a"}), 422)
    assert client.get(f"/v1/jobs/{job}").json["status"] == "queued"
    problem(client.post("/v1/jobs/nothing:cancel", json={"reason": 1}), 404)
    for empty in ({}, None):
        assert client.post(cancel, json=empty, headers={"Idempotency-Key": f"b{empty}"}).status_code in (200, 202), (
            empty
        )
    problem(client.post(f"/v1/jobs/{job}:pause", json={"reason": 1}), 409)
    problem(client.delete(f"/v1/jobs/{job}", json={"force": True}), 422)
    assert client.delete(f"/v1/jobs/{job}", data="{}").status_code == 204


@ON_SQLITE
def test_an_empty_body_is_answered_with_what_the_operation_takes(client: FlaskClient) -> None:
    for route in ROUTES:
        if route.method != "POST" or route.body is None or route.body_optional or "{" in route.path:
            continue
        answer = client.post(route.path)
        if answer.status_code in (400, 422) and not route.path.startswith("/v2"):
            detail = answer.json["detail"]
            assert "is empty" in detail and "JSON" in detail, (route.path, detail)
    assert '{"dataset": "iris"}' in client.post("/v1/jobs").json["detail"]
    assert "or JSON, such as" in client.post("/v1/datasets").json["detail"]
