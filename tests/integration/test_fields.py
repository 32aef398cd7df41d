"""`?fields=`, and lists of jobs that read and show no more than a summary."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.services import Services
from service.store.jobs import jobs
from service.store.tenancy import DEFAULT_TENANT
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import SMALL, XOR, problem
from tests.integration.test_hot_paths import LARGE, recorded, selected

pytestmark = POSTGRESQL_IS_LONG

Train = Callable[..., dict[str, Any]]
LARGE_FIELDS = {"training", "confusion_matrix", "test", "columns", "targets", "decision", "warnings", "replay"}
THREE = {"metrics": ["accuracy", "f1", "precision"]}


def test_a_list_of_jobs_has_what_one_job_has_without_what_is_large(client: FlaskClient, train: Train) -> None:
    whole = [train({"dataset": XOR, "training": {**SMALL, **more}, "metadata": {"n": "1"}}) for more in ({}, THREE)]
    client.post("/v1/jobs", json={"dataset": XOR})
    queued, *ended = client.get("/v1/jobs").json["data"]
    assert queued["waiting"]["position"] == 1 and queued["latest"] is None
    for summary, job in zip(ended, whole[::-1], strict=True):
        assert not LARGE_FIELDS & summary.keys()
        assert summary.pop("links") == {"self": f"/v1/jobs/{job['id']}"}
        assert summary.pop("network") == {"name": job["network"]["name"]}
        assert summary == {name: job[name] for name in summary}
        assert client.get(f"/v1/jobs/{summary['id']}").json == job


def test_a_list_of_jobs_reads_the_columns_of_a_summary(client: FlaskClient, service: Services, train: Train) -> None:
    for _ in range(2):
        train({"dataset": XOR, "training": SMALL})
    with recorded(client.application.extensions["services"]) as statements:
        assert len(client.get("/v1/jobs").json["data"]) == 2
    assert len(statements) == 2  # the jobs, their newest epochs
    whole = [column for column in selected(statements[0]) if LARGE.search(column) and "(" not in column]
    assert not whole and "targets" not in statements[0]


def test_a_poll_for_the_status_takes_one_small_statement(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": XOR, "training": SMALL})
    with recorded(client.application.extensions["services"]) as statements:
        answer = client.get(f"/v1/jobs/{job['id']}?fields=status,progress").json
    assert answer == {"status": "succeeded", "progress": job["progress"]}
    assert len(statements) == 1 and "targets" not in statements[0]


@pytest.mark.parametrize(
    "fields", ["id,network,links", "training.optimizer", "latest.metrics", "progress.epoch,status"]
)
def test_fields_choose_from_one_job_and_from_each_of_a_list(client: FlaskClient, train: Train, fields: str) -> None:
    job = train({"dataset": XOR, "training": SMALL})
    one = client.get(f"/v1/jobs/{job['id']}?fields={fields}").json
    assert client.get(f"/v1/jobs?fields={fields}").json["data"] == [one]
    for path in fields.split(","):
        first, _, second = path.partition(".")
        assert one[first] == ({second: job[first][second]} if second else job[first])
    assert one.keys() == {path.partition(".")[0] for path in fields.split(",")}


def test_unknown_fields_are_refused_with_a_guess(client: FlaskClient) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    for fields, meant in (
        ("statu", "did you mean `status`"),
        ("progress.epcoh", "`progress.epcoh` is not known; did you mean `epoch`"),
        ("status.x", "`status.x` is not known"),
        ("a" * 3000, "is not known"),
        ("training" + ".a" * 3000, "more than 4 names"),
        (",", "names no field"),
    ):
        for path in (f"/v1/jobs/{job}", "/v1/jobs"):
            refused = problem(client.get(path, query_string={"fields": fields}), 422)
            assert meant in refused["detail"] and refused["errors"][0]["pointer"] == "?fields"
    whole_and_part = client.get(f"/v1/jobs/{job}?fields=progress.epoch&fields=progress").json
    assert whole_and_part["progress"].keys() > {"epoch"}


def test_datasets_and_models_have_fields_too(client: FlaskClient, train: Train) -> None:
    train({"dataset": XOR, "training": SMALL, "model": "m"})
    assert client.get("/v1/datasets/xor?fields=rows,columns.name").json == {
        "rows": 4,
        "columns": [{"name": name} for name in ("input_1", "input_2", "target")],
    }
    assert client.get("/v1/datasets?fields=name").json["data"] == [{"name": "xor"}]
    assert client.get("/v1/datasets/xor/versions?fields=version").json["data"] == [{"version": 1}]
    assert client.get("/v1/models/m?fields=latest,versions.epoch").json == {"latest": 1, "versions": [{"epoch": 3}]}
    assert client.get("/v1/models?fields=name").json["data"] == [{"name": "m"}]
    assert client.get("/v1/models/m/versions/1?fields=job,model").json.keys() == {"job", "model"}
    for path in ("/v1/datasets/xor", "/v1/datasets", "/v1/models/m", "/v1/models", "/v1/models/m/versions/1"):
        problem(client.get(f"{path}?fields=nothing"), 422)


@pytest.mark.parametrize("training", [{}, {"validation": {"dataset": "other"}, "test": {"fraction": 0.25}}])
def test_a_new_job_is_answered_as_it_is_read(client: FlaskClient, service: Services, training: dict[str, Any]) -> None:
    other = {**XOR, "name": "other", "inputs": [[0.5, 0], [1, 0.5]], "targets": [0, 1]}
    for _ in range(2):
        client.put("/v1/datasets/other", json={"inputs": [[1, 1], [0, 0]], "targets": [1, 0]})
        client.put("/v1/datasets/other", json={key: other[key] for key in ("inputs", "targets")})
    body = {"dataset": XOR, "training": {**SMALL, **training}, "metadata": {"a": "b"}, "hold": True, "priority": 3}
    made = client.post("/v1/jobs", json=body).json
    read = client.get(f"/v1/jobs/{made['id']}").json
    assert made["warnings"] and {**made, "warnings": []} == {**read, "warnings": []}
    with service.scoped(DEFAULT_TENANT).database.read() as connection:
        assert jobs.get_job(connection, made["id"]).pause_at == 0
