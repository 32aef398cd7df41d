"""The batch of rows for an explanation: rows of the request, or of the job's dataset."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.losses import Loss
from service.definitions.columns import Role, Table
from service.definitions.explaining import NetworkTraceRequest, TraceRequest
from service.definitions.guessing import guess, show
from service.errors import Conflict, Fault, Invalid, NotFound
from service.explain.subjects import Subject
from service.preprocessing.batches import MappedRows, open_columns
from service.preprocessing.compatibility import fitted_table
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import spellings_of
from service.preprocessing.prediction_rows import refuse_unknown, rows_from_lists, rows_from_objects
from service.preprocessing.recoding import Recoding
from service.preprocessing.row_selection import RowList, RowRanges, Selection, smallest_type
from service.preprocessing.splitting import split
from service.preprocessing.stored_rows import StoredRows
from service.services import Services
from service.store import datasets
from service.store.records import JobRecord

FLOAT64 = np.dtype("<f8")


@dataclass(frozen=True)
class Batch:
    """Rows X (rows, inputs), targets Y (rows, outputs) and weights of rows (rows,)."""

    X: FloatArray
    Y: FloatArray
    samples: FloatArray | None = None


def requested_batch(services: Services, subject: Subject, request: TraceRequest | NetworkTraceRequest) -> Batch:
    """Return the request's rows, preprocessed as in training; raise `Invalid` with a pointer to each fault."""
    if isinstance(request, TraceRequest) and request.row is not None:
        return _one_row(services, subject, request.row)
    instances, targets = request.instances or [], request.targets or []
    preprocessing = subject.preprocessing
    as_objects = isinstance(instances[0], dict)
    rows = (rows_from_objects if as_objects else rows_from_lists)(preprocessing, instances, "instances")
    refuse_unknown(preprocessing, rows, "instances", as_objects)
    X = np.empty((len(rows.values), preprocessing.features))
    with np.errstate(over="ignore", invalid="ignore"):
        preprocessing.transform_sent(rows.values, X)
    loss = None if subject.settings is None else subject.settings.loss
    return Batch(X, _targets(preprocessing, targets, subject.network.outputs, loss))


def _targets(preprocessing: Preprocessing, targets: list[Any], outputs: int, loss: Loss | None) -> FloatArray:
    faults: list[Fault] = []
    Y = np.zeros((len(targets), outputs))
    for number, given in enumerate(targets):
        where = f"#/targets/{number}"
        if preprocessing.labels is not None:
            _class(preprocessing, given, where, Y[number], faults)
        else:
            _values(given, where, Y[number], faults)
        if preprocessing.target_values == "none":
            faults += _not_taken(Y[number], where, loss)
    if faults:
        raise Invalid.from_faults(faults)
    if preprocessing.labels is None:
        with np.errstate(over="ignore", invalid="ignore"):
            preprocessing.transform_targets(Y.copy(), Y)
    return Y


def _values(given: Any, where: str, out: FloatArray, faults: list[Fault]) -> None:
    """Read one number for each output; a single number may be given without brackets."""
    row = given if isinstance(given, list) else [given]
    if len(row) != len(out):
        faults.append(Fault(f"must have {len(out)} values, one an output, got {len(row)}", pointer=where))
        return
    for index, value in enumerate(row):
        try:
            if type(value) not in (int, float):
                raise ValueError
            out[index] = float(value)
        except (ValueError, OverflowError):
            faults.append(Fault(f"must be a finite number, got {show(value)}", pointer=f"{where}/{index}"))


def _not_taken(values: FloatArray, where: str, loss: Loss | None) -> Iterator[Fault]:
    """Yield a fault for each value that the loss does not take."""
    for index, value in enumerate(values.tolist()):
        if loss is not None and loss.unit_targets and not 0 <= value <= 1:
            yield Fault(f"must lie from 0 to 1 for {loss.name}, got {value:g}", pointer=f"{where}/{index}")
        elif loss is not None and loss.sign_targets and value not in (-1, 0, 1):
            yield Fault(f"must be -1, 0 or 1 for {loss.name}, got {value:g}", pointer=f"{where}/{index}")


