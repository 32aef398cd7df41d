"""Migration 0007 both ways, with epochs of every kind in the database: nothing is lost, nothing changes its value."""

import io
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, delete, func, select

from service.store.database import Database
from service.store.epoch_records import EpochRecord
from service.store.epochs.epochs import list_epochs
from service.store.epochs.hash_chain import of_stored
from service.store.tables import epochs, jobs, metadata
from tests.conftest import Backends

SINGLE, ARCHIVED, MIXED, EMPTY, LONG = 1, 2, 3, 4, 5  # numbers of jobs
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STORED = {"bytes": b"\x00\x01", "sha256": "0" * 64}
CHILDREN: dict[str, dict[str, Any]] = {
    "parameters": {"first_epoch": 0, "last_epoch": 0, "stride": 1, "size": 2, "bytes": b"\x00\x01"},
    "resume_states": {"epoch": 3, **STORED},
    "optimizer_states": {"epoch": 3, **STORED},
    "starts": {"kind": "parameters", **STORED},
    "layer_diagnostics": {"epoch": 1, "layers": []},
    "events": {"id": 1, "kind": "end", "data": {}, "created_at": NOW},
}


def sha256_of(job: int, epoch: int) -> str:
    return f"{job:032x}{epoch:032x}"


def single(job: int, epoch: int, validation: bool = True, **values: Any) -> EpochRecord:
    """An epoch whose values have no short decimal form."""
    metrics: dict[str, float | None] = {"accuracy": 1 / (epoch + 3), "µ": None if epoch % 5 == 4 else -0.0}
    held: dict[str, Any] = {
        "training_loss": 1 / (3 + epoch),
        "validation_loss": None if not validation or epoch % 7 == 6 else 2 / (3 + epoch),
        "training_metrics": metrics,
        "validation_metrics": metrics if validation else {},
        "learning_rate": 0.1 / (1 + epoch),
        "seconds": 0.3 + epoch / 7,
        "parameters_stored": epoch % 3 == 0,
        "sha256": sha256_of(job, epoch),
    }
    return EpochRecord(epoch=epoch, **{**held, **values})


def archived(job: int, first: int, count: int) -> list[EpochRecord]:
    """Short epochs that the code of before stored as one row of `epoch_runs`."""
    metrics = [{"mae": 1 / (3 + index)} for index in range(count)]
    return [
        single(
            job, first + index, False, training_metrics=metrics[index], learning_rate=0.5, seconds=1e-5 + first * 1e-9
        )
        for index in range(count)
    ]


RECORDS = {
    SINGLE: [single(SINGLE, epoch) for epoch in range(25)],
    ARCHIVED: archived(ARCHIVED, 0, 1_245),
    MIXED: [
        single(MIXED, 0, validation=False),
        *archived(MIXED, 1, 30),
        *archived(MIXED, 31, 20),
        *(single(MIXED, epoch, validation=epoch > 54) for epoch in range(51, 60)),
    ],
    LONG: [single(LONG, epoch, validation=False, training_metrics={}) for epoch in range(10_400)],
}
ARCHIVES = {ARCHIVED: [(0, 900), (900, 345)], MIXED: [(1, 30), (31, 20)]}


@pytest.fixture
def database(empty_backends: Backends) -> Iterator[Database]:
    opened = Database(empty_backends.database_url)
    yield opened
    opened.dispose()


def move(database: Database, revision: str, step: Any = command.upgrade) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["database"] = database
    step(config, revision)


def reflected(connection: Connection) -> dict[str, Table]:
    """The tables as they are in the database."""
    found = MetaData()
    found.reflect(connection)
    return dict(found.tables)


def fill(connection: Connection) -> None:
    """Store jobs and all that refers to them, as the code of before did."""
    tables = reflected(connection)
    connection.execute(tables["jobs"].insert(), [job_row(number) for number in (SINGLE, ARCHIVED, MIXED, EMPTY, LONG)])
    for job, records in RECORDS.items():
        runs = ARCHIVES.get(job, ())
        in_runs = {epoch for first, count in runs for epoch in range(first, first + count)}
        rows = [{"job": job, **asdict(record)} for record in records if record.epoch not in in_runs]
        if rows:
            connection.execute(tables["epochs"].insert(), rows)
        for first, count in runs:
            connection.execute(tables["epoch_runs"].insert().values(job=job, **archive(records[first : first + count])))
    for name, values in CHILDREN.items():
        connection.execute(tables[name].insert().values(job=SINGLE, **values))


