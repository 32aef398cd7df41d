"""Workers that share a hostname and no process ids, as containers on the host's network do, leave each other alone."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.services import Services
from service.store.database import Database, clock
from service.store.jobs import crashes
from service.store.tables import jobs as jobs_table
from service.store.tables import workers as workers_table
from service.store.workers import report_alive
from tests.conftest import Backends
from tests.integration.queues import claim_job
from tests.integration.service import Service
from tests.integration.test_commands_in_service import long_job, running_at
from tests.waiting import wait_until
from workers.exit_codes import ExitCodes
from workers.housekeeping import Housekeeping
from workers.process_names import ProcessName, pid_namespace

UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


def ended_process() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def claim(client: FlaskClient, service: Services, process: ProcessName) -> str:
    answer = client.post("/v1/jobs", json={"dataset": {"inputs": [[0], [1]], "targets": [0, 1]}})
    with service.database.begin() as connection:
        report_alive(connection, str(process))
        job = claim_job(connection, str(process), 45.0)
    assert job is not None and answer.json["id"] == job.id
    return job.id


def status(client: FlaskClient, job: str) -> str:
    return str(client.get(f"/v1/jobs/{job}").json["status"])


@pytest.mark.parametrize("name_of_the_others", ["another namespace", "a version without namespaces"])
def test_processes_of_other_namespaces_are_not_looked_up_by_their_ids(
    client: FlaskClient, service: Services, name_of_the_others: str
) -> None:
    here, gone = pid_namespace(), ended_process()
    host = here.partition(":")[0]
    there = host if name_of_the_others == "a version without namespaces" else f"{host}:another"
    ours = claim(client, service, ProcessName(here, gone, gone))
    theirs = claim(client, service, ProcessName(there, gone, gone))
    Housekeeping(service, ProcessName(here, os.getppid(), os.getpid()), ExitCodes())._free_jobs_of_ended_processes()
    assert (status(client, ours), status(client, theirs)) == ("queued", "running")
    with service.database.begin() as connection:
        left = list(connection.execute(select(workers_table.c.id)).scalars())
        connection.execute(update(jobs_table).where(jobs_table.c.id == theirs).values(lease_until=clock(-1)))
        freed = crashes.free_expired(connection)
    assert left == [str(ProcessName(there, gone, gone))]
    assert [job.id for job in freed] == [theirs]


def has_namespaces() -> bool:
    """Whether this process may make PID namespaces: on Linux, as root or in a container that allows it."""
    if shutil.which(UNSHARE[0]) is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0


@pytest.fixture
def running(backends: Backends) -> Iterator[Service]:
    urls = {"BACKPROP_DATABASE_URL": backends.database_url, "BACKPROP_QUEUE_URL": backends.queue_url}
    with Service(backends.data_dir, BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1", **urls) as service:
        yield service


@pytest.mark.long
@pytest.mark.skipif(not has_namespaces(), reason="`unshare --pid` is missing or not permitted here")
def test_a_worker_in_a_namespace_of_its_own_leaves_the_jobs_of_others_alone(
    running: Service, backends: Backends
) -> None:
    job = running.post("/v1/jobs", long_job(epochs=1_000_000))["id"]
    running_at(running, job, 3)
    database = Database(backends.database_url)

    def reports(but: set[str]) -> dict[str, datetime]:
        with database.read() as connection:
            rows = connection.execute(select(workers_table.c.id, workers_table.c.seen_at))
            return {row.id: row.seen_at for row in rows if row.id not in but}

    before = set(reports(set()))
    log = running.log.with_name("namespace.log")
    with log.open("wb") as output:
        command = [*UNSHARE, sys.executable, "-m", "workers"]
        other = subprocess.Popen(command, env=running.environment, stdout=output, stderr=output)
    try:
        wait_until(lambda: reports(before), seconds=60, what=f"the report of a worker in its namespace, see {log}")
        first = reports(before)
        # it looks for processes that have ended each second, and reports every five
        wait_until(lambda: reports(before) != first, seconds=30, what="its next report")
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()
    database.dispose()
    now = running.get(f"/v1/jobs/{job}")
    assert (now["status"], now["attempt"]) == ("running", 1), log.read_text()
    assert running.send("POST", f"/v1/jobs/{job}:cancel")[0] == 202
