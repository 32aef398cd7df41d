"""Records that were changed where they are stored: a replay finds it, and names epoch, layer and parameter."""

from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.services import Services
from service.store.epochs import runs
from service.store.epochs.runs import DIGEST_BYTES
from service.store.jobs import jobs
from service.store.tables import epochs as epochs_table
from service.store.tables import jobs as jobs_table
from service.store.tables import parameters
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import XOR
from tests.integration.forked import Ask, Job, asker, classes, record_of, verdict_of
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

BOTH = "stored_parameters and recorded_sha256"
SHORT = {"dataset": XOR, "training": {"epochs": 3000, "batch_size": 4}}


@pytest.fixture
def ask(client: FlaskClient, service: Services) -> Ask:
    return asker(client, service)


def flip(service: Services, job: Job, epoch: int, byte: int, bit: int = 0) -> None:
    """Change one bit of what is stored after an epoch."""
    with service.database.begin() as connection:
        number = jobs.get_job(connection, job["id"]).number
        where = (parameters.c.job == number, parameters.c.first_epoch <= epoch)
        row = connection.execute(
            select(parameters).where(*where).order_by(parameters.c.first_epoch.desc()).limit(1)
        ).one()
        data = bytearray(row.bytes)
        data[(epoch - row.first_epoch) // row.stride * row.size + byte] ^= 1 << bit
        mine = (parameters.c.job == number, parameters.c.first_epoch == row.first_epoch)
        connection.execute(update(parameters).where(*mine).values(bytes=bytes(data)))


def change_hash(service: Services, job: Job, epoch: int) -> None:
    """Change what is recorded as an epoch's hash."""
    with service.database.begin() as connection:
        number = jobs.get_job(connection, job["id"]).number
        mine = (epochs_table.c.job == number, epochs_table.c.first_epoch <= epoch, epochs_table.c.last_epoch >= epoch)
        row = connection.execute(select(epochs_table).where(*mine)).one()
        data = bytearray(row.sha256)
        at = (epoch - row.first_epoch) * DIGEST_BYTES
        data[at : at + DIGEST_BYTES] = bytes(DIGEST_BYTES)
        connection.execute(update(epochs_table).where(*mine).values(sha256=bytes(data)))


@pytest.mark.parametrize(
    ("body", "epoch"),
    [({"dataset": classes(), "training": {"epochs": 9, "seed": 5}}, 4), (SHORT, 2345)],
)
def test_one_flipped_bit_in_a_stored_epoch_is_found_and_named(
    client: FlaskClient, service: Services, ask: Ask, body: Job, epoch: int
) -> None:
    record = ask("/v1/jobs", body)
    layers = client.get(f"/v1/jobs/{record['id']}/epochs/{epoch}/parameters").json["layers"]
    before = sum(np.size(array) for array in layers[0].values())
    index = [3, 0]
    at = before + index[0] * len(layers[1]["weights"][0]) + index[1]
    flip(service, record, epoch, byte=4 * at + 1, bit=5)
    verdict = verdict_of(ask, record)
    found = verdict["first_difference"]
    assert verdict["identical"] is False
    assert (found["epoch"], found["layer"], found["parameter"], found["index"]) == (epoch, 1, "weights", index)
    assert found["in"] == "stored_parameters"
    assert found["sha256"]["recorded"] == found["sha256"]["replayed"] != found["sha256"]["stored"]
    assert client.get(f"/v1/jobs/{record['id']}/epochs/{epoch}/parameters").status_code == 500


def test_a_flipped_bit_is_named_in_a_thinned_record_too(
    client: FlaskClient, service: Services, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as often:
        often.setattr("workers.run.flush_policy.FLUSH_SECONDS", 0.0)
        often.setattr("workers.run.flush_policy.FLUSH_SHARE", 1e9)
        training = {"epochs": 300, "seed": 5, "optimizer": "rprop", "store_parameters": {"limit_bytes": 10_000}}
        record = ask("/v1/jobs", {"dataset": XOR, "training": training})
    stored = [epoch["epoch"] for epoch in record_of(client, record) if epoch["parameters_stored"]]
    assert 10 < len(stored) < 60
    flip(service, record, stored[-12], byte=2)
    found = verdict_of(ask, record)["first_difference"]
    assert (found["epoch"], found["layer"], found["in"]) == (stored[-12], 0, "stored_parameters")


@pytest.mark.parametrize("kernels", ["numpy", "numba"])  # each epoch by itself, and many in one row
def test_a_changed_hash_is_found(client: FlaskClient, service: Services, kernels: str) -> None:
    pytest.importorskip("numba")
    ask = asker(client, replace(service, settings=replace(service.settings, kernels=kernels)))
    training = {"epochs": 300, "seed": 5, "batch_size": 4, "store_parameters": {"every": 50}}
    record = ask("/v1/jobs", {"dataset": XOR, "training": training})
    change_hash(service, record, 123)
    verdict = verdict_of(ask, record)
    found = verdict["first_difference"]
    assert (verdict["identical"], found["epoch"], found["layer"]) == (False, 123, None)
    assert found["in"] == "recorded_sha256" and found["sha256"]["recorded"] == "0" * 64
    assert "the record has no parameters of this epoch" in found["reason"]
    assert verdict["chain"]["recorded"] == verdict["chain"]["replayed"] != verdict["chain"]["of_rows"]


def test_parameters_and_hash_changed_together_are_found(client: FlaskClient, service: Services, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 6, "seed": 5}})
    flip(service, record, 3, byte=0)
    change_hash(service, record, 3)
    found = verdict_of(ask, record)["first_difference"]
    assert (found["epoch"], found["layer"], found["in"], found["index"]) == (3, 0, BOTH, [0, 0])


