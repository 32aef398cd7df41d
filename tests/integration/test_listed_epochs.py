"""`?best`, `?at_epoch=` and `?curve=` of a list of jobs: what it has of their epochs, read by one statement each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.services import Services
from service.store.epochs import epochs, runs
from service.store.tables import jobs
from service.store.tenancy import DEFAULT_TENANT
from tests.integration.contract import SMALL, XOR, problem
from tests.integration.test_hot_paths import recorded

Train = Callable[..., dict[str, Any]]
ASKED = "best&at_epoch=2&curve=5"
THREE = {"metrics": ["accuracy", "f1", "precision"]}
LONG = 100_000


def listed(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/jobs?{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json["data"])


def records_of(client: FlaskClient, job: str) -> list[dict[str, Any]]:
    return list(client.get(f"/v1/jobs/{job}/epochs?limit=1000").json["data"])


def long_job(client: FlaskClient, service: Services, last: int, rows: int) -> dict[int, float]:
    """Make a job with epochs 0 to `last` in so many rows; return its losses, of which that of epoch 0 is not finite."""
    made = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    losses = np.random.default_rng(last).random(last + 1)
    losses[0] = np.nan
    flags, digests = np.zeros(last + 1, np.bool_), np.zeros((last + 1, 32), np.uint8)
    whole = runs.RunRecord(0, losses, None, {}, {}, losses, losses, flags, digests)
    with service.scoped(DEFAULT_TENANT).database.begin() as connection:
        number = connection.execute(select(jobs.c.number).where(jobs.c.id == made)).scalar_one()
        for place in range(rows):
            begin, end = (at * (last + 1) // rows for at in (place, place + 1))
            epochs.add_epochs(connection, number, [runs.cut(whole, begin, end)])
        connection.execute(update(jobs).where(jobs.c.number == number).values(epoch=last, best_epoch=last // 2))
    return dict(enumerate(losses.tolist()))


def test_a_list_has_the_epochs_that_are_asked_for(client: FlaskClient, train: Train) -> None:
    validated = {"validation": 0.5, "epochs": 40}
    for training in ({}, THREE, validated, {"epochs": 1}):
        train({"dataset": XOR, "training": {**SMALL, **training}})
    client.post("/v1/jobs", json={"dataset": XOR})
    queued, *trained = listed(client, ASKED)
    assert (queued["best"], queued["at_epoch"], queued["curve"]) == (None, None, [])
    for job in trained:
        records = records_of(client, job["id"])
        assert job["best"] == records[job["best_epoch"]]
        assert job["at_epoch"] == (records[2] if len(records) > 2 else None)
        loss = "training_loss" if records[0]["validation_loss"] is None else "validation_loss"
        last = len(records) - 1
        wanted = [place * last // 4 for place in range(5)] if last > 4 else range(last + 1)
        assert job["curve"] == [[epoch, records[epoch][loss]] for epoch in wanted]
    assert [len(job["curve"]) for job in trained] == [2, 5, 4, 4]
    assert listed(client, ASKED) == [queued, *trained]
    plain = listed(client, "")
    assert plain == [
        {name: job[name] for name in job.keys() - {"best", "at_epoch", "curve"}} for job in [queued, *trained]
    ]


@pytest.mark.parametrize(("last", "rows"), [(LONG, 11), (5000, 5001), (99, 7), (0, 1)])
def test_a_curve_is_of_equal_distances_however_epochs_are_stored(
    client: FlaskClient, service: Services, last: int, rows: int
) -> None:
    losses = long_job(client, service, last, rows)
    for points in (2, 24, 100):
        [job] = listed(client, f"curve={points}&at_epoch={last}")
        at = [place * last // (points - 1) for place in range(points)] if last >= points else list(range(last + 1))
        assert [epoch for epoch, _ in job["curve"]] == at
        assert [loss for _, loss in job["curve"]] == [None if epoch == 0 else losses[epoch] for epoch in at]
        assert job["at_epoch"]["epoch"] == last


def test_each_is_one_statement_for_all_jobs(client: FlaskClient, service: Services, train: Train) -> None:
    for _ in range(2):
        long_job(client, service, 300, 30)
    services = client.application.extensions["services"]
    for number in range(1, 3):
        train({"dataset": XOR, "training": SMALL, "priority": 1})
        for query, most in (
            ("fields=id", 1),
            ("fields=id&best", 2),
            ("fields=id&at_epoch=1", 2),
            ("fields=id&curve=9", 2),
        ):
            with recorded(services) as statements:
                assert len(listed(client, query)) == 2 + number
            assert len(statements) == most, statements
    train({"dataset": XOR, "training": {**SMALL, **THREE}, "priority": 1})
    train({"dataset": XOR, "training": {**SMALL, **THREE}, "priority": 1})
    with recorded(services) as statements:
        assert len(listed(client, "fields=latest")) == 6
    assert len(statements) == 3, statements  # one more for the jobs of many metrics


def test_fields_choose_within_what_is_asked_for(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": XOR, "training": SMALL})
    records = records_of(client, job["id"])
    best = {"epoch": job["best_epoch"]}
    loss = {"training_loss": records[1]["training_loss"]}
    curve = [[record["epoch"], record["training_loss"]] for record in records]
    for query, expected in (
        ("fields=best.epoch", {"best": best}),
        ("fields=id,at_epoch.training_loss&at_epoch=1", {"id": job["id"], "at_epoch": loss}),
        ("fields=id&curve=24", {"id": job["id"], "curve": curve}),
        ("fields=curve,training.epochs&curve=24", {"training": {"epochs": 3}, "curve": curve}),
        ("fields=id&best=false", {"id": job["id"]}),
    ):
        assert listed(client, query) == [expected], query


def test_what_cannot_be_asked_for_is_refused(client: FlaskClient) -> None:
    for query, pointer in (
        ("at_epoch=-1", "?at_epoch"),
        ("at_epoch=best", "?at_epoch"),
        ("at_epoch=1&at_epoch=2", "?at_epoch"),
        ("curve=1", "?curve"),
        ("curve", "?curve"),
        ("best=3", "?best"),
        ("fields=curve", "?fields"),
        ("fields=id,at_epoch.epoch", "?fields"),
        ("fields=curve.x&curve=3", "?fields"),
    ):
        assert problem(client.get(f"/v1/jobs?{query}"), 422)["errors"][0]["pointer"] == pointer, query
    job = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    problem(client.get(f"/v1/jobs/{job}?fields=best"), 422)
    assert listed(client, "at_epoch=999999999999&curve=5000&fields=id") == [{"id": job, "at_epoch": None, "curve": []}]
