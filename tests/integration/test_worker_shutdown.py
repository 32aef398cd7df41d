"""A worker that shuts down gives its job back once, and no other process of it takes the job again."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.config import Settings
from service.services import Services
from service.store.tables import jobs as table
from tests.integration.forked import classes
from tests.waiting import wait_until

pytestmark = pytest.mark.long


def row_of(service: Services, job: str) -> Any:
    columns = (table.c.status, table.c.attempt, table.c.lost_attempts, table.c.deaths, table.c.worker, table.c.epoch)
    with service.database.read() as connection:
        return connection.execute(select(*columns).where(table.c.id == job)).one()


def test_a_job_that_is_put_back_is_not_taken_by_a_replacement_of_the_child_that_had_it(
    client: FlaskClient, service: Services, settings: Settings, tmp_path: Path
) -> None:
    training = {"epochs": 10_000_000, "batch_size": 4, "seed": 1, "store_parameters": {"every": 1_000_000}}
    job = str(client.post("/v1/jobs", json={"dataset": classes(2000), "training": training}).json["id"])
    given = {
        "BACKPROP_DATABASE_URL": str(settings.database_url),
        "BACKPROP_QUEUE_URL": f"filesystem://{tmp_path / 'queue'}",
        "BACKPROP_DATA_DIR": str(settings.data_dir),
        "BACKPROP_WORKERS": "1",
        "BACKPROP_KERNELS": "numpy",
        "BACKPROP_LOOK_SECONDS": "0.2",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BACKPROP_")}
    with subprocess.Popen([sys.executable, "-m", "workers"], env={**inherited, **given}) as worker:
        try:
            wait_until(lambda: (row_of(service, job).epoch or 0) > 0, seconds=60, what="an epoch")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
        finally:
            worker.kill()
    row = row_of(service, job)
    assert (row.status, row.attempt, row.lost_attempts, row.deaths, row.worker) == ("queued", 1, 0, 0, None)
