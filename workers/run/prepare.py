"""Prepares a run: reads its data in one transaction, fits the preprocessing, maps the rows and builds the network."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from service.backprop.activations import Linear
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.training.kernels import NUMPY, resolve
from service.backprop.training.rows import Rows
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import OptimizerState, TrainingState
from service.definitions.build import build_network, build_settings, engine_layers
from service.definitions.choices import build
from service.definitions.columns import Role, Table
from service.definitions.target_scaling import Reach
from service.preprocessing.batches import MappedRows, open_columns
from service.preprocessing.compatibility import class_weights_by_label, fitted_table
from service.preprocessing.fit import Preprocessing, fit
from service.preprocessing.missing import check_complete
from service.preprocessing.recoding import Recoding
from service.preprocessing.row_selection import InterruptibleRows, RowRanges, Selection
from service.preprocessing.splitting import Split, split
from service.preprocessing.stored_rows import StoredRows
from service.preprocessing.target_fitting import check_loss_takes
from service.services import Services
from service.store import datasets
from service.store.blobs.placement import read as read_bytes
from service.store.epoch_records import StoredBytes
from service.store.epochs import epochs
from service.store.jobs import fork_starts, jobs
from service.store.jobs.fork_starts import Start
from service.store.records import DatasetRecord, JobRecord

BEFORE_ALL = -1  # the epoch of a training state that holds an optimizer's state but precedes epoch 0


@dataclass(frozen=True)
class Prepared:
    """The network, settings and rows of a run; `resume` is the state to resume from, None for a new start.

    `test` are the rows that the version is measured on; None in a replay, which makes no version.
    """

    network: Network
    settings: TrainingSettings
    preprocessing: Preprocessing
    training: Rows
    validation: Rows | None
    test: Rows | None
    resume: TrainingState | None

    @property
    def spent_seconds(self) -> float:
        """The seconds spent on the epoch within which training resumes."""
        return 0.0 if self.resume is None or self.resume.partial_epoch is None else self.resume.partial_epoch.seconds

    @property
    def bytes_an_epoch(self) -> int:
        """The bytes of one stored epoch, including the optimizer's state in jobs that store it."""
        size = self.network.vector.nbytes
        if self.settings.keeps_states:
            slots, parameters = self.settings.optimizer.slots(self.network.parameters[:1]), self.network.parameters
            size += len(OptimizerState(0, slots).to_bytes()) + len(slots) * parameters[1:].nbytes
        return size


@dataclass(frozen=True)
class Found:
    """The stored data of a job: datasets, the state to resume from, what a fork begins with, and what was fitted."""

    dataset: DatasetRecord
    validation: DatasetRecord | None
    test: DatasetRecord | None
    state: StoredBytes | None
    start: Start | None
    fitted: Preprocessing | None


def prepare(services: Services, job: JobRecord, check: Callable[[], None]) -> Prepared:
    """Return the network, settings and rows of a job, read in one transaction.

    `check` is called between blocks of rows and after large reads; what it raises ends the preparation.
    """
    found = _find(services, job)
    dataset, kernels = found.dataset, resolve(services.settings.kernels)
    table, array = open_columns(services.blobs.path(dataset.address), dataset.table, job.columns)
    parts = _split(table, array, job, check)
    network = build_network(job.network, job.training.precision)
    preprocessing = _preprocessing(job, found.fitted, table, array, parts)
    resume = _begin(services, job, network, found, check)
    like = fitted_table(preprocessing, table)
    mapped = partial(_mapped, preprocessing=preprocessing, like=like, dtype=network.dtype, kernels=kernels)
    training = mapped(array, table, parts.training)
    given = job.training.class_weights
    weights = class_weights_by_label(given, job.targets.labels, array, table, parts.training, training.sample_weights)
    threads, scale = services.settings.threads, preprocessing.target_scale
    settings = build_settings(job.training, scale, weights, threads, kernels, job.draws_from, preprocessing.low)
    settings = _uncompiled_for_signs(settings, preprocessing, table)
    preprocessing = replace(
        preprocessing.with_class_weights(weights),
        threshold=settings.reading.threshold,
        columns_chosen=job.columns is not None,
        numbered_inputs=None if job.columns is None else job.columns.numbered,
    )

    def held_out(part: Selection | None, other: DatasetRecord | None) -> Rows | None:
        """Return rows that are not trained on, of this dataset or of all of another; None where there are none."""
        if part is not None:
            check_complete(table, array, part, preprocessing.missing)
            return mapped(array, table, part)
        if other is None:
            return None
        there, stored = open_columns(services.blobs.path(other.address), other.table, job.columns)
        return mapped(stored, there, InterruptibleRows(RowRanges(range(there.rows)), check))

    validation = held_out(parts.validation, found.validation)
    test = None if job.replay is not None else held_out(parts.test, found.test)
    return Prepared(network, settings, preprocessing, training, validation, test, resume)


