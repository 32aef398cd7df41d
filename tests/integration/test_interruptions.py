"""Runs that are interrupted at awkward moments: what is stored afterwards is whole, and nothing is tried for ever."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.errors import OutOfSpace
from service.services import Services
from service.store import space, workers
from service.store.jobs import jobs
from service.store.records import DatasetUse
from tests.integration.contract import XOR
from tests.integration.interrupting import Died, after, die
from workers.run import flush_policy
from workers.run.flush import Writer
from workers.run.run import run_next_job

DROPPING = {
    "layers": [
        {"type": "dense", "units": 4, "activation": "tanh"},
        {"type": "dropout", "rate": 0.2},
        {"type": "dense", "units": 1},
    ]
}
KILLED_WORKER = "host:1:2"


def submit(client: FlaskClient, epochs: int = 40, every: int = 1, **more: Any) -> str:
    training = {"epochs": epochs, "batch_size": 1, "seed": 3, "store_parameters": {"every": every}, **more}
    answer = client.post("/v1/jobs", json={"dataset": XOR, "network": DROPPING, "training": training})
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def read(client: FlaskClient, job: str) -> Any:
    return client.get(f"/v1/jobs/{job}").json


def hashes(client: FlaskClient, job: str) -> list[tuple[int, str]]:
    return [(one["epoch"], one["sha256"]) for one in client.get(f"/v1/jobs/{job}/epochs?limit=1000").json["data"]]


def is_stored(client: FlaskClient, job: str, epoch: int) -> bool:
    return client.get(f"/v1/jobs/{job}/epochs/{epoch}/parameters").status_code == 200


def test_an_attempt_that_stores_nothing_new_within_an_epoch_makes_no_progress(
    client: FlaskClient, service: Services
) -> None:
    job = submit(client)
    run_next_job(service, "test", after(6))  # in the middle of an epoch, where its state is stored
    statuses = []
    for _ in range(3):
        with pytest.raises(Died):
            run_next_job(service, KILLED_WORKER, after(0, die))
        with service.database.begin() as connection:
            statuses += [freed.status for freed in workers.remove_ended(connection, KILLED_WORKER, 1).jobs]
    assert statuses == ["queued", "queued", "failed"]
    assert read(client, job)["error"]["code"] == "crashed_repeatedly"


def test_a_stop_between_epochs_keeps_all_that_was_trained(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, job = submit(client), submit(client)
    assert run_next_job(service, "test", lambda: False)
    monkeypatch.setattr(flush_policy, "FLUSH_SECONDS", 3600.0)
    monkeypatch.setattr(flush_policy, "LONGEST_WAIT_SECONDS", 3600.0)
    run_next_job(service, "test", after(4 * 9 + 9))
    assert read(client, job)["progress"]["epoch"] >= 8
    assert run_next_job(service, "test", lambda: False)
    assert hashes(client, job) == hashes(client, undisturbed)


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_the_last_epoch_is_stored_when_a_run_that_went_on_ends_before_its_first(
    client: FlaskClient, service: Services, batches: int
) -> None:
    job = submit(client, every=1000, validation=None)
    client.post(f"/v1/jobs/{job}:pause")
    client.post(f"/v1/jobs/{job}:step", json={"epochs": 7})
    assert run_next_job(service, "test", lambda: False)
    assert read(client, job)["progress"]["epoch"] == 7
    client.post(f"/v1/jobs/{job}:resume")

    def cancel() -> bool:
        client.post(f"/v1/jobs/{job}:cancel")
        return True

    run_next_job(service, "test", after(batches, cancel))
    ended = read(client, job)
    if ended["status"] == "queued":  # the run stopped before it found the request
        run_next_job(service, "test", lambda: False)
        ended = read(client, job)
    assert ended["status"] == "cancelled" and ended["progress"]["epoch"] == 7
    assert is_stored(client, job, 7) and is_stored(client, job, 0)


def test_the_last_epoch_is_stored_when_a_job_paused_within_the_next_is_cancelled(
    client: FlaskClient, service: Services
) -> None:
    undisturbed = submit(client, every=1000, validation=None)
    assert run_next_job(service, "test", lambda: False)
    job = submit(client, every=1000, validation=None)
    run_next_job(service, "test", after(4 * 6 + 9))
    epoch = read(client, job)["progress"]["epoch"]
    assert epoch > 0 and is_stored(client, job, epoch)
    client.post(f"/v1/jobs/{job}:cancel")
    assert read(client, job)["status"] == "cancelled"
    assert is_stored(client, job, epoch)
    assert hashes(client, job) == hashes(client, undisturbed)[: epoch + 1]


def test_an_epoch_stored_while_the_next_was_under_way_is_released(client: FlaskClient, service: Services) -> None:
    job = submit(client, every=1000, validation=None)
    run_next_job(service, "test", after(4 * 6 + 9))
    epoch = read(client, job)["progress"]["epoch"]
    assert is_stored(client, job, epoch)
    assert run_next_job(service, "test", lambda: False)
    ended = read(client, job)
    stored = [each for each in range(41) if is_stored(client, job, each)]
    assert stored == sorted({0, ended["best_epoch"], 40})


@pytest.mark.parametrize("failing", ["a flush next to training", "the end"])
def test_a_write_that_fails_as_nothing_foresaw_leaves_no_hole(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    job = submit(client, epochs=200)
    monkeypatch.setattr(flush_policy, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(flush_policy, "FLUSH_SHARE", 1e9)
    whole, failed = Writer._transaction, []

    def fail(self: Writer, flush: Any, *given: Any) -> Any:
        if not failed and (flush.last is not None) == (failing == "the end"):
            failed.append(flush)
            raise OSError("input/output error")
        return whole(self, flush, *given)

    monkeypatch.setattr(Writer, "_transaction", fail)
    assert run_next_job(service, "test", lambda: False)
    ended, epochs = read(client, job), hashes(client, job)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "internal")
    assert [epoch for epoch, _ in epochs] == list(range(len(epochs)))
    assert ended["progress"]["epoch"] == max(0, len(epochs) - 1)


def test_a_full_disk_of_the_blobs_is_no_death(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(client)
    monkeypatch.setattr(space, "PROBE_SECONDS", 0.0)  # after a refusal it is asked at once whether there is space again

    def full(*_: Any) -> Any:
        raise OutOfSpace("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "_place", full)
        patched.setattr(Writer, "_gives_up", lambda *_: True)
        for _ in range(3):
            assert run_next_job(service, "test", lambda: False)
            assert read(client, job)["status"] == "queued"
    with service.database.read() as connection:
        assert jobs.get_job(connection, job).attempt == 3
    assert run_next_job(service, "test", lambda: False)
    assert read(client, job)["status"] == "succeeded"


def test_a_dataset_that_was_removed_while_a_job_was_checked_against_it_is_reported(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/v1/datasets", json={"name": "gone", **{key: XOR[key] for key in ("inputs", "targets")}})
    from service.store import dataset_removal, datasets

    whole = datasets.hold_dataset

    def removed(connection: Any, use: DatasetUse) -> None:
        dataset_removal.delete_dataset(connection, use.name)
        whole(connection, use)

    monkeypatch.setattr(datasets, "hold_dataset", removed)
    answer = client.post("/v1/jobs", json={"dataset": "gone"})
    assert answer.status_code == 409, answer.text
