"""Forks and replays in a real service whose processes are killed: on embedded parts and on PostgreSQL with Redis."""

import os
import signal
from typing import Any

import pytest

from tests.integration.service import Service
from tests.integration.test_commands_in_service import LONG, epochs_of, finish, long_job, running_at, service
from tests.waiting import wait_until

pytestmark = pytest.mark.long

__all__ = ["service"]
FROM = 20


def kill_while_it_trains(service: Service, job: str) -> None:
    """Kill whoever trains, once some epochs are stored, and wait until a second attempt has started."""
    running_at(service, job, 5)
    for child in service.training_processes():
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: service.get(f"/v1/jobs/{job}")["attempt"] == 2, seconds=60, what="a second attempt")


def hashes_of(service: Service, job: str) -> list[str]:
    return [epoch["sha256"] for epoch in epochs_of(service, job)]


def test_a_fork_and_a_replay_survive_kills(service: Service) -> None:
    body: dict[str, Any] = long_job(epochs=LONG)
    body["training"]["store_parameters"] = {"every": FROM, "optimizer_state": True}
    parent = finish(service, service.post("/v1/jobs", body)["id"])
    change = {"epoch": FROM, "training": {"epochs": LONG - FROM}}
    fork = service.post(f"/v1/jobs/{parent['id']}:fork", change)["id"]
    kill_while_it_trains(service, fork)
    forked = finish(service, fork)
    assert forked["forked_from"]["optimizer_state"] == "stored" and forked["attempt"] >= 2
    assert hashes_of(service, fork) == hashes_of(service, parent["id"])[FROM:]

    replay = service.post(f"/v1/jobs/{fork}:replay", {})["id"]
    kill_while_it_trains(service, replay)
    replayed = finish(service, replay)
    assert replayed["replay"]["identical"] is True, replayed["replay"]
    assert replayed["chain"] == forked["chain"] and replayed["model"]["version"] is None
