"""Stored parameters as networks ready to predict: a version of a model, or any stored epoch of any job.

What a name means is held by the directory of the process, if the cache has one, and else asked of the database each
time, by a query that reads no large column. The network itself is read once and cached.
"""

from typing import Any

from service.backprop.network import Network
from service.definitions.build import build_network
from service.definitions.decisions import threshold_of
from service.errors import Conflict
from service.jobs.fitted import read_fitted
from service.jobs.stored_parameters import parameter_bytes, parameters_of
from service.models.cache import CacheKey, ModelCache, TrainedNetwork
from service.models.references import Wanted
from service.services import Services
from service.store import models
from service.store.blobs.placement import read as read_bytes
from service.store.epochs.lookup import find_epoch
from service.store.model_records import VersionReference


def load_version(
    services: Services, cache: ModelCache, name: str, wanted: Wanted | None, epoch: str | None = None
) -> TrainedNetwork:
    """Return a version of a model, by its number or an alias; with `epoch`, its job's network after that epoch.

    None means the version of the alias `default` where that is set, else the latest.
    """
    found = _reference(services, cache, name, wanted)
    if epoch is not None:
        if found.job_id is None:
            raise Conflict(
                f"version {found.version} of model `{name}` was made of parameters that a client sent, so it has no "
                "other epochs: leave `epoch` out"
            )
        trained = load_epoch(services, cache, found.job_id, epoch)
        preprocessing = trained.preprocessing.deciding(threshold_of(found.decision))
        return TrainedNetwork(name, found.version, trained.epoch, trained.network, preprocessing)
    key = CacheKey(services.tenant, name, found.version, found.job_id, found.epoch, created_at=found.created_at)
    return cache.get_or_load(key, lambda: _read_version(services, name, found.version))


def _reference(services: Services, cache: ModelCache, name: str, wanted: Wanted | None) -> VersionReference:
    if cache.directory is not None:
        return cache.directory.find(services, name, wanted)
    with services.database.read() as connection:
        return models.find_version(connection, name, wanted)


def load_epoch(services: Services, cache: ModelCache, job_id: str, epoch: str) -> TrainedNetwork:
    """Return a job's network after an epoch: a number, `best` or `last`. The job may be running or have failed."""
    with services.database.read() as connection:
        found = find_epoch(connection, job_id, epoch)
    key = CacheKey(services.tenant, None, None, job_id, found.epoch, found.attempt)
    return cache.get_or_load(key, lambda: _read_epoch(services, job_id, found.epoch))


def _read_version(services: Services, name: str, version: int) -> TrainedNetwork:
    # one state of the database: the model may be deleted, and trained anew, between the two statements
    with services.database.read(snapshot=True) as connection:
        record = models.load_version(connection, name, version)
        stored = models.version_bytes(connection, name, version)
        preprocessing = read_fitted(connection, record.job_id, record.preprocessing)
    preprocessing = preprocessing.deciding(threshold_of(record.decision))
    network = _network(record.network, record.precision, read_bytes(services.blobs, stored))
    return _ready(TrainedNetwork(name, version, record.epoch, network, preprocessing))


def _read_epoch(services: Services, job_id: str, epoch: int) -> TrainedNetwork:
    job, stored = parameters_of(services, job_id, str(epoch))
    if job.preprocessing is None:
        raise Conflict(f"job `{job_id}` has not started yet")
    with services.database.read() as connection:
        preprocessing = read_fitted(connection, job.id, job.preprocessing)
    network = _network(job.network, job.training.precision, parameter_bytes(services, job, stored))
    return _ready(TrainedNetwork(job.model_name, None, epoch, network, preprocessing))


def _network(definition: dict[str, Any], precision: str, parameters: bytes) -> Network:
    network = build_network(definition, precision)
    network.load(parameters)
    return network


def _ready(trained: TrainedNetwork) -> TrainedNetwork:
    """Make what the first prediction would make, so that it is counted among the bytes that the network takes."""
    for column in trained.preprocessing.inputs:
        if column.categories is not None:
            _ = column.codes
    return trained
