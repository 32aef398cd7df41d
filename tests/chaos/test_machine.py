"""Jobs in any order of commands, compared with a model: a short form. `make chaos` has the long one."""

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from chaos.machine import Ground, Jobs, run_machine
from service.config import Settings
from service.services import Services
from service.store.jobs import commands, jobs
from service.store.jobs.commands import CommandResult
from service.store.records import Status
from tests.conftest import Backends


@pytest.fixture
def settings(backends: Backends) -> Settings:
    given = Settings(data_dir=backends.data_dir, database_url=backends.database_url, queue_url=backends.queue_url)
    return replace(given, kernels="numpy")  # which trains batch by batch


def test_jobs_behave_as_their_model(client: FlaskClient, service: Services) -> None:
    assert run_machine(Ground.of(client, service), runs=8, steps=25, number=1) > 100


def test_the_machine_sees_what_goes_another_way_than_its_model(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause_whatever(connection: Any, job_id: str) -> CommandResult:
        return CommandResult(jobs.change(connection, jobs.get_job(connection, job_id), Status.PAUSED), True)

    class Spoilt(Jobs):
        ground = Ground.of(client, service)

    machine = Spoilt()
    machine.submit(hold=False, priority=0)
    machine.begin()
    machine.cancel(pick=0)
    machine.every_job_is_as_its_model()
    monkeypatch.setattr(commands, "pause", pause_whatever)
    with pytest.raises(AssertionError, match="pause: 202, expected 409"):
        machine.pause(pick=0)
    with pytest.raises(AssertionError, match="expected Expected"):
        machine.every_job_is_as_its_model()
    with pytest.raises(AssertionError, match="paused"):
        machine.teardown()
