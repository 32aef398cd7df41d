"""Conversion between rows of the table `jobs` and `JobRecord`, and between typed records and the JSON of columns."""

from dataclasses import astuple, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func

from service.definitions.base import Stored
from service.definitions.dataset_names import DatasetReference
from service.definitions.job_columns import JobColumns
from service.definitions.job_parts import Failure, ForkedFrom, Promote, Promoted, Replay, Stopped
from service.definitions.resolved import ResolvedTraining, Targets
from service.definitions.webhooks import Notified
from service.store.job_records import JobSummary
from service.store.records import DatasetUse, JobRecord, NewJob, OnOtherMachine, Request, Status
from service.store.tables import jobs

RENAMED = {"metadata": "extra"}  # fields whose column has another name
USES = {  # fields whose columns are the name, the version and the hash of a dataset
    field: tuple(f"{field}_{part.name}" for part in fields(DatasetUse)) for field in ("dataset", "validation", "test")
}

# The parts of `training` that may name a dataset. The version stands in columns alone, by which uses are looked up.
PARTS_WITH_DATASET = ("validation", "test")


def _columns(field: str) -> tuple[str, ...]:
    """Return the names of the columns of a field."""
    return USES.get(field) or (RENAMED.get(field, field),)


OF_FIELDS = {field.name: tuple(jobs.c[column] for column in _columns(field.name)) for field in fields(JobRecord)}
OF_USES = {name: columns for name, columns in OF_FIELDS.items() if name in USES}
OF_OTHERS = {name: columns[0] for name, columns in OF_FIELDS.items() if name not in USES}
COLUMNS = tuple(column for columns in OF_FIELDS.values() for column in columns)  # what a record needs
# of a replay, the last epoch of the job that it repeats; the database reads the one number out of its JSON
FINAL_EPOCH = func.coalesce(jobs.c.replay["through"].as_integer(), jobs.c.training["epochs"].as_integer())
SUMMARY_FIELDS = tuple(field.name for field in fields(JobSummary))
SUMMARY_COLUMNS = tuple(  # in the order of the summary's fields
    FINAL_EPOCH if name == "final_epoch" else jobs.c[RENAMED.get(name, name)] for name in SUMMARY_FIELDS
)


def columns_of(new: NewJob) -> dict[str, Any]:
    """Return the fields of a new job by the names of their columns."""
    values: dict[str, Any] = {}
    for field in fields(new):
        value, columns = getattr(new, field.name), _columns(field.name)
        parts = (value,) if field.name not in USES else (None,) * len(columns) if value is None else astuple(value)
        values |= zip(columns, parts, strict=True)
    return values


def job_of(row: Row[*tuple[Any, ...]]) -> JobRecord:
    """Return the record of a row that has at least `COLUMNS`."""
    value = row._mapping.__getitem__
    values = {name: value(column) for name, column in OF_OTHERS.items()}
    uses = {name: _use(*map(value, columns)) for name, columns in OF_USES.items()}
    requested = values["requested"]
    typed = {
        "status": Status(values["status"]),
        "requested": None if requested is None else Request(requested),
        "on_other_machine": OnOtherMachine(values["on_other_machine"]),
        "training": _with_versions(ResolvedTraining.from_json(values["training"]), uses),
        "targets": Targets.from_json(values["targets"]),
        "error": Failure.from_json_if_any(values["error"]),
        "stopped": Stopped.from_json_if_any(values["stopped"]),
        "forked_from": ForkedFrom.from_json_if_any(values["forked_from"]),
        "replay": Replay.from_json_if_any(values["replay"]),
        "promote": Promote.from_json_if_any(values["promote"]),
        "promoted": Promoted.from_json_if_any(values["promoted"]),
        "notify": Notified.from_json_if_any(values["notify"]),
        "columns": JobColumns.from_json_if_any(values["columns"]),
    }
    return JobRecord(**{**values, **uses, **typed})


def inserted(new: NewJob, number: int, tenant: int, job_id: str, now: datetime) -> JobRecord:
    """Return the record of a job that was just inserted, which its row would be read as."""
    uses = {name: getattr(new, name) for name in OF_USES}
    given = {field.name: getattr(new, field.name) for field in fields(new)}
    typed = {
        "on_other_machine": OnOtherMachine(new.on_other_machine),
        "training": _with_versions(new.training, uses),
        "model_name": new.model_name or job_id,
    }
    nothing = dict.fromkeys(OF_OTHERS)
    initial = {"warnings": [], "attempt": 0, "stored_attempt": 0, "training_seconds": 0.0}
    made = {"number": number, "tenant": tenant, "id": job_id, "status": Status.QUEUED, "created_at": now}
    return JobRecord(**{**nothing, **initial, **made, **given, **typed})


def summary_of(row: Row[*tuple[Any, ...]]) -> JobSummary:
    """Return the summary in a row of exactly `SUMMARY_COLUMNS`."""
    values = dict(zip(SUMMARY_FIELDS, row, strict=True))
    requested = values["requested"]
    typed = {
        "status": Status(values["status"]),
        "requested": None if requested is None else Request(requested),
        "on_other_machine": OnOtherMachine(values["on_other_machine"]),
        "error": Failure.from_json_if_any(values["error"]),
    }
    return JobSummary(**{**values, **typed})


def _use(name: str | None, version: int, sha256: str | None) -> DatasetUse | None:
    return None if name is None else DatasetUse(name, version, sha256)


def _with_versions(training: ResolvedTraining, uses: dict[str, DatasetUse | None]) -> ResolvedTraining:
    """Return a job's training with the versions of the datasets it names, which its JSON does not have."""
    for part in PARTS_WITH_DATASET:
        use = uses[part]
        if use is not None:
            training = training.with_dataset(part, use.reference)
    return training


def to_json(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of columns with typed records replaced by JSON."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, ResolvedTraining):
        for part in PARTS_WITH_DATASET:
            choice = getattr(value, part)
            if choice is not None and choice.dataset is not None:
                value = value.with_dataset(part, DatasetReference(choice.reference().name))
    return value.to_json() if isinstance(value, Stored) else value
