"""Databases of an old release as tests compare them: what they hold, and where two answers differ."""

import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sqlalchemy import Connection, create_engine, inspect, text

from tests.conftest import Backends


def difference(found: Any, recorded: Any, tolerance: float = 0.0, at: str = "") -> str | None:
    """Where an answer first differs from the recorded one, or None.

    It may have more keys. The words of problems, and of why a job waits, may be others.
    """
    if isinstance(found, dict) and isinstance(recorded, dict):
        free = {"detail", "title", "errors"} if "type" in recorded and "detail" in recorded else set()
        free |= {"reason"} if recorded.keys() == {"position", "reason"} else set()
        for key in recorded.keys() - free:
            if key not in found:
                return f"{at}/{key} is missing"
            if different := difference(found[key], recorded[key], tolerance, f"{at}/{key}"):
                return different
        return None
    if isinstance(found, list) and isinstance(recorded, list):
        for index, (left, right) in enumerate(zip(found, recorded, strict=False)):
            if different := difference(left, right, tolerance, f"{at}/{index}"):
                return different
        return None if len(found) == len(recorded) else f"{at}: {len(found)} entries instead of {len(recorded)}"
    if tolerance and isinstance(found, float) and isinstance(recorded, float):
        is_same = math.isclose(found, recorded, rel_tol=tolerance, abs_tol=tolerance)
    else:
        is_same = type(found) is type(recorded) and found == recorded
    return None if is_same else f"{at}: {found!r} instead of {recorded!r}"


@contextmanager
def opened(backends: Backends) -> Iterator[Connection]:
    """A transaction on the database, without anything of the service."""
    engine = create_engine(backends.database_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def contents(connection: Connection) -> dict[str, Any]:
    """All rows by table of the old schema; the epochs of both of its tables together, by job and number."""
    tables = {name: rows_of(connection, name) for name in inspect(connection).get_table_names()}
    epochs = {(row["job"], row["epoch"]): plain(row) for row in tables.pop("epochs")}
    for run in tables.pop("epoch_runs"):
        epochs |= {(run["job"], epoch["epoch"]): epoch for epoch in epochs_of(run)}
    return {"epochs": epochs, **{name: sorted(map(in_words, rows)) for name, rows in tables.items()}}


def in_words(row: dict[str, Any]) -> str:
    """A row, whatever the order of its columns, without `jobs.batches`: nothing read it, and 0007 drops it."""
    return repr(sorted((name, value) for name, value in row.items() if name != "batches"))


def rows_of(connection: Connection, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """An epoch's row as both databases have it."""
    documents = ("training_metrics", "validation_metrics")
    read = {name: json.loads(row[name]) if isinstance(row[name], str) else row[name] for name in documents}
    return {**row, **read, "parameters_stored": bool(row["parameters_stored"])}


def epochs_of(run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The epochs of a run, each as its own row would have it."""
    with np.load(io.BytesIO(run["columns"]), allow_pickle=False) as archive:
        columns = {name: archive[name] for name in archive.files}
    metrics = {name.removeprefix("metric_"): columns[name].tolist() for name in columns if name.startswith("metric_")}
    for index, loss in enumerate(columns["training_loss"].tolist()):
        values = {name: values[index] for name, values in metrics.items()}
        yield {
            "job": run["job"],
            "epoch": run["first_epoch"] + index,
            "training_loss": loss,
            "validation_loss": None,
            "training_metrics": {name: value if math.isfinite(value) else None for name, value in values.items()},
            "validation_metrics": {},
            "learning_rate": run["learning_rate"],
            "seconds": run["seconds"],
            "parameters_stored": bool(columns["parameters_stored"][index]),
            "sha256": columns["sha256"][index].tobytes().hex(),
        }
