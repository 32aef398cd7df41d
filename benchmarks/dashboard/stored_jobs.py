"""A service with as many jobs as a measurement needs: one is trained, the others are copies of its rows."""

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.integration.service import Service

DATABASE = "backprop.sqlite3"
FAR_AWAY = "2099-01-01 00:00:00.000000"  # the lease of a job that no worker is to take
JOB = {
    "dataset": {"name": "xor", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]},
    "network": {"layers": [{"type": "dense", "units": 3, "activation": "tanh"}, {"type": "dense", "units": 1}]},
    "training": {"loss": "quadratic", "epochs": 200, "seed": 1},
}


@contextmanager
def service_with_jobs(count: int, epochs: int = 200, **columns: Any) -> Iterator[tuple[Service, list[int]]]:
    """Start a service with a trained job and copies of it with other `epochs` and columns; yield their numbers."""
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder) / "data", BACKPROP_WORKERS="1") as service:
        status, job = service.send("POST", "/v1/jobs?wait=60", JOB)
        if status != 201:
            raise RuntimeError(f"the job to copy did not end: {json.dumps(job)[:500]}")
        yield service, copy_job(service.data_dir / DATABASE, job["id"], count, epochs, columns)


def copy_job(database: Path, job: str, count: int, epochs: int, columns: dict[str, Any]) -> list[int]:
    """Insert copies of a job with its epochs; return their numbers."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM jobs WHERE id = ?", [job]).fetchone())
        records = [dict(each) for each in connection.execute("SELECT * FROM epochs WHERE job = ?", [row["number"]])]
        row["training"] = json.dumps(json.loads(row["training"]) | {"epochs": epochs})
        (last,) = connection.execute("SELECT max(number) FROM jobs").fetchone()
        numbers = list(range(last + 1, last + 1 + count))
        for number in numbers:
            name = f"job_{number:016x}"
            _insert(connection, "jobs", [row | {"number": number, "id": name, "model_name": name} | columns])
            _insert(connection, "epochs", [record | {"job": number} for record in records])
    return numbers


def _insert(connection: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    places = ", ".join("?" * len(names))
    quoted = ", ".join(f'"{name}"' for name in names)
    statement = f"INSERT INTO {table} ({quoted}) VALUES ({places})"  # noqa: S608 - names of the schema alone
    connection.executemany(statement, [list(row.values()) for row in rows])
