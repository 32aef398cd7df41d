"""Paths that clients take all the time read the columns they use: no parameters, networks or preprocessing."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, update

from service.services import Services
from service.store import model_removal, models
from service.store.epochs import epochs
from service.store.epochs.lookup import find_epoch
from service.store.tables import epochs as table

Train = Callable[..., dict[str, Any]]
LARGE = re.compile(r"\b(bytes|network|preprocessing|training|definition|columns)\b")
ROWS = {"instances": [[0.0, 1.0], [1.0, 1.0]]}
JOB = {
    "model": "m",
    "network": {"hidden": [4]},
    "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]},
    "training": {"epochs": 5, "seed": 1},
}


@contextmanager
def recorded(services: Services) -> Iterator[list[str]]:
    """The statements that a database runs meanwhile, without BEGIN and COMMIT."""
    statements: list[str] = []

    def record(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(services.database.engine, "before_cursor_execute", record)


def selected(statement: str) -> list[str]:
    """What a SELECT returns, by expression: the text before its FROM, split at commas outside parentheses."""
    text = " ".join(statement.split()).removeprefix("SELECT ")
    depth, part, parts = 0, "", []
    for character in text.split(" FROM ")[0]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return [*parts, part.strip()]


def assert_small(statements: list[str], most: int) -> None:
    assert 0 < len(statements) <= most, statements
    for statement in statements:
        assert statement.startswith("SELECT "), statement
        large = [column for column in selected(statement) if LARGE.search(column) and "(" not in column]
        assert not large, f"{large} in {statement}"


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/v1/models/m:predict", 0),
        ("/v1/models/m/versions/1:predict", 0),
        ("/v1/models/m:predict?epoch=3", 2),
        ("/v1/jobs/{id}/epochs/3:predict", 2),
        ("/v1/jobs/{id}/epochs/best:predict", 3),
    ],
)
def test_a_warm_prediction_reads_no_parameters_and_no_documents(
    client: FlaskClient, train: Train, path: str, most: int
) -> None:
    path = path.format(id=train(JOB)["id"])
    cold = client.post(path, json=ROWS)
    assert cold.status_code == 200, cold.text
    with recorded(client.application.extensions["services"]) as statements:
        assert client.post(path, json=ROWS).json == cold.json
    if most:
        assert_small(statements, most)
    else:
        assert not statements


def test_a_new_version_answers_the_next_request(client: FlaskClient, train: Train) -> None:
    train(JOB)
    assert client.post("/v1/models/m:predict", json=ROWS).json["version"] == 1
    train(JOB)
    assert client.post("/v1/models/m:predict", json=ROWS).json["version"] == 2
    client.delete("/v1/models/m")
    again = train({**JOB, "training": {"epochs": 2, "seed": 2}})
    answer = client.post("/v1/models/m:predict", json=ROWS).json
    by_epoch = client.post(f"/v1/jobs/{again['id']}/epochs/last:predict", json=ROWS).json
    assert answer["version"] == 1 and answer["predictions"] == by_epoch["predictions"]


def test_a_version_is_read_whole_while_its_model_is_deleted(
    client: FlaskClient, service: Services, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(JOB)
    whole = models.version_bytes

    def deleted_before(*args: Any) -> Any:
        with service.database.begin() as connection:
            model_removal.delete_model(connection, "m")
        return whole(*args)

    monkeypatch.setattr(models, "version_bytes", deleted_before)
    assert client.post("/v1/models/m:predict", json=ROWS).status_code == 200
    assert client.get("/v1/models/m").status_code == 404


def test_parameters_are_read_with_their_hash_while_they_are_computed_anew(
    client: FlaskClient, service: Services, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/jobs/{train(JOB)['id']}/epochs/3/parameters"
    before, whole = client.get(path).json, epochs._row_of

    def changed_before(*args: Any) -> Any:
        with service.database.begin() as connection:
            connection.execute(update(table).values(sha256=b"another machine's hash, 32 bytes" * 6))
        return whole(*args)

    monkeypatch.setattr(epochs, "_row_of", changed_before)
    assert client.get(path).json == before


def test_a_submission_and_the_reading_of_a_queued_job_take_few_statements(client: FlaskClient) -> None:
    client.post("/v1/datasets", json={"name": "xor", **JOB["dataset"]})
    body = {**JOB, "dataset": "xor"}
    path = client.post("/v1/jobs", json=body).headers["Location"]
    with recorded(client.application.extensions["services"]) as statements:
        assert client.post("/v1/jobs", json=body).json["waiting"]["position"] == 2
    assert len(statements) <= 11, statements  # one of them asks which webhooks want the event
    assert sum(statement.startswith("INSERT INTO jobs") for statement in statements) == 1
    with recorded(client.application.extensions["services"]) as statements:
        assert client.get(path).json["waiting"]["position"] == 1
    assert 0 < len(statements) <= 3, statements
    with recorded(client.application.extensions["services"]) as statements:
        assert len(client.get("/v1/jobs").json["data"]) == 2
    assert 0 < len(statements) <= 3, statements


def test_a_list_of_models_takes_three_queries_whatever_it_holds(client: FlaskClient, train: Train) -> None:
    for name, versions in (("a", 2), ("b", 1), ("c", 3)):
        for _ in range(versions):
            train({**JOB, "model": name})
    with recorded(client.application.extensions["services"]) as statements:
        listed = client.get("/v1/models").json["data"]
    assert_small(statements, 3)  # names, versions, aliases
    assert [(model["name"], model["latest"]) for model in listed] == [("c", 3), ("b", 1), ("a", 2)]
    alone = [client.get(f"/v1/models/{name}").json for name in "cba"]
    of_one = {"inputs", "outputs", "model_version_status"}
    assert listed == [{key: model[key] for key in model.keys() - of_one} for model in alone]
    assert all(client.post(f"/v1/models/{each['name']}:predict", json=each["example"]).json for each in listed)


def test_one_version_is_read_without_its_parameters(client: FlaskClient, train: Train) -> None:
    train(JOB)
    with recorded(client.application.extensions["services"]) as statements:
        assert client.get("/v1/models/m/versions/1").json["epoch"] == 5
    assert len(statements) == 2  # the version, its aliases
    assert not any(re.search(r"\bbytes\b", statement) for statement in statements)


def test_finding_an_epoch_reads_neither_parameters_nor_the_job(service: Services, train: Train) -> None:
    job = train(JOB)
    for epoch, number in (("0", 0), ("3", 3), ("last", 5), ("best", job["best_epoch"])):
        with recorded(service) as statements, service.database.read() as connection:
            assert find_epoch(connection, job["id"], epoch).epoch == number
        assert_small(statements, 3)