def _mapped(
    array: StoredRows,
    table: Table,
    rows: Selection,
    preprocessing: Preprocessing,
    like: Table,
    dtype: np.dtype[Any],
    kernels: str,
) -> MappedRows:
    """Return rows of a dataset, transformed for a network whose preprocessing was fitted on the table `like`."""
    recoding = Recoding(table, like)
    return MappedRows(array, table, preprocessing, rows, dtype, recoding=recoding, kernels=kernels)


def _find(services: Services, job: JobRecord) -> Found:
    with services.database.read() as connection:
        fitted = job.preprocessing
        if fitted is None and job.replay_of is not None:  # it was queued by a release that fitted replays anew
            fitted = jobs.get_job(connection, job.replay_of).preprocessing
        return Found(
            datasets.get_dataset(connection, job.dataset.reference),
            None if job.validation is None else datasets.get_dataset(connection, job.validation.reference),
            None if job.test is None else datasets.get_dataset(connection, job.test.reference),
            epochs.load_resume_state(connection, job.number),
            fork_starts.load(connection, job.number),
            None if fitted is None else Preprocessing.from_dict(fitted),
        )


def _split(table: Table, array: StoredRows, job: JobRecord, check: Callable[[], None]) -> Split:
    """Return the rows by their use; `check` is called while any are read."""
    parts = split(table, array, job.splitting, check)

    def interruptible(rows: Selection | None) -> Selection | None:
        return None if rows is None else InterruptibleRows(rows, check)

    training = InterruptibleRows(parts.training, check)
    return Split(training, interruptible(parts.validation), interruptible(parts.test))


def _preprocessing(
    job: JobRecord, fitted: Preprocessing | None, table: Table, array: StoredRows, parts: Split
) -> Preprocessing:
    """Fit on the training rows, unless it is stored: then every attempt, fork and replay uses what was fitted first.

    So a rule that decides what `auto` becomes may change without changing a job that has started.
    """
    output = engine_layers(job.network)[-1].last_activation() or Linear()
    reach = Reach(output, build(LOSSES, job.training.loss))
    rows = parts.training
    if fitted is None:
        targets, choice = job.targets, job.training.preprocessing.model_dump()
        single = targets.are_classes and targets.outputs == 1
        preprocessing = fit(table, array, rows, choice, targets.labels, single, targets.low, reach)
    else:
        # its models predict in the units of its own dataset; what an older release stored has no scale
        preprocessing = replace(fitted, scale=table.scale)
        check_complete(table, array, rows, preprocessing.missing)
    if preprocessing.labels is None and job.epoch is None and job.replay_of is None:
        for part in (parts.training, parts.validation, parts.test):
            if part is not None:
                check_loss_takes(table, array, part, reach.loss, preprocessing.target_scales)
    return preprocessing


def _uncompiled_for_signs(settings: TrainingSettings, preprocessing: Preprocessing, table: Table) -> TrainingSettings:
    """Have NumPy train towards targets of -1 with a hinge loss, as the compiled steps know it for 0 and 1 only."""
    columns = table.having(Role.TARGET) if preprocessing.labels is None else ()
    are_signs = preprocessing.low < 0 or any(column.minimum is not None and column.minimum < 0 for column in columns)
    return replace(settings, kernels=NUMPY) if settings.loss.sign_targets and are_signs else settings


def _begin(
    services: Services, job: JobRecord, network: Network, found: Found, check: Callable[[], None]
) -> TrainingState | None:
    """Return the state to resume from; None when training begins with the network, whose parameters are set here.

    They are drawn at random or, for a fork, copied from its parent.
    """

    def read(stored: StoredBytes) -> bytes:
        data = read_bytes(services.blobs, stored)
        if stored.address is not None:  # a blob is large
            check()
        return data

    if found.state is not None:
        return TrainingState.from_bytes(read(found.state))
    if found.start is None or job.forked_from is None:
        network.initialize(job.training.seed)
        return None
    parent = build_network(job.network, job.forked_from.precision)
    parent.load(read(found.start.parameters))
    with np.errstate(over="ignore"):  # overflow to float32 is reported at epoch 0
        network.vector[...] = parent.vector
    if found.start.optimizer is None:
        return None
    state = OptimizerState.from_bytes(read(found.start.optimizer))
    return TrainingState(BEFORE_ALL, state.steps, 0, math.inf, network.vector, state.slots, {})
