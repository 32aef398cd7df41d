"""Weights of rows and classes, shares of classes and other datasets as validation: refusals and reports."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import SMALL, problem
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

ROWS = [{"a": n / 20, "w": 1 + n % 3, "y": "ham" if n % 4 else "spam"} for n in range(20)]
WEIGHED = {"rows": ROWS, "target": "y", "weight": "w"}
PLAIN = {"rows": [{"a": row["a"], "y": row["y"]} for row in ROWS]}
VALUES = {"inputs": [[0.1], [0.2]], "targets": [0.5, 1.5]}


def refused(client: FlaskClient, dataset: Any, training: Any) -> tuple[str, str]:
    """Pointer and detail of the one fault."""
    body = problem(client.post("/v1/jobs", json={"dataset": dataset, "training": training}), 422)
    fault = body["errors"][0]
    return fault["pointer"], fault["detail"]


def with_weight(value: Any, row: int = 0) -> dict[str, Any]:
    return {**WEIGHED, "rows": [{**given, "w": value} if n == row else given for n, given in enumerate(ROWS)]}


def test_weights_of_classes_that_are_wrong(client: FlaskClient) -> None:
    for choice, where, says in (
        ({"hma": 1}, "/hma", "did you mean `ham`?"),
        ({"ham": 0, "spam": 0}, "", "must be above 0 for some class"),
        ({"ham": -1}, "/ham", "must be at least 0, got -1"),
        ({"ham": True}, "/ham", "must be a number"),
        ({"ham": None}, "/ham", "must be a number, got null"),
        ("even", "", "balanced"),
        (5, "", ""),
    ):
        pointer, detail = refused(client, PLAIN, {"class_weights": choice})
        assert (pointer, says in detail) == (f"#/training/class_weights{where}", True), detail
    pointer, detail = refused(client, VALUES, {"class_weights": "balanced"})
    assert pointer == "#/training/class_weights" and "targets are values" in detail


def test_weights_of_rows_that_are_wrong(client: FlaskClient) -> None:
    for dataset, training, says in (
        (with_weight(-1), {}, "column `w` holds -1, but a weight must be at least 0"),
        (with_weight(None), {}, "column `w` has 1 missing values"),
        (with_weight(None), {"preprocessing": {"missing": "mean"}}, "column `w` has 1 missing values"),
        ({**WEIGHED, "rows": [{**row, "w": 0} for row in ROWS]}, {}, "column `w` holds 0 at most"),
    ):
        pointer, detail = refused(client, dataset, training)
        assert pointer == "#/dataset" and detail.startswith(says)
    problem(client.post("/v1/datasets", json=with_weight("heavy")), 422)


def test_shares_of_classes_that_are_wrong(client: FlaskClient) -> None:
    where = "#/training/validation/stratify"
    assert refused(client, VALUES, {"validation": {"fraction": 0.5, "stratify": True}})[0] == where
    assert refused(client, PLAIN, {"validation": {"rows": [0, 5], "stratify": True}})[0] == where
    assert refused(client, PLAIN, {"validation": {"fraction": 0.5, "stratify": "yes"}})[0] == where


def test_what_weights_became_is_told_once_the_job_has_begun(
    client: FlaskClient, train: Callable[..., dict[str, Any]], service: Services
) -> None:
    training = {**SMALL, "class_weights": "balanced"}
    waiting = client.post("/v1/jobs", json={"dataset": PLAIN, "training": training}).json
    assert waiting["training"]["class_weights"] == "balanced"
    assert run_next_job(service, "test", lambda: False)
    started = client.get(f"/v1/jobs/{waiting['id']}").json
    assert started["training"]["class_weights"] == {"ham": 20 / 30, "spam": 2.0}
    named = train({"dataset": PLAIN, "training": {**SMALL, "class_weights": {"spam": 3}}})
    assert named["training"]["class_weights"] == {"ham": 1.0, "spam": 3.0}
    assert train({"dataset": WEIGHED, "training": SMALL})["training"]["class_weights"] is None


def test_what_statistics_cannot_tell_of_weights_fails_the_job(client: FlaskClient, service: Services) -> None:
    for value in (-1, None):
        training = {**SMALL, "rows": [5, 20]}
        fine = client.post("/v1/jobs", json={"dataset": with_weight(value), "training": training}).json
        wrong = client.post("/v1/jobs", json={"dataset": with_weight(value, 7), "training": training}).json
        assert run_next_job(service, "test", lambda: False) and run_next_job(service, "test", lambda: False)
        assert client.get(f"/v1/jobs/{fine['id']}").json["status"] == "succeeded"
        ended = client.get(f"/v1/jobs/{wrong['id']}").json
        assert ended["status"] == "failed" and ended["error"]["detail"].startswith("column `w`, row 8: ")


def test_a_share_of_classes_is_told(train: Callable[..., dict[str, Any]]) -> None:
    job = train({"dataset": PLAIN, "training": {**SMALL, "validation": 0.2}})
    assert job["training"]["validation"] == {"fraction": 0.2, "stratify": True}


def test_another_dataset_validates_whatever_order_its_categories_have(
    client: FlaskClient, train: Callable[..., dict[str, Any]]
) -> None:
    kinds = {"red": "warm", "blue": "cold", "amber": "warm"}
    mine = [{"c": colour, "y": kinds[colour]} for colour in ("red", "blue", "amber") * 4]
    client.post("/v1/datasets", json={"name": "mine", "rows": mine})
    # all of it in `mine`, but coded otherwise: red is 0 here and 2 there
    client.post("/v1/datasets", json={"name": "theirs", "rows": [{"c": "red", "y": "warm"}] * 3})
    training = {"epochs": 60, "seed": 1, "validation": {"dataset": "theirs"}}
    job = train({"dataset": "mine", "training": training})
    assert job["latest"]["metrics"]["validation"]["accuracy"] == 1.0 and job["latest"]["validation_loss"] < 0.1
    for name, colour, says in (("odd", "green", "unknown category"), ("gap", None, "missing values")):
        client.post("/v1/datasets", json={"name": name, "rows": [{"c": colour, "y": "warm"}, mine[0]]})
        pointer, detail = refused(client, "mine", {"validation": {"dataset": name}})
        assert pointer == "#/training/validation/dataset" and says in detail


def test_a_value_missing_where_it_would_validate_is_named(client: FlaskClient, service: Services) -> None:
    rows = [*PLAIN["rows"], {"a": None, "y": "ham"}, {"a": 1.0, "y": None}]
    for validated, column, row in (([20, 21], "a", 21), ([21, 22], "y", 22)):
        training = {**SMALL, "rows": [0, 20], "validation": {"rows": validated}}
        job = client.post("/v1/jobs", json={"dataset": {"rows": rows}, "training": training}).json
        assert run_next_job(service, "test", lambda: False)
        error = client.get(f"/v1/jobs/{job['id']}").json["error"]
        assert error["detail"].startswith(f"column `{column}`, row {row}: is missing"), error
