"""A disk that fills up: running jobs wait for space, commands work, and what comes of it is as if it had been empty."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.access.tokens import id_of
from service.app import create_app
from service.config import Settings
from service.errors import OutOfSpace
from service.services import Services, open_services
from service.store import shrinking
from service.store import space as spaces
from service.store.database import Database
from service.store.migrate import migrate
from tests.conftest import ON_SQLITE, POSTGRESQL_IS_LONG, Backends
from tests.integration.contract import XOR, problem
from tests.integration.service import Service
from tests.small_disk import MIB, fill, fill_files, small_disk
from tests.waiting import wait_until
from workers.run.run import run_next_job

DISK_MB = 112
KEEP = 16 * MIB
ALMOST = 36 * MIB
NETWORK = {"layers": [{"type": "dense", "units": 100}, {"type": "dense", "units": 1}]}
TRAINING = {"epochs": 1500, "seed": 1, "batch_size": 4, "store_parameters": {"every": 50}}


class Machine:
    """A service on a small disk, with one worker in this process."""

    def __init__(self, disk: Path, backends: Backends) -> None:
        self.disk, self.data_dir = disk, disk / "data"
        self.data_dir.mkdir()
        is_sqlite = backends.database_url.startswith("sqlite")
        self.settings = Settings(
            data_dir=self.data_dir,
            database_url="" if is_sqlite else backends.database_url,
            queue_url=backends.queue_url,
            keep_free_bytes=KEEP,
            kernels="numpy",  # which asks before each batch whether to stop
        )
        self.services: Services = open_services(self.settings)
        migrate(self.services.database)
        self.services.space.keep_reserve()
        app = create_app(self.settings)
        self.client: FlaskClient = app.test_client()
        self.app_services: Services = app.extensions["services"]
        assert self.client.post("/v1/datasets", json=XOR).status_code == 201

    def post(self, **more: Any) -> str:
        body = {"dataset": "xor", "network": NETWORK, "training": TRAINING, **more}
        answer = self.client.post("/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])

    def key(self) -> str:
        """Make two keys: one that all requests carry from now on, and the one that is returned."""
        mine = self.client.post("/v1/keys", json={"scopes": ["admin"]}).json["key"]
        self.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {mine}"
        return str(self.client.post("/v1/keys", json={"scopes": ["admin"]}).json["key"])

    def job(self, job: str) -> dict[str, Any]:
        return dict(self.client.get(f"/v1/jobs/{job}").json)

    def work(self, should_stop: Callable[[], bool] = lambda: False) -> bool:
        return run_next_job(self.services, "test", should_stop)

    @contextmanager
    def working(self, job: str) -> Iterator[None]:
        """Train slowly in a thread, from when the job has stored epochs; the block ends when it stopped or ended."""
        thread = threading.Thread(target=self.work, args=(slowly,))
        thread.start()
        try:
            wait_until(lambda: self.job(job)["progress"]["epoch"] > 0, seconds=60, what="a first epoch")
            yield
        finally:
            thread.join(60)
            assert not thread.is_alive()

    def close(self) -> None:
        self.services.database.dispose()
        self.app_services.database.dispose()


@pytest.fixture
def machine(backends: Backends, tmp_path: Path) -> Iterator[Machine]:
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        machine = Machine(disk, backends)
        yield machine
        machine.close()


def slowly() -> bool:
    """Let training take longer than filling the disk: it asks this before each batch."""
    threading.Event().wait(0.003)
    return False


def epochs_of(machine: Machine, job: str) -> Any:
    listed = machine.client.get(f"/v1/jobs/{job}/epochs?limit=1000").json["data"]
    return [(epoch["epoch"], epoch["sha256"], epoch["training_loss"]) for epoch in listed]


@POSTGRESQL_IS_LONG
@pytest.mark.parametrize("leave", [KEEP - 4 * MIB, 0], ids=["nearly full", "full"])
def test_a_running_job_waits_for_space_and_goes_on_to_the_same_bits(
    machine: Machine, leave: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spaces, "PROBE_SECONDS", 0.0)
    undisturbed = machine.post()
    assert machine.work()
    job = machine.post()
    fill(machine.disk, ALMOST)  # so that the rest is filled within an instant
    with machine.working(job):
        filling = fill(machine.disk, leave)
    stopped = machine.job(job)
    assert (stopped["status"], stopped["attempt"], stopped["error"]) == ("queued", 1, None)
    assert "bytes are free on the disk" in stopped["waiting"]["reason"] and "by itself" in stopped["waiting"]["reason"]
    events = machine.client.get(f"/v1/jobs/{job}/events?limit=1000").json["data"]
    assert not any(machine.work() for _ in range(20))  # no claim, and so no event
    assert machine.client.get(f"/v1/jobs/{job}/events?limit=1000").json["data"] == events
    problem(machine.client.post("/v1/jobs", json={"dataset": "xor"}), 507)
    problem(machine.client.put("/v1/datasets/other", data="a,b\n1,2\n"), 507)
    ready = machine.client.get("/readyz").json
    assert ready["status"] == "degraded" and not ready["checks"]["disk"]["ok"]
    filling.unlink()
    assert machine.work()
    ended = machine.job(job)
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)
    assert ended["chain"] == machine.job(undisturbed)["chain"]
    assert epochs_of(machine, job) == epochs_of(machine, undisturbed)


@POSTGRESQL_IS_LONG
def test_on_a_full_disk_cancel_pause_revoke_and_delete_work_and_delete_frees(machine: Machine) -> None:
    large = {"layers": [{"type": "dense", "units": 1000}, {"type": "dense", "units": 1}]}
    removed = machine.post(network=large, training={**TRAINING, "store_parameters": {"every": 1}})
    assert machine.work()
    running, cancelled, paused = machine.post(), machine.post(), machine.post()
    share = machine.client.post(f"/v1/jobs/{removed}/shares").headers["Location"]
    stolen = machine.key()
    fill(machine.disk, ALMOST)
    with machine.working(running):
        filling = fill(machine.disk)
    fill(machine.disk)  # also what the reserve may have freed
    before = machine.services.space.free_bytes()
    assert before < MIB
    for path in (f"/v1/keys/{id_of(stolen)}", share):
        assert machine.client.delete(path).status_code == 204
    assert machine.client.get("/v1/jobs", headers={"Authorization": f"Bearer {stolen}"}).status_code == 401
    assert machine.client.post(f"/v1/jobs/{cancelled}:cancel").json["status"] == "cancelled"
    assert machine.client.post(f"/v1/jobs/{paused}:pause").json["status"] == "paused"
    assert machine.client.post(f"/v1/jobs/{running}:cancel").json["status"] == "cancelled"
    for job in (removed, cancelled):
        assert machine.client.delete(f"/v1/jobs/{job}").status_code == 204
    assert machine.client.delete("/v1/networks/none").status_code == 404
    if machine.services.database.is_sqlite:  # PostgreSQL's file is elsewhere
        wait_until(lambda: shrunk(machine), seconds=20, what="free pages that are given back")
        assert machine.services.space.free_bytes() > before + 15 * MIB
    filling.unlink()
    machine.services.space.keep_reserve()
    assert machine.services.space.reserve.exists()


@ON_SQLITE
def test_every_operation_that_ends_or_removes_something_may_use_the_reserve(
    client: FlaskClient, train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = train({"dataset": XOR, "network": {"name": "xor", "hidden": [2]}, "model": "xor", "training": {"epochs": 1}})
    assert client.post("/v1/networks", json={"name": "xor", "hidden": [2]}).status_code in (200, 201)
    assert client.post("/v1/tenants", json={"name": "xor"}).status_code == 201
    share = client.post(f"/v1/jobs/{job['id']}/shares").json["id"]
    key = client.post("/v1/keys", json={"scopes": ["admin"]}).json
    assert client.post("/v1/session", json={"key": key["key"]}).status_code == 200
    client.environ_base["HTTP_X_CSRF_TOKEN"] = client.get("/v1/session").json["csrf_token"]
    assert client.put("/v1/models/xor/aliases/champion", json={"version": 1}).status_code == 201
    ids = {
        "/v1/jobs/{id}": job["id"],
        "/v1/keys/{id}": key["id"],
        "/v1/predictions/{id}": "pred_0",
        "/v1/webhooks/{id}": "wh_0",
    }
    ids |= {"/v1/webhooks/{id}": "wh_0", "{share}": share, "{name}": "xor", "{version}": "1", "{alias}": "champion"}

    def spend(*_: Any) -> None:
        raise OutOfSpace("it would be spent")

    monkeypatch.setattr(spaces.Space, "spend", spend)
    deleting = [path for path, methods in client.get("/openapi.json").json["paths"].items() if "delete" in methods]
    assert len(deleting) >= 8
    for path in deleting:
        for part, id in ids.items():
            path = path.replace(part, part.replace("{id}", id) if "{id}" in part else id)
        assert "it would be spent" in problem(client.delete(path), 507)["detail"], path


def shrunk(machine: Machine) -> bool:
    shrinking.shrink(machine.services.database, 0.25)  # as housekeeping does each second
    return shrinking.free_pages(machine.services.database) == 0


@ON_SQLITE
def test_a_disk_on_which_no_more_files_can_be_made(
    backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spaces, "PROBE_SECONDS", 0.0)
    with small_disk(tmp_path / "disk", DISK_MB, files=400) as disk:
        machine = Machine(disk, backends)
        job = machine.post()
        with machine.working(job):
            made = fill_files(disk)
        assert machine.job(job)["status"] == "queued" and "files can be made" in machine.job(job)["waiting"]["reason"]
        problem(machine.client.post("/v1/jobs", json={"dataset": "xor"}), 507)
        other = machine.client.post(f"/v1/jobs/{job}:pause")
        assert other.json["status"] == "paused"
        for path in made:
            path.unlink()
        machine.client.post(f"/v1/jobs/{job}:resume")
        assert machine.work() and machine.job(job)["status"] == "succeeded"
        machine.close()


@ON_SQLITE
def test_a_file_of_an_older_release_is_made_one_that_shrinks(backends: Backends, tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    with sqlite3.connect(file) as old:
        old.execute("PRAGMA auto_vacuum=NONE")
        old.execute("CREATE TABLE t (x)")
    old.close()
    database = Database(f"sqlite:///{file}")
    assert shrinking.free_pages(database) == 0
    shrinking.make_shrinkable(database)
    with database.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (randomblob(30000000))")
    with database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM t")
    assert shrinking.free_pages(database) > 0
    size = file.stat().st_size

    def shrunk() -> bool:
        shrinking.shrink(database, 1.0)
        return not shrinking.free_pages(database)

    wait_until(shrunk, seconds=20, what="free pages that are given back")
    assert file.stat().st_size < size / 4
    database.dispose()


@pytest.mark.long
def test_a_service_whose_disk_fills_goes_on_by_itself(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 200) as disk:
        one = {"BACKPROP_WORKERS": "1", "BACKPROP_API_PROCESSES": "1"}
        service = Service(disk / "data", BACKPROP_KEEP_FREE_BYTES=str(KEEP), BACKPROP_KERNELS="numpy", **one)
        service.log = tmp_path / "serve.log"
        with service:
            assert (disk / "data" / "reserve").stat().st_size == KEEP // 2
            assert service.send("POST", "/v1/datasets", XOR)[0] == 201
            body = {"dataset": "xor", "network": NETWORK, "training": {**TRAINING, "epochs": 1_000_000}}
            job = service.post("/v1/jobs", body)["id"]
            seen = partial(service.get, f"/v1/jobs/{job}")
            wait_until(lambda: seen()["progress"]["epoch"] > 0, seconds=60, what="a first epoch")
            filling = fill(disk)
            wait_until(lambda: seen()["status"] == "queued", seconds=60, what="a job that waits for space")
            waits = seen()
            assert waits["attempt"] == 1 and "bytes are free on the disk" in waits["waiting"]["reason"]
            filling.unlink()
            wait_until(lambda: seen()["attempt"] == 2, seconds=60, what="a job that goes on by itself")
            assert service.send("POST", f"/v1/jobs/{job}:cancel")[0] == 202
