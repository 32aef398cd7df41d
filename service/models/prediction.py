"""Predicting with trained networks: a version, or any stored epoch of any job, kept warm once loaded."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.backprop.network import Network
from service.definitions.build import build_network
from service.definitions.columns import ColumnType
from service.definitions.requests import PredictRequest
from service.errors import Conflict, Invalid, NotFound
from service.jobs.stored_parameters import parameter_bytes, parameters_of
from service.preprocessing.fit import Preprocessing
from service.preprocessing.plain_rows import plain_rows
from service.preprocessing.prediction_rows import rows_from_lists, rows_from_objects
from service.services import Services
from service.store import models
from service.store.blobs.placement import read as read_bytes

WARM_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Trained:
    """A network ready to predict. `version` is None for an epoch of a job."""

    name: str
    version: int | None
    epoch: int
    network: Network
    preprocessing: Preprocessing


class ModelCache:
    """Trained networks by key, the least recently used dropped first; what a key means never changes.

    `one_large` is held while something is computed that takes many times a large network's memory.
    """

    def __init__(self, max_bytes: int = WARM_BYTES) -> None:
        self.max_bytes = max_bytes
        self.one_large = threading.Lock()
        self._held: OrderedDict[tuple[str, int | None, int], Trained] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, int | None, int]) -> Trained | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: tuple[str, int | None, int], trained: Trained) -> None:
        with self._lock:
            if key in self._held:
                return
            self._held[key] = trained
            self._bytes += trained.network.vector.nbytes
            while self._bytes > self.max_bytes and len(self._held) > 1:
                _, gone = self._held.popitem(last=False)
                self._bytes -= gone.network.vector.nbytes


def version_of(
    services: Services, model_cache: ModelCache, name: str, version: int | None, epoch: str | None
) -> Trained:
    """A version of a model, the latest without one; with `epoch`, the network as its job had it then."""
    with services.database.read() as connection:
        record = models.get_version(connection, name, version)
    if epoch is not None:
        trained = epoch_of(services, model_cache, record.job_id, epoch)
        return Trained(name, record.version, trained.epoch, trained.network, trained.preprocessing)
    # the job's id is in the key: a model that was deleted and made anew starts at version 1 again
    key = (f"{name} {record.job_id}", record.version, record.epoch)
    held = model_cache.get(key)
    if held is not None:
        return held
    with services.database.read() as connection:
        stored = models.version_bytes(connection, name, record.version)
    network = build_network(record.network, record.precision)
    network.load(read_bytes(services.blobs, stored))
    trained = Trained(name, record.version, record.epoch, network, Preprocessing.from_dict(record.preprocessing))
    model_cache.put(key, trained)
    return trained


def epoch_of(services: Services, model_cache: ModelCache, job_id: str, epoch: str) -> Trained:
    """The network as a job had it after an epoch; of running and failed jobs too."""
    job, stored = parameters_of(services, job_id, epoch)
    if job.preprocessing is None:
        raise Conflict(f"job `{job_id}` has not started yet")
    key = (job_id, None, stored.epoch)
    held = model_cache.get(key)
    if held is not None:
        return held
    network = build_network(job.network, job.training.precision)
    network.load(parameter_bytes(services, job, stored))
    trained = Trained(job.model_name, None, stored.epoch, network, Preprocessing.from_dict(job.preprocessing))
    model_cache.put(key, trained)
    return trained


@dataclass(frozen=True)
class RawRows:
    """Rows to predict as raw input columns (n, columns), and how they came: `ignored` names what is no column."""

    values: NDArray[np.float64]
    field: str = "instances"
    as_objects: bool = False
    ignored: tuple[str, ...] = ()


def predict(trained: Trained, rows: RawRows) -> dict[str, Any]:
    """Predictions as TensorFlow Serving's row format has them, and this service's labels beside."""
    A = outputs(trained, rows)
    labels = trained.preprocessing.label_of(A)
    values = trained.preprocessing.restore(A)
    answer: dict[str, Any] = {
        "predictions" if rows.field == "instances" else "outputs": _objects(trained, values, labels)
        if rows.as_objects
        else values,
        "labels": labels,
        "model": trained.name,
        "version": trained.version,
        "epoch": trained.epoch,
    }
    return {**answer, "ignored": rows.ignored} if rows.ignored else answer


def plain_raw_rows(trained: Trained, body: bytes) -> RawRows | None:
    """The rows of a JSON body that holds nothing but numbers, for a network that takes only those; else None."""
    columns = trained.preprocessing.inputs
    if any(column.type is not ColumnType.NUMBER for column in columns):
        return None
    plain = plain_rows(body, len(columns))
    return None if plain is None else RawRows(plain[1], plain[0])


def raw_rows(trained: Trained, request: PredictRequest) -> RawRows:
    """The request's rows as raw input columns; `Invalid` points at what is wrong with them."""
    field = "instances" if request.instances is not None else "inputs"
    rows = request.instances if request.instances is not None else request.inputs or []
    if isinstance(rows[0], dict):
        values, ignored = rows_from_objects(trained.preprocessing, rows, field)
        return RawRows(values, field, True, tuple(ignored))
    return RawRows(rows_from_lists(trained.preprocessing, rows, field), field)


def outputs(trained: Trained, rows: RawRows) -> NDArray[Any]:
    """The network's outputs (n, outputs)."""
    X = np.empty((len(rows.values), trained.preprocessing.features), dtype=trained.network.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        trained.preprocessing.transform_inputs(rows.values, X)
    _check_finite(X, rows.field, f"holds a number beyond a {X.dtype.name}, the network's precision")
    A = trained.network.predict(X)
    _check_finite(A, rows.field, f"leads to a number beyond a {A.dtype.name}, the network's precision")
    return A


def _check_finite(values: NDArray[Any], field: str, detail: str) -> None:
    """`values` has a row for each that was sent as `field`."""
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise Invalid.at(f"#/{field}/{int(finite.argmin())}", detail)


def _objects(trained: Trained, values: NDArray[Any], labels: list[str | int] | None) -> list[dict[str, Any]]:
    """One object a row: the target's name with its label or value, and for classes each one's probability.

    Outputs of a network that does not end in a sigmoid or softmax are no probabilities: they are told as `scores`.
    """
    preprocessing = trained.preprocessing
    names = [target.name for target in preprocessing.targets]
    if labels is None or preprocessing.labels is None:
        return [dict(zip(names, row, strict=True)) for row in values.tolist()]
    classes = [str(label) for label in preprocessing.labels]
    activation = trained.network.layers[-1].layer.last_activation()
    are_shares = activation is not None and activation.name in ("sigmoid", "softmax")
    rows = []
    for row, label in zip(values.tolist(), labels, strict=True):
        if preprocessing.single_output:
            told = dict(zip(classes, [1.0 - row[0], row[0]], strict=True)) if are_shares else {classes[1]: row[0]}
        else:
            told = dict(zip(classes, row, strict=True))
        rows.append({names[0]: label, "probabilities" if are_shares else "scores": told})
    return rows


def version_number(text: str) -> int:
    """A version's number as it stands in a path."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound(f"a version is a number, got `{text[:40]}`")
    return int(text)
