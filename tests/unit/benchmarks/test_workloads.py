"""The workloads are jobs that the service takes, and the engine trains the networks they name."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.contenders import kinds
from benchmarks.engine import built
from benchmarks.standings import JAX_SCANNED, OURS, PEERS
from benchmarks.train import PAGE
from benchmarks.workloads import WORKLOADS, Workload, tabular_arrays, xor_arrays
from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.network import NetworkRequest
from service.definitions.requests import JobRequest
from service.definitions.resolve import resolve
from service.definitions.validation import check

each = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.key)


def table(workload: Workload) -> Table:
    """What the service knows of the uploaded dataset, as far as it matters here."""
    whole = {"mnist": tuple(map(float, range(10))), "xor": (0.0, 1.0), "tabular": None}[workload.data]
    inputs = [Column(f"x{index}", Role.INPUT, ColumnType.NUMBER) for index in range(workload.sizes[0])]
    target = Column("y", Role.TARGET, ColumnType.NUMBER, whole_values=whole)
    rows = 60_000 if workload.data == "mnist" else workload.rows
    return Table(rows, (*inputs, target), "float32", 1.0, "0" * 64, 0)


@each
def test_a_workload_resolves_to_what_it_says(workload: Workload) -> None:
    job = check(JobRequest, workload.job(seed=1))
    assert isinstance(job.network, NetworkRequest)
    resolved = resolve(job.network.definition(), table(workload), job.training, 1, 10_000_000)
    training = resolved.training.to_json()
    assert resolved.training_rows == workload.rows
    assert resolved.targets.outputs == workload.sizes[-1]
    assert (training["batch_size"], training["epochs"]) == (workload.batch_size, workload.epochs)
    assert (training["validation"], training["metrics"], training["shuffle"]) == (None, [], True)
    assert (training["precision"], training["store_parameters"]["every"]) == ("float32", 1)


@each
def test_the_engine_is_set_up_as_the_job_is(workload: Workload) -> None:
    network, settings = built(workload)
    sizes = workload.sizes
    assert network.parameters.size == sum((a + 1) * b for a, b in pairwise(sizes))
    assert (settings.loss.name, settings.optimizer.name) == (workload.loss, workload.optimizer["type"])
    assert (settings.batch_size, settings.metrics, settings.shuffle) == (workload.batch_size, (), True)


def test_what_a_workload_adds_goes_into_its_training() -> None:
    extra = Workload(**{**vars(WORKLOADS[0]), "training_extra": {"batch_size": 2}})
    assert extra.job(seed=1)["training"]["batch_size"] == 2


@each
def test_every_contender_has_a_column(workload: Workload) -> None:
    names = {kind.name for kind in kinds(workload)}
    assert names < {*OURS, *PEERS}
    assert (JAX_SCANNED in names) == (workload.scanned is not None)


def test_many_epochs_in_one_call_are_named_by_their_column() -> None:
    assert {f"JAX, {workload.scanned:,} epochs a call" for workload in WORKLOADS if workload.scanned} == {JAX_SCANNED}


@each
def test_the_page_lists_the_workload(workload: Workload) -> None:
    assert f"`{workload.key}`" in PAGE.read_text(encoding="utf-8")


def test_made_data_is_the_same_every_time() -> None:
    X, y = tabular_arrays()
    again = tabular_arrays()
    assert (X.shape, y.shape, X.dtype, y.dtype) == ((200_000, 20), (200_000, 1), np.float32, np.float32)
    assert np.array_equal(X, again[0]) and np.array_equal(y, again[1])
    assert [array.shape for array in xor_arrays()] == [(4, 2), (4, 1)]
