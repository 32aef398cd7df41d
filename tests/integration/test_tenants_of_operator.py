"""What the operator does with tenants: makes, lists and deletes them, and reads jobs and changes of one."""

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.services import Services
from service.store.tables import metadata
from tests.integration.tenants import acme, app, body, ids_of, other

__all__ = ("acme", "app", "other")  # fixtures


def files(service: Services) -> set[Path]:
    return {path for path in service.blobs.root.rglob("*") if path.is_file()}


def test_a_tenant_with_anything_is_deleted_by_a_purge_alone(
    app: Flask, acme: FlaskClient, other: FlaskClient, service: Services
) -> None:
    operator = app.test_client()
    for each in (operator, other):
        ids_of(each, service)
    left, before = files(service), everything(service)
    ids_of(acme, service)
    waiting = acme.post("/v1/jobs", json=body("acme-data", hold=True), headers={"Idempotency-Key": "x"}).json["id"]
    assert acme.post("/v1/jobs", json=body("acme-data")).status_code == 202
    answer = operator.delete("/v1/tenants/acme")
    assert answer.status_code == 409
    answer = operator.delete("/v1/tenants/acme?purge=false")
    assert answer.status_code == 409
    for job in acme.get("/v1/jobs?status=queued").json["data"]:
        acme.post(f"/v1/jobs/{job['id']}:cancel")
    acme.post(f"/v1/jobs/{waiting}:cancel")
    answer = operator.delete("/v1/tenants/acme")
    assert answer.status_code == 409
    assert "still has 3 jobs, 1 prediction, 1 dataset, 1 model, 1 network, 2 keys" in answer.json["detail"]
    assert acme.post("/v1/jobs", json=body("acme-data")).status_code == 202
    assert operator.delete("/v1/tenants/acme?purge=true").status_code == 204
    assert operator.get("/v1/tenants/acme").status_code == 404
    assert files(service) == left and everything(service) == before
    again = operator.post("/v1/tenants", json={"name": "acme"})
    assert again.status_code == 201 and again.headers["Location"] == "/v1/tenants/acme"
    assert acme.get("/v1/jobs").json["data"] == acme.get("/v1/models").json["data"] == []
    assert operator.delete("/v1/tenants/acme").status_code == 204


def everything(service: Services) -> dict[str, int]:
    """The number of rows of each table whose rows a tenant may have, or that refer to these."""
    with service.database.read() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    return {name: count for name, count in counts.items() if name not in ("tenants", "counters", "workers", "audit")}


def test_the_operator_lists_jobs_and_changes_of_a_tenant_by_name(
    app: Flask, acme: FlaskClient, other: FlaskClient, service: Services
) -> None:
    operator = app.test_client()
    for each in (operator, acme, other):
        ids_of(each, service)
    for path in ("/v1/jobs", "/v1/audit"):
        mine, theirs = (operator.get(f"{path}?tenant={name}").json["data"] for name in ("default", "acme"))
        ids = {each["id"] for each in theirs}
        assert ids and ids.isdisjoint(each["id"] for each in mine)
        assert ids == {each["id"] for each in acme.get(path).json["data"]}
        assert acme.get(f"{path}?tenant=acme").status_code == 200
        assert acme.get(f"{path}?tenant=default").status_code == acme.get(f"{path}?tenant=nobody").status_code == 403
        assert operator.get(f"{path}?tenant=nobody").status_code == 404


def test_the_operator_makes_lists_and_deletes_tenants(app: Flask, acme: FlaskClient) -> None:
    operator = app.test_client()
    assert operator.get("/v1/tenants/default").json["object"] == "tenant"
    assert [each["name"] for each in operator.get("/v1/tenants").json["data"]] == ["acme", "default"]
    first = operator.get("/v1/tenants?limit=1")
    assert [each["name"] for each in operator.get(first.headers["Link"][1:].partition(">")[0]).json["data"]] == [
        "default"
    ]
    assert operator.post("/v1/tenants", json={"name": "acme"}).status_code == 409
    for name in ("Acme", "", "a/b", "x" * 65, "-", 7):
        assert operator.post("/v1/tenants", json={"name": name}).status_code == 422, name
    refused = operator.delete("/v1/tenants/default?purge=true")
    assert refused.status_code == 409 and "it stays" in refused.json["detail"]
    assert operator.delete("/v1/tenants/nobody").status_code == 404
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/acme"), ("DELETE", "/acme"), ("GET", "/nobody")):
        answer = acme.open(f"/v1/tenants{path}", method=method, json={"name": "x"} if method == "POST" else None)
        assert answer.status_code == 403 and "only the operator" in answer.json["detail"], (method, path)
