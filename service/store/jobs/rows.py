"""Conversion between rows of the table `jobs` and `JobRecord`, and between typed records and the JSON of columns."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from service.definitions.base import Stored
from service.definitions.job_columns import JobColumns
from service.definitions.job_parts import Failure, ForkedFrom, Replay, Stopped
from service.definitions.resolved import ResolvedTraining, Targets
from service.store.records import JobRecord, NewJob, OnOtherMachine, Request, Status
from service.store.tables import jobs

RENAMED = {"metadata": "extra"}  # fields whose column has another name
COLUMNS = tuple(jobs.c[RENAMED.get(field.name, field.name)] for field in fields(JobRecord))  # what a record needs


def columns_of(new: NewJob) -> dict[str, Any]:
    """Return the fields of a new job by the names of their columns."""
    return {RENAMED.get(field.name, field.name): getattr(new, field.name) for field in fields(new)}


def job_of(row: Row[*tuple[Any, ...]]) -> JobRecord:
    """Return the record of a row that has at least `COLUMNS`."""
    values = {field.name: row._mapping[RENAMED.get(field.name, field.name)] for field in fields(JobRecord)}
    requested = values["requested"]
    typed = {
        "status": Status(values["status"]),
        "requested": None if requested is None else Request(requested),
        "on_other_machine": OnOtherMachine(values["on_other_machine"]),
        "training": ResolvedTraining.from_json(values["training"]),
        "targets": Targets.from_json(values["targets"]),
        "error": Failure.from_json_if_any(values["error"]),
        "stopped": Stopped.from_json_if_any(values["stopped"]),
        "forked_from": ForkedFrom.from_json_if_any(values["forked_from"]),
        "replay": Replay.from_json_if_any(values["replay"]),
        "columns": JobColumns.from_json_if_any(values["columns"]),
    }
    return JobRecord(**{**values, **typed})


def to_json(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of columns with typed records replaced by JSON."""
    return {name: value.to_json() if isinstance(value, Stored) else value for name, value in values.items()}