def _class(preprocessing: Preprocessing, given: Any, where: str, out: FloatArray, faults: list[Fault]) -> None:
    """Read the label of a class, with or without brackets, or one number for each output."""
    labels = preprocessing.labels or ()
    row = given if isinstance(given, list) else [given]
    if len(row) == len(out) > 1 or (len(row) == 1 and type(row[0]) is float and not row[0].is_integer()):
        _values(row, where, out, faults)
        return
    label = row[0] if row else None
    if isinstance(label, bool):
        spellings = spellings_of(label, labels)
        label = spellings[0] if len(spellings) == 1 else str(label).lower()
    if len(row) != 1 or label not in labels:
        words = guess(label, [str(known) for known in labels[:100]])
        faults.append(Fault(f"{show(label if len(row) == 1 else given)} is no class{words}", pointer=where))
    elif len(out) == 1:
        out[0] = preprocessing.single_target(labels.index(label))
    else:
        out[labels.index(label)] = 1.0


@dataclass(frozen=True)
class JobRows:
    """A job and the rows of the dataset it was trained on, with the columns that it used."""

    job: JobRecord
    name: str
    table: Table
    array: StoredRows


def rows_of(services: Services, subject: Subject) -> JobRows:
    """Return the job and the rows of the dataset it was trained on.

    Raises
    ------
    Conflict
        When the job or its version of the dataset was deleted, or another dataset has its name.
    """
    job = subject.job
    if job is None:
        raise Conflict("the job that trained this version is gone, and with it which dataset it was trained on")
    with services.database.read() as connection:
        try:
            dataset = datasets.get_dataset(connection, job.dataset.reference)
        except NotFound:
            absence = datasets.absence_of(connection, job.dataset)
            raise Conflict(f"dataset {absence}, so its rows cannot be read") from None
    replaced = Conflict(f"dataset `{job.dataset.name}` was replaced since the job was trained on it")
    if job.dataset.sha256 not in (None, dataset.table.sha256):
        raise replaced
    table, array = open_columns(services.blobs.path(dataset.address), dataset.table, job.columns)
    preprocessing = subject.preprocessing
    inputs = [(column.name, column.type) for column in table.having(Role.INPUT)]
    targets = [column.name for column in table.having(Role.TARGET)]
    fits = inputs == [(column.name, column.type) for column in preprocessing.inputs]
    if not fits or targets != [target.name for target in preprocessing.targets]:
        raise replaced
    return JobRows(job, dataset.name, table, array)


def _one_row(services: Services, subject: Subject, row: int) -> Batch:
    """Return a row of the job's dataset, counted from 0 as in the list of its rows."""
    stored = rows_of(services, subject)
    if row >= stored.table.rows:
        detail = f"must be below {stored.table.rows:,}, the rows of `{stored.name}`, got {row:,}"
        raise Invalid.at("#/row", detail)
    batch = _gather(subject, stored, RowRanges(range(row, row + 1)))
    if not (np.isfinite(batch.X).all() and np.isfinite(batch.Y).all()):
        raise Invalid.at("#/row", f"row {row} has a missing value that was not filled in training")
    return batch


def first_training_rows(services: Services, subject: Subject, most: int) -> Batch:
    """Return the first training rows of the job, at most `most`: those that the loss of epoch 0 is computed on."""
    stored = rows_of(services, subject)
    training = split(stored.table, stored.array, stored.job.splitting).training
    indices = training.at(np.arange(min(most, len(training)), dtype=np.intp))
    return _gather(subject, stored, RowList(indices.astype(smallest_type(stored.table.rows))))


def training_rows(table: Table, job: JobRecord) -> int:
    """Return an upper bound of the rows of a dataset that a job was trained on, without reading them."""
    start, end = job.training.rows or (0, table.rows)
    return end - start


def _gather(subject: Subject, stored: JobRows, rows: Selection) -> Batch:
    recoding = Recoding(stored.table, fitted_table(subject.preprocessing, stored.table))
    mapped = MappedRows(stored.array, stored.table, subject.preprocessing, rows, FLOAT64, recoding=recoding)
    X = np.empty((len(rows), subject.preprocessing.features))
    Y = np.empty((len(rows), subject.preprocessing.outputs))
    mapped.gather(np.arange(len(rows), dtype=np.intp), X, Y)
    return Batch(X, Y, mapped.sample_weights)
