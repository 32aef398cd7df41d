"""What was fitted for a job, with the scale of its dataset, and with the ranges of its columns for its versions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from service.definitions.columns import Column, ColumnType
from service.errors import NotFound
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn
from service.store import datasets
from service.store.database import Connection
from service.store.records import DatasetUse

Fitted = dict[str, Any]  # the stored record of a `Preprocessing`


def read_fitted(connection: Connection, job_id: str | None, record: Fitted) -> Preprocessing:
    """Return what was fitted for a job, of its stored `record`; None where parameters came from outside."""
    return Preprocessing.from_dict(with_scales(connection, [(job_id, record)])[0])


def with_ranges(connection: Connection, fitted: Preprocessing, dataset: DatasetUse) -> Preprocessing:
    """Return what was fitted with the minimum, maximum and mean of the dataset's columns, if it is still there."""
    try:
        table = datasets.get_dataset(connection, dataset.reference).table
    except NotFound:
        return fitted
    columns = {column.name: column for column in table.columns if column.type is ColumnType.NUMBER}
    return replace(fitted, inputs=tuple(_with_range(column, columns.get(column.name)) for column in fitted.inputs))


def _with_range(fitted: InputColumn, column: Column | None) -> InputColumn:
    if column is None:
        return fitted
    return replace(fitted, minimum=column.minimum, maximum=column.maximum, mean=column.mean)


def with_scales(connection: Connection, stored: Sequence[tuple[str | None, Fitted]]) -> list[Fitted]:
    """Return stored records, each given with its job's id, with the scale of the job's dataset.

    The scale of a record that lacks it is None when the job or its dataset is gone. One query reads all of them.
    """
    lacking = [job_id for job_id, record in stored if job_id is not None and "scale" not in record]
    scales = datasets.scales_of_jobs(connection, lacking) if lacking else {}
    return [{"scale": None if job_id is None else scales.get(job_id), **record} for job_id, record in stored]
