"""Networks whose parameters are too large for a row: their bytes lie in the blobs, and nobody who uses them notices."""

import hashlib
import os
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.backprop.training.state import TrainingState
from service.datasets.catalog import collect_orphans
from service.errors import NotFound
from service.jobs.stored_parameters import parameter_bytes, parameters_of
from service.services import Services
from service.store import models
from service.store.blobs import placement, references
from service.store.epoch_records import StoredBytes
from service.store.epochs import epochs
from service.store.jobs import jobs
from tests.integration.contract import XOR, problem
from workers.run.recorder import Recorder
from workers.run.run import run_next_job

UNITS = 1500  # two layers of them are over 8 MiB of float32
LARGE = {
    "dataset": XOR,
    "network": {"hidden": [UNITS, UNITS]},
    "training": {"epochs": 4, "seed": 3, "optimizer": {"type": "sgd", "learning_rate": 0.01, "momentum": 0.9}},
    "model": "large",
}
Train = Callable[..., dict[str, Any]]


def addresses(service: Services) -> set[str]:
    """What lies in the blobs, the dataset's rows left out."""
    found = {path.name for path in service.blobs.root.glob("??/*")}
    return {address for address in found if not service.blobs.get(address).startswith(b"\x93NUMPY")}


def age(service: Services) -> None:
    """Make the blobs old enough for the collector."""
    for path in service.blobs.root.glob("??/*"):
        os.utime(path, (0, 0))


def parameters(client: FlaskClient, job: str, epoch: int | str) -> Any:
    answer = client.get(f"/v1/jobs/{job}/epochs/{epoch}/parameters?format=npz")
    assert answer.status_code == 200, answer.text
    return answer


def hashes(client: FlaskClient, job: str) -> list[str]:
    return [record["sha256"] for record in client.get(f"/v1/jobs/{job}/epochs").json["data"]]


def test_large_parameters_lie_in_the_blobs_and_are_freed_with_their_job_and_model(
    client: FlaskClient, service: Services, train: Train
) -> None:
    job = train(LARGE)
    stored = hashes(client, job["id"])
    assert len(stored) == 5 and addresses(service) == set(stored)  # and no state to go on from any more
    layers = client.get(f"/v1/jobs/{job['id']}/epochs/2/parameters").json["layers"]
    digest = hashlib.sha256()
    for layer in layers:
        digest.update(np.array(layer["weights"], dtype="<f4").tobytes())
        digest.update(np.array(layer["biases"], dtype="<f4").tobytes())
    assert digest.hexdigest() == stored[2]
    with service.database.read() as connection:
        version = models.version_bytes(connection, "large", 1)
    assert version == StoredBytes(stored[4], None, stored[4])
    instances = {"instances": [[0, 1], [1, 1]]}
    latest = client.post("/v1/models/large:predict", json=instances).json
    by_epoch = client.post(f"/v1/jobs/{job['id']}/epochs/last:predict", json=instances).json
    assert latest["predictions"] == by_epoch["predictions"]

    age(service)
    assert collect_orphans(service) == 0
    client.delete(f"/v1/jobs/{job['id']}")
    assert addresses(service) == {stored[4]} and collect_orphans(service) == 0  # a job's bytes are freed at once
    client.delete("/v1/models/large")
    assert collect_orphans(service) == 1 and addresses(service) == set()


def test_a_stopped_job_goes_on_from_a_large_state(client: FlaskClient, service: Services, train: Train) -> None:
    expected = hashes(client, train(LARGE)["id"])
    job = client.post("/v1/jobs", json=LARGE).json["id"]
    asked = iter([False, False, False, True])
    assert run_next_job(service, "test", lambda: next(asked))
    assert client.get(f"/v1/jobs/{job}").json["status"] == "queued"
    with service.database.read() as connection:
        state = epochs.load_resume_state(connection, jobs.get_job(connection, job).number)
    assert state is not None and state.bytes is None and state.address in addresses(service)
    assert run_next_job(service, "test", lambda: False)
    assert client.get(f"/v1/jobs/{job}").json["status"] == "succeeded"
    assert hashes(client, job) == expected
    assert addresses(service) == set(expected)  # the same bytes of two jobs, once


def test_what_is_bettered_or_superseded_is_freed_at_once(
    client: FlaskClient, service: Services, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "IN_ROW_BYTES", 10)
    monkeypatch.setattr(Recorder, "is_due", lambda _: True)
    training = {"epochs": 30, "seed": 1, "store_parameters": {"every": 50}, "version_epoch": "best"}
    job = train({"dataset": XOR, "training": training})
    records = client.get(f"/v1/jobs/{job['id']}/epochs").json["data"]
    stored = {record["sha256"] for record in records if record["parameters_stored"]}
    assert len(stored) <= 3 and addresses(service) == stored
    parameters(client, job["id"], "best")