def test_a_changed_chain_is_found(service: Services, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": XOR, "training": {"epochs": 6, "seed": 5}})
    with service.database.begin() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.id == record["id"]).values(chain="12" * 32))
    verdict = verdict_of(ask, record)
    assert verdict["identical"] is False and verdict["first_difference"]["in"] == "chain"
    assert verdict["first_difference"]["epoch"] is None and verdict["first_difference"]["reason"]


def test_an_epoch_that_is_gone_is_found(service: Services, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 6, "seed": 5}})
    with service.database.begin() as connection:
        number = jobs.get_job(connection, record["id"]).number
        mine = (epochs_table.c.job == number, epochs_table.c.first_epoch <= 2, epochs_table.c.last_epoch >= 2)
        run = runs.unpacked(connection.execute(select(epochs_table).where(*mine)).one())
        connection.execute(epochs_table.delete().where(*mine))
        at = 2 - run.first_epoch
        others = [runs.packed(number, part) for part in (runs.cut(run, 0, at), runs.cut(run, at + 1, len(run)))]
        connection.execute(epochs_table.insert(), [row for row in others if row["first_epoch"] <= row["last_epoch"]])
    found = verdict_of(ask, record)["first_difference"]
    assert (found["epoch"], found["in"], found["sha256"]["recorded"]) == (2, "length", None)


def test_another_computation_is_no_changed_record(client: FlaskClient, service: Services, ask: Ask) -> None:
    """As on another machine: the replay itself comes to other bits."""
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 6, "seed": 5}})
    queued = client.post(f"/v1/jobs/{record['id']}:replay").json
    with service.database.begin() as connection:
        training = {**record["training"], "regularization": {"l1": 0.0, "l2": 1e-6, "max_norm": None}}
        training["preprocessing"] = {"numbers": "auto", "targets": "auto", "missing": "error"}
        where = jobs_table.c.id == queued["id"]
        connection.execute(update(jobs_table).where(where).values(training=training, fingerprint="numpy 0.1; core z80"))
    assert run_next_job(service, "test", lambda: False)
    replayed = client.get(f"/v1/jobs/{queued['id']}").json
    found = replayed["replay"]["first_difference"]
    assert (found["epoch"], found["layer"], found["in"]) == (1, 0, "computation")
    assert found["sha256"]["recorded"] == found["sha256"]["stored"] != found["sha256"]["replayed"]
    assert [warning["code"] for warning in replayed["warnings"]] == ["other_machine"]
    assert (
        "core z80" in replayed["warnings"][0]["detail"] and "its bits may differ" in replayed["warnings"][0]["detail"]
    )


