"""What `auto` became when a job started holds for all its attempts, forks and replays, whatever the rule is by then."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.preprocessing.statistics import ColumnStatistics
from service.services import Services
from service.store.tables import jobs as jobs_table
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.forked import Ask, Job, asker, hashes_of, verdict_of
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

ROWS = [{"x": n, "y": 1000 + 50.5 * n} for n in range(20)]
BODY = {"dataset": {"name": "line", "rows": ROWS}, "training": {"epochs": 6, "seed": 3, "batch_size": 4}}


@pytest.fixture
def ask(client: FlaskClient, service: Services) -> Ask:
    return asker(client, service)


@pytest.fixture
def change_the_rule(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """From now on `auto` never scales anything."""

    def change() -> None:
        monkeypatch.setattr(ColumnStatistics, "lies_within", lambda *_, **__: True)

    return change


def fitted_of(job: Job) -> Any:
    return job["training"]["preprocessing"]


def test_the_changed_rule_would_change_the_bits(ask: Ask, change_the_rule: Any) -> None:
    before = ask("/v1/jobs", BODY)
    change_the_rule()
    after = ask("/v1/jobs", {**BODY, "dataset": "line"})
    assert before["chain"] != after["chain"] and fitted_of(after)["numbers"] == "none"


def test_later_attempts_go_on_with_what_was_fitted(
    client: FlaskClient, service: Services, ask: Ask, change_the_rule: Any
) -> None:
    whole = ask("/v1/jobs", BODY)
    held = client.post("/v1/jobs", json={**BODY, "dataset": "line", "hold": True}).json
    assert run_next_job(service, "test", lambda: False)
    path = f"/v1/jobs/{held['id']}"
    assert fitted_of(client.get(path).json) == fitted_of(whole)
    change_the_rule()
    assert client.post(f"{path}:step", json={"epochs": 2}).status_code == 202
    assert run_next_job(service, "test", lambda: False)
    assert client.post(f"{path}:resume").status_code == 202
    assert run_next_job(service, "test", lambda: False)
    job = client.get(path).json
    assert (job["status"], job["chain"]) == ("succeeded", whole["chain"])
    assert fitted_of(job) == fitted_of(whole)


def test_replays_and_forks_use_what_was_fitted(client: FlaskClient, ask: Ask, change_the_rule: Any) -> None:
    record = ask("/v1/jobs", BODY)
    change_the_rule()
    verdict = verdict_of(ask, record)
    assert verdict["identical"] and verdict["first_difference"] is None
    fork = ask(f"/v1/jobs/{record['id']}:fork", {"epoch": 3, "training": {"epochs": 3}})
    assert fitted_of(fork) == fitted_of(record)
    assert hashes_of(client, fork)[0] == hashes_of(client, record)[3]
    assert verdict_of(ask, fork)["identical"]


def test_a_job_that_begins_again_elsewhere_begins_with_what_was_fitted(
    client: FlaskClient, service: Services, ask: Ask, change_the_rule: Any
) -> None:
    whole = ask("/v1/jobs", BODY)
    held = client.post("/v1/jobs", json={**BODY, "dataset": "line", "hold": True, "on_other_machine": "restart"}).json
    assert run_next_job(service, "test", lambda: False)
    with service.database.begin() as connection:
        where = jobs_table.c.id == held["id"]
        connection.execute(update(jobs_table).where(where).values(fingerprint="numpy 0.1; core z80"))
    change_the_rule()
    assert client.post(f"/v1/jobs/{held['id']}:resume").status_code == 202
    assert run_next_job(service, "test", lambda: False)
    job = client.get(f"/v1/jobs/{held['id']}").json
    assert (job["status"], job["chain"]) == ("succeeded", whole["chain"])


def test_targets_of_a_queued_job_stay_as_they_were_resolved(client: FlaskClient, service: Services) -> None:
    """A job of an older release that has not started: its targets were values, and the rule would say classes now."""
    dataset = {"inputs": [[n] for n in range(20)], "targets": [n % 2 for n in range(20)]}
    job = client.post("/v1/jobs", json={"dataset": dataset, "training": {"epochs": 2, "loss": "quadratic"}}).json
    with service.database.begin() as connection:
        where = jobs_table.c.id == job["id"]
        connection.execute(update(jobs_table).where(where).values(targets={"outputs": 1, "labels": None}))
    assert run_next_job(service, "test", lambda: False)
    ended = client.get(f"/v1/jobs/{job['id']}").json
    assert ended["status"] == "succeeded", ended["error"]
    assert ended["targets"] == {"kind": "values", "classes": None, "because": None} and ended["warnings"] == []