def test_bytes_another_row_points_to_are_not_freed(default: Services, client: FlaskClient, train: Train) -> None:
    stored = hashes(client, train(LARGE)["id"])
    placement.free(default.blobs, default.database, [stored[1], default.blobs.put(b"nobody's")])
    assert addresses(default) == set(stored)


def test_bytes_freed_between_placing_and_pointing_are_put_again(default: Services) -> None:
    placed = placement.place(default.blobs, bytes(placement.IN_ROW_BYTES + 1))
    assert placed.address is not None
    placement.free(default.blobs, default.database, [placed.address])
    assert addresses(default) == set()
    with default.database.begin() as connection:
        references.pointing(connection)
        placement.hold(default.blobs, [placed])
    assert placement.read(default.blobs, placed.stored()) == placed.data


def test_a_large_state_is_never_in_memory_as_a_whole(default: Services) -> None:
    size = 64 * 1024 * 1024
    vector = np.ones(size // 8, dtype=np.float32)
    state = TrainingState(3, 9, 2, 0.5, vector, {"velocity": vector}, {})
    tracemalloc.start()
    placed = placement.place_written(default.blobs, state.nbytes, state.write)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert placed.data is None and peak < size / 2
    placement.free(default.blobs, default.database, [str(placed.address)])
    placement.hold(default.blobs, [placed])
    assert placement.read(default.blobs, placed.stored()) == state.to_bytes()


def test_two_jobs_that_store_and_free_the_same_bytes_never_miss_one_another(
    client: FlaskClient, default: Services
) -> None:
    data = bytes(placement.IN_ROW_BYTES + 1)

    def store_and_free(job: int) -> None:
        for _ in range(15):
            placed = placement.place(default.blobs, data)
            with default.database.begin() as connection:
                references.pointing(connection)
                placement.hold(default.blobs, [placed])
                epochs.save_resume_state(connection, job, 0, placed.stored())
            assert placement.read(default.blobs, placed.stored()) == data
            with default.database.begin() as connection:
                address = epochs.drop_resume_state(connection, job)
            placement.free(default.blobs, default.database, [str(address)])

    ids = [client.post("/v1/jobs", json={"dataset": XOR}).json["id"] for _ in range(3)]
    with default.database.read() as connection:
        numbers = [jobs.get_job(connection, job).number for job in ids]
    with ThreadPoolExecutor() as pool:
        list(pool.map(store_and_free, numbers))
    assert addresses(default) == set()


@pytest.mark.parametrize("harm", ["missing", "changed"])
def test_damage_is_reported(client: FlaskClient, default: Services, train: Train, harm: str) -> None:
    job = train(LARGE)
    path = default.blobs.path(hashes(client, job["id"])[4])
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    for answer in (
        client.get(f"/v1/jobs/{job['id']}/epochs/last/parameters"),
        client.post("/v1/models/large:predict", json={"instances": [[0, 1]]}),
    ):
        damage = problem(answer, 500)
        assert damage["type"] == "/problems/damaged" and path.name in damage["detail"]
        assert client.get(damage["type"]).status_code == 200


def test_a_job_whose_state_is_lost_fails_and_says_so(client: FlaskClient, default: Services) -> None:
    job = client.post("/v1/jobs", json=LARGE).json["id"]
    asked = iter([False, True])
    assert run_next_job(default, "test", lambda: next(asked))
    with default.database.read() as connection:
        state = epochs.load_resume_state(connection, jobs.get_job(connection, job).number)
    assert state is not None and state.address is not None
    default.blobs.delete(state.address)
    assert run_next_job(default, "test", lambda: False)
    ended = client.get(f"/v1/jobs/{job}").json
    assert ended["status"] == "failed" and ended["error"]["code"] == "damaged"


def test_an_epoch_bettered_between_two_looks_is_not_found(client: FlaskClient, default: Services, train: Train) -> None:
    job_id = train(LARGE)["id"]
    job, stored = parameters_of(default, job_id, "1")
    with default.database.begin() as connection:
        freed = epochs.forget_parameters(connection, job.number, 1)
    assert freed == stored.address
    placement.free(default.blobs, default.database, [str(freed)])
    with pytest.raises(NotFound, match="not stored"):
        parameter_bytes(default, job, stored)
