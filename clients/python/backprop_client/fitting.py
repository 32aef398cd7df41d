"""One fit of an estimator: upload, train, read the curve, and delete from the service what is not to be kept."""

import csv
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from backprop_client.client import Client
from backprop_client.content import spool
from backprop_client.errors import BackpropError, JobFailed
from backprop_client.types import ENDED, Epoch, Job, Stopped

log = logging.getLogger(__name__)

DIGITS = "%.17g"  # which a float64 survives
METADATA = {"made_by": "backprop_client.sklearn"}


@dataclass(frozen=True)
class Table:
    """The rows of a fit.

    Attributes
    ----------
    inputs
        An array (rows, inputs).
    targets
        An array (rows,) or (rows, outputs).
    weights
        An array (rows,), or None.
    names
        Those of the inputs, or None.
    target_type
        `class` or `value`.
    """

    inputs: Any
    targets: Any
    weights: Any
    names: Sequence[str] | None
    target_type: str


@dataclass(frozen=True)
class Fitted:
    """What a fit came to; `epochs` are the records from epoch 1 on."""

    model: str
    version: int
    job: str
    epochs: list[Epoch]
    last_epoch: int
    epochs_asked: int
    best_epoch: int | None
    stopped: Stopped | None


def fit_on_service(
    client: Client,
    table: Table,
    *,
    network: Mapping[str, Any],
    training: Mapping[str, Any],
    model: str | None,
    keep: bool,
    progress: Callable[[Job], object] | None,
) -> Fitted:
    """Train a network; the dataset and the job are deleted again unless `keep`, also when something fails."""
    dataset = upload(client, table)
    job_id = None
    try:
        job = client.jobs.create(dataset, network=network, model=model, training=training, metadata=METADATA)
        job_id = job["id"]
        job = client.jobs.wait(job, progress=progress)
        version = job["model"]["version"]
        if version is None:  # somebody has paused it
            raise JobFailed(job)
        return Fitted(
            job["model"]["name"],
            version,
            job_id,
            list(client.jobs.epochs(job_id, after=0)),
            job["progress"]["epoch"],
            job["progress"]["epochs"],
            job["best_epoch"],
            job["stopped"],
        )
    finally:
        if not keep:
            _clean_up(client, dataset, job_id)


def _clean_up(client: Client, dataset: str, job: str | None) -> None:
    """Delete a job, which is cancelled first if it has not ended, and its dataset."""
    try:
        if job is not None:
            if client.jobs.get(job)["status"] not in ENDED:
                client.jobs.cancel(job)
                client.jobs.wait(job, check=False)
            client.jobs.delete(job)
        client.datasets.delete(dataset)
    except BackpropError as error:
        log.warning("job %s and dataset %s stay on the service: %s", job, dataset, error)


def upload(client: Client, table: Table) -> str:
    """Store the rows as a dataset with a name that is made up; return the name."""
    if table.names is None and table.weights is None:
        return client.datasets.upload(table.inputs, table.targets, target_type=table.target_type)["name"]
    targets = table.targets.reshape(len(table.targets), -1)
    inputs = table.names or [f"input_{number}" for number in range(1, table.inputs.shape[1] + 1)]
    taken = set(inputs)
    named = [_free(f"target_{number}" if targets.shape[1] > 1 else "target", taken) for number in _count(targets)]
    columns, weight = [table.inputs, targets], None
    if table.weights is not None:
        weight = _free("weight", taken)
        columns.append(table.weights.reshape(-1, 1))
    with spool() as file:
        _write_csv(file, [*inputs, *named, *([weight] if weight else [])], np.hstack(columns))
        file.seek(0)
        stored = client.datasets.upload(
            file,
            target=named,
            weight=weight,
            target_type=table.target_type,
            delimiter="comma",
            header=True,
            decimal=".",
        )
    return stored["name"]


def _count(targets: Any) -> range:
    return range(1, targets.shape[1] + 1)


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no column has, and take it."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _write_csv(file: IO[bytes], names: Sequence[str], rows: Any) -> None:
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(names)
    file.write(header.getvalue().encode())
    np.savetxt(file, rows, DIGITS, ",")
