"""`?after=`, `?until=` and `?points=` of epochs and layers: the range first, then as many of it as asked for."""

import csv
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import problem
from tests.integration.forked import classes

pytestmark = POSTGRESQL_IS_LONG

Train = Callable[..., dict[str, Any]]
Record = dict[str, Any]


@pytest.fixture
def where(train: Train) -> str:
    """The path of a job of 150 epochs whose curves go up and down."""
    training = {"epochs": 150, "seed": 5, "batch_size": 7, "validation": 0.3, "optimizer": "adam"}
    job = train({"dataset": classes(), "training": {**training, "schedule": {"type": "cosine"}}})
    return f"/v1/jobs/{job['id']}"


def read(client: FlaskClient, path: str) -> list[Record]:
    return list(client.get(path).json["data"])


def numbers(records: list[Record]) -> list[int]:
    return [record["epoch"] for record in records]


def series_of(records: list[Record]) -> dict[str, list[float]]:
    """Every drawn figure."""
    series: dict[str, list[float]] = {}
    for record in records:
        flat = {name: record[name] for name in ("training_loss", "validation_loss", "learning_rate")}
        flat |= {f"{part}_{name}": value for part, each in record["metrics"].items() for name, value in each.items()}
        for name, value in flat.items():
            series.setdefault(name, []).append(value)
    return series


def test_points_hold_the_extremes_of_every_series_in_the_range(client: FlaskClient, where: str) -> None:
    for query, first, last in (
        ("", 0, 150),
        ("after=20&", 21, 150),
        ("until=77&", 0, 77),
        ("after=20&until=77&", 21, 77),
    ):
        whole = read(client, f"{where}/epochs?{query}limit=1000")
        assert numbers(whole) == list(range(first, last + 1))
        drawn = series_of(whole)
        assert set(drawn) >= {"training_loss", "validation_loss", "training_accuracy", "validation_accuracy"}
        asked = f"{where}/epochs?{query}points=30" + "".join(f"&series={name}" for name in drawn)
        shown = read(client, asked)
        assert len(shown) <= 30 and (shown[0], shown[-1]) == (whole[0], whole[-1])
        assert all(record in whole for record in shown) and numbers(shown) == sorted(set(numbers(shown)))
        held = series_of(shown)
        for name, values in drawn.items():
            assert min(values) in held[name] and max(values) in held[name], name
        assert read(client, asked) == shown


def test_series_are_both_losses_unless_they_are_named(client: FlaskClient, where: str) -> None:
    both = read(client, f"{where}/epochs?points=9&series=training_loss&series=validation_loss")
    assert read(client, f"{where}/epochs?points=9") == both
    shown = series_of(read(client, f"{where}/epochs?points=4&series=validation_accuracy"))["validation_accuracy"]
    whole = series_of(read(client, f"{where}/epochs?limit=1000"))["validation_accuracy"]
    assert {min(whole), max(whole)} <= set(shown)


def test_a_series_that_the_job_does_not_have_is_named(client: FlaskClient, where: str) -> None:
    answer = client.get(f"{where}/epochs?points=9&series=training_mae")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "?series"
    assert "`training_mae` is not a series of this job; known are training_loss, " in answer.json["detail"]
    assert client.get(f"{where}/epochs?series=training_loss").status_code == 422


def test_few_points_are_the_first_and_the_last_then_the_training_loss(client: FlaskClient, where: str) -> None:
    whole = read(client, f"{where}/epochs?after=9&limit=1000")
    losses = series_of(whole)["training_loss"]
    assert numbers(read(client, f"{where}/epochs?after=9&points=2")) == [10, 150]
    shown = series_of(read(client, f"{where}/epochs?after=9&points=4"))["training_loss"]
    assert len(shown) <= 4 and {min(losses), max(losses)} <= set(shown)
    assert numbers(read(client, f"{where}/epochs?after=140&points=10")) == list(range(141, 151))
    assert read(client, f"{where}/epochs?after=150&points=10") == []
    assert read(client, f"{where}/epochs?after=50&until=50&points=10") == []


def test_until_ends_lists_and_lines(client: FlaskClient, where: str) -> None:
    page = client.get(f"{where}/epochs?after=3&until=9&limit=4")
    assert numbers(page.json["data"]) == [4, 5, 6, 7] and page.json["has_more"]
    following = client.get(page.headers["Link"].partition(">")[0].removeprefix("<"))
    assert numbers(following.json["data"]) == [8, 9] and not following.json["has_more"]
    lines = client.get(f"{where}/epochs?after=3&until=9&format=csv").text.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["epoch", "4", "5", "6", "7", "8", "9"]
    jsonl = client.get(f"{where}/epochs?until=2&format=jsonl").text.splitlines()
    assert [json.loads(line)["epoch"] for line in jsonl] == [0, 1, 2]
    for wrong in ("until=-1", "until=x", "points=1"):
        problem(client.get(f"{where}/epochs?{wrong}"), 422)


def test_points_are_given_as_lines_too(client: FlaskClient, where: str) -> None:
    shown = read(client, f"{where}/epochs?after=9&points=12&series=training_loss")
    query = f"{where}/epochs?after=9&points=12&series=training_loss"
    assert [json.loads(line) for line in client.get(f"{query}&format=jsonl").text.splitlines()] == shown
    header, *rows = csv.reader(client.get(f"{query}&format=csv").text.splitlines())
    assert [int(row[header.index("epoch")]) for row in rows] == numbers(shown)
    assert [float(row[header.index("training_loss")]) for row in rows] == [one["training_loss"] for one in shown]


def test_a_limit_that_would_have_no_effect_is_refused(client: FlaskClient, where: str) -> None:
    for query in ("epochs?format=csv&limit=5", "epochs?format=jsonl&limit=5", "events?stream=1&limit=5"):
        assert problem(client.get(f"{where}/{query}"), 422)["errors"][0]["pointer"] == "?limit"


def test_layers_take_the_range_first_too(client: FlaskClient, where: str) -> None:
    measured = numbers(read(client, f"{where}/layers?limit=1000"))
    between = [epoch for epoch in measured if 20 < epoch <= 77]
    assert numbers(read(client, f"{where}/layers?after=20&until=77&limit=1000")) == between
    shown = numbers(read(client, f"{where}/layers?after=20&until=77&points=5"))
    assert len(shown) <= 5 and (shown[0], shown[-1]) == (between[0], between[-1]) and set(shown) <= set(between)
