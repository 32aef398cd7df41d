"""Conversion between rows of the table `predictions` and `PredictionRecord`."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from service.definitions.base import json_of
from service.definitions.job_parts import Failure
from service.definitions.webhooks import Notified
from service.store.prediction_records import NewPrediction, PredictionRecord
from service.store.records import DatasetUse, Request, Status
from service.store.tables import predictions

DATASET = ("dataset_name", "dataset_version", "dataset_sha256")
RENAMED = {"metadata": "extra"}
NAMES = tuple(field.name for field in fields(PredictionRecord) if field.name != "dataset")
COLUMNS = tuple(predictions.c[name] for name in (*(RENAMED.get(name, name) for name in NAMES), *DATASET))


def columns_of(new: NewPrediction) -> dict[str, Any]:
    """Return the fields of a new prediction by the names of their columns."""
    values = {RENAMED.get(field.name, field.name): getattr(new, field.name) for field in fields(new)}
    values["notify"] = json_of(new.notify)
    dataset: DatasetUse = values.pop("dataset")
    return values | dict(zip(DATASET, (dataset.name, dataset.version, dataset.sha256), strict=True))


def prediction_of(row: Row[*tuple[Any, ...]]) -> PredictionRecord:
    """Return the record of a row that has at least `COLUMNS`."""
    values = {name: row._mapping[RENAMED.get(name, name)] for name in NAMES}
    values["status"] = Status(values["status"])
    values["requested"] = None if values["requested"] is None else Request(values["requested"])
    values["error"] = Failure.from_json_if_any(values["error"])
    values["notify"] = Notified.from_json_if_any(values["notify"])
    return PredictionRecord(**values, dataset=DatasetUse(*(row._mapping[name] for name in DATASET)))