def job_row(number: int) -> dict[str, Any]:
    documents = {name: {} for name in ("network", "training", "targets", "extra", "warnings")}
    counts = dict.fromkeys(("priority", "attempt", "stored_attempt", "deaths", "lost_attempts", "training_seconds"), 0)
    names = {"dataset_name": "d", "model_name": "m", "on_other_machine": "resume", "status": "succeeded"}
    return {**documents, **counts, **names, "number": number, "id": f"job_{number}", "created_at": NOW, "batches": 17}


def archive(run: list[EpochRecord]) -> dict[str, Any]:
    """A row of `epoch_runs`."""
    stream = io.BytesIO()
    hashes = bytes.fromhex("".join(record.sha256 for record in run))
    np.savez(
        stream,
        training_loss=np.array([record.training_loss for record in run]),
        parameters_stored=np.array([record.parameters_stored for record in run]),
        sha256=np.frombuffer(hashes, dtype=np.uint8).reshape(-1, 32),
        metric_mae=np.array([record.training_metrics["mae"] for record in run], dtype=np.float64),
    )
    ends = {"first_epoch": run[0].epoch, "last_epoch": run[-1].epoch}
    return {**ends, "learning_rate": run[0].learning_rate, "seconds": run[0].seconds, "columns": stream.getvalue()}


def counts(connection: Connection) -> dict[str, int]:
    """How many rows of each table belong to jobs, and how many jobs there are."""
    tables = reflected(connection)
    return {
        name: connection.execute(select(func.count()).select_from(tables[name])).scalar_one()
        for name in ("jobs", *CHILDREN)
    }


@pytest.fixture
def filled(database: Database) -> Database:
    """A database of before, with every kind of epoch."""
    move(database, "0006")
    with database.begin() as connection:
        fill(connection)
    return database


def test_every_epoch_is_read_as_it_was_stored(filled: Database) -> None:
    with filled.read() as connection:
        before = counts(connection)
    move(filled, "0007")
    with filled.read() as connection:
        assert counts(connection) == before
        assert "epoch_runs" not in reflected(connection) and "batches" not in reflected(connection)["jobs"].c
        for job, records in RECORDS.items():
            assert list_epochs(connection, job, None, 30_000) == (records, False)
            assert of_stored(connection, job) is not None
        assert list_epochs(connection, EMPTY, None, 10) == ([], False)
        lengths = epochs.c.last_epoch - epochs.c.first_epoch + 1
        query = select(epochs.c.job, lengths).order_by(epochs.c.job, epochs.c.first_epoch)
        rows = [tuple(row) for row in connection.execute(query)]
    assert [(job, length) for job, length in rows if job in (ARCHIVED, LONG)] == [
        (ARCHIVED, 1_245),
        (LONG, 10_000),
        (LONG, 400),
    ]


def test_down_again_every_epoch_is_a_row_that_the_code_of_before_reads(filled: Database) -> None:
    with filled.read() as connection:
        before = counts(connection)
    move(filled, "0007")
    move(filled, "0006", command.downgrade)
    with filled.read() as connection:
        tables = reflected(connection)
        assert counts(connection) == before
        assert connection.execute(select(func.count()).select_from(tables["epoch_runs"])).scalar_one() == 0
        assert set(connection.execute(select(tables["jobs"].c.batches)).scalars()) == {None}
        single_epochs = tables["epochs"]
        columns = [single_epochs.c[name] for name in EpochRecord.__dataclass_fields__]
        for job, records in RECORDS.items():
            query = select(*columns).where(single_epochs.c.job == job).order_by(single_epochs.c.epoch)
            assert [EpochRecord(*row) for row in connection.execute(query)] == records


def test_up_and_down_and_up_loses_nothing(filled: Database) -> None:
    move(filled, "0007")
    with filled.read() as connection:
        once = connection.execute(select(epochs).order_by(epochs.c.job, epochs.c.first_epoch)).all()
    move(filled, "0006", command.downgrade)
    move(filled, "0007")
    with filled.read() as connection:
        assert connection.execute(select(epochs).order_by(epochs.c.job, epochs.c.first_epoch)).all() == once
    move(filled, "head")
    with filled.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_job_that_is_deleted_afterwards_takes_its_epochs_along(filled: Database) -> None:
    move(filled, "head")
    with filled.begin() as connection:
        connection.execute(delete(jobs).where(jobs.c.number.in_([SINGLE, MIXED])))
    with filled.read() as connection:
        assert set(connection.execute(select(epochs.c.job)).scalars()) == {ARCHIVED, LONG}