def change_figure(service: Services, job: Job, epoch: int, column: str, value: float, index: int = 0) -> float:
    """Change one stored figure of an epoch, the `index`-th of its metrics; what it was."""
    with service.database.begin() as connection:
        number = jobs.get_job(connection, job["id"]).number
        mine = (epochs_table.c.job == number, epochs_table.c.first_epoch <= epoch, epochs_table.c.last_epoch >= epoch)
        row = connection.execute(select(epochs_table).where(*mine)).one()
        figures = np.frombuffer(row._mapping[column], dtype="<f8").copy()
        at = index * (row.last_epoch - row.first_epoch + 1) + epoch - row.first_epoch
        before = float(figures[at])
        figures[at] = value
        connection.execute(update(epochs_table).where(*mine).values({column: figures.tobytes()}))
        return before


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("training_loss", "training_loss"),
        ("validation_loss", "validation_loss"),
        ("training_metrics", "training_accuracy"),
        ("validation_metrics", "validation_accuracy"),
        ("learning_rate", "learning_rate"),
    ],
)
def test_a_changed_figure_is_found_and_named(service: Services, ask: Ask, column: str, name: str) -> None:
    training = {"epochs": 9, "seed": 5, "validation": {"fraction": 0.25}}
    record = ask("/v1/jobs", {"dataset": classes(), "training": training})
    for epoch in (7, 4):
        before = change_figure(service, record, epoch, column, 0.25)
    verdict = verdict_of(ask, record)
    found = verdict["first_difference"]
    assert verdict["identical"] is False and verdict["checked"]["losses"] == 10
    assert (found["epoch"], found["layer"], found["in"]) == (4, None, "losses")
    assert found["values"] == {name: {"recorded": 0.25, "replayed": before}}


def test_a_small_change_of_one_loss_among_many_short_epochs_is_found(service: Services, ask: Ask) -> None:
    # a loss that is not 0 by then, as one of exclusive or may be
    training = {"epochs": 3000, "batch_size": 4, "seed": 1, "optimizer": {"type": "sgd", "learning_rate": 0.001}}
    record = ask("/v1/jobs", {**SHORT, "training": training})
    before = change_figure(service, record, 2345, "training_loss", 0.0)
    assert before > 1e-6
    change_figure(service, record, 2345, "training_loss", before * (1.0 + 1e-9))
    found = verdict_of(ask, record)["first_difference"]
    assert (found["epoch"], found["in"], list(found["values"])) == (2345, "losses", ["training_loss"])
    assert found["values"]["training_loss"]["replayed"] == before != found["values"]["training_loss"]["recorded"]


def test_the_time_that_epochs_took_is_not_compared(service: Services, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 4, "seed": 5}})
    change_figure(service, record, 2, "seconds", 99.0)
    assert verdict_of(ask, record)["identical"] is True


def test_parameters_and_loss_of_one_epoch_are_named_together(service: Services, ask: Ask) -> None:
    record = ask("/v1/jobs", {"dataset": classes(), "training": {"epochs": 6, "seed": 5}})
    flip(service, record, 3, byte=0)
    before = change_figure(service, record, 3, "training_loss", 0.5)
    found = verdict_of(ask, record)["first_difference"]
    assert (found["epoch"], found["layer"], found["in"]) == (3, 0, "stored_parameters")
    assert found["values"] == {"training_loss": {"recorded": 0.5, "replayed": before}}
