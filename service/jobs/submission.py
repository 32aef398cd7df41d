"""Submitting jobs. The database first, then the doorbell. What else is done with them: `service.jobs.commands`."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from service.datasets.catalog import StagedRows, made_up, reader_of_request, staged_rows
from service.datasets.options import Limits as ReadLimits
from service.definitions.columns import Table
from service.definitions.network import NetworkDefinition, check_network
from service.definitions.requests import DatasetRequest, JobRequest, Submission
from service.definitions.resolve import Resolved, resolve
from service.definitions.validation_dataset import check_validation_dataset
from service.errors import Conflict, Damaged, Invalid, NotFound, TooMany
from service.services import Services
from service.store import resources, workers
from service.store.blobs.placement import read as read_bytes
from service.store.epochs import epochs
from service.store.jobs import jobs
from service.store.records import JobRecord, StoredParameters

Noting = Callable[[Any, str], None]  # called with the transaction that makes a job, and the job's id


def unnoted(connection: Any, job_id: str) -> None:
    """Nobody wants to know."""


def submit(services: Services, request: JobRequest, noting: Noting = unnoted) -> tuple[JobRecord, list[str]]:
    """Store a queued job and ring; the job, and warnings for the client. Nothing is stored when anything is wrong."""
    services.blobs.check_space(services.settings.keep_free_bytes)
    with dataset_of(services, request.dataset) as data:
        network_name, network = _network_of(services, request)
        resolved = _resolve(services, request, network, data.table)
        with services.database.begin() as connection:
            values = {
                **as_asked(request),
                **adopted(connection, data),
                "network_name": network_name,
                "network": resolved.network.normalised(),
                "validation_name": (resolved.training["validation"] or {}).get("dataset"),
                "training": limited(services, resolved.training),
                "targets": {"outputs": resolved.targets.outputs, "labels": resolved.targets.labels},
            }
            entered = enter(services, connection, values, noting)
    services.doorbell.ring()
    return entered


def as_asked(request: Submission) -> dict[str, Any]:
    """A new job's columns that say what is done with it, whatever it trains."""
    return {
        "priority": request.priority,
        "pause_at": 0 if request.hold else None,
        "on_other_machine": request.on_other_machine,
        "model_name": request.model,
        "extra": request.metadata,
    }


def adopted(connection: Any, data: "JobData") -> dict[str, Any]:
    """A new job's columns that name its rows, which from now on are stored; `Conflict` when they were replaced."""
    name, table = data.name, data.table
    if data.kept is not None:
        record, _ = resources.add_dataset(connection, name, data.kept.table, data.kept.address, data.kept.adopt)
        name = record.name
    elif resources.dataset_sha256(connection, name) != table.sha256:
        raise Conflict(f"dataset `{name}` was replaced while the job was checked against it; try again")
    return {"dataset_name": name, "dataset_sha256": table.sha256}


def enter(services: Services, connection: Any, values: dict[str, Any], noting: Noting) -> tuple[JobRecord, list[str]]:
    """Queue a job of these columns, its id made here; and warnings for the client. Ring when it is committed."""
    if jobs.count_queued(connection) >= services.settings.max_queued_jobs:
        raise TooMany(f"{services.settings.max_queued_jobs} jobs are waiting already; try again later", 30)
    for name in (values["dataset_name"], values["validation_name"]):
        if name is not None:
            resources.hold_dataset(connection, name)
    job_id = f"job_{secrets.token_hex(8)}"
    job = jobs.add_job(connection, {**values, "id": job_id, "model_name": values["model_name"] or job_id})
    noting(connection, job_id)
    warnings = [] if workers.living_places(connection) else ["no worker is alive: the job waits until one is started"]
    return job, warnings


def parameters_of(services: Services, job_id: str, epoch: str) -> tuple[JobRecord, StoredParameters]:
    """A job and where its parameters after an epoch are: a number, `best` or `last`."""
    with services.database.read() as connection:
        job = jobs.get_job(connection, job_id)
        last = epochs.last_epoch(connection, job.number)
        if last is None:
            raise NotFound(f"job `{job_id}` has stored no epoch yet", nearest=None)
        named = {"last": last, "best": last if job.best_epoch is None else job.best_epoch}
        if epoch in named:
            number = named[epoch]
        elif epoch.isascii() and epoch.isdigit() and len(epoch) < 10:
            number = int(epoch)
        else:
            raise NotFound(f"an epoch is a number, `best` or `last`, got `{epoch[:40]}`")
        return job, epochs.load_parameters(connection, job.number, number)


def parameter_bytes(services: Services, job: JobRecord, stored: StoredParameters) -> bytes:
    """The parameters themselves; `NotFound` when they went meanwhile, as a best epoch does once it is bettered."""
    try:
        return read_bytes(services.blobs, stored)
    except Damaged:
        with services.database.read() as connection:
            epochs.load_parameters(connection, job.number, stored.epoch)
        raise


@dataclass(frozen=True)
class JobData:
    """The rows a job is made for; `kept` while they came with the request and are not in the database."""

    name: str
    table: Table
    kept: StagedRows | None


@contextmanager
def dataset_of(services: Services, dataset: str | DatasetRequest) -> Iterator[JobData]:
    """The dataset of that name, or the one in the request with its rows."""
    if isinstance(dataset, str):
        with services.database.read() as connection:
            try:
                record = resources.get_dataset(connection, dataset)
            except NotFound as error:
                raise Invalid.at("#/dataset", error.detail) from None
        yield JobData(record.name, record.table, None)
        return
    limits = ReadLimits(max_bytes=services.settings.max_upload_bytes)
    with staged_rows(services, reader_of_request(dataset, limits)) as kept:
        yield JobData(dataset.name or made_up("dataset"), kept.table, kept)


def _network_of(services: Services, request: JobRequest) -> tuple[str | None, NetworkDefinition]:
    if request.network is None:
        return None, NetworkDefinition(hidden=[16])
    if isinstance(request.network, str):
        with services.database.read() as connection:
            try:
                record = resources.get_network(connection, request.network)
            except NotFound as error:
                raise Invalid.at("#/network", error.detail) from None
        return record.name, NetworkDefinition.model_validate(record.definition)
    definition = request.network.definition()
    with request.network.pointing("#/network"):
        check_network(definition, services.settings.max_parameters, "#/network")
    return request.network.name, definition


def limited(services: Services, training: dict[str, Any]) -> dict[str, Any]:
    """With what stored epochs may take together: what the job says, at most what the service is set to."""
    most, storing = services.settings.stored_epochs_bytes, training["store_parameters"]
    return {**training, "store_parameters": {**storing, "limit_bytes": min(most, storing["limit_bytes"] or most)}}


def _resolve(services: Services, request: JobRequest, network: NetworkDefinition, table: Table) -> Resolved:
    with request.pointing(network) as training:
        resolved = resolve(network, table, training, secrets.randbits(53), services.settings.max_parameters)
    check_validation(services, table, resolved)
    return resolved


def check_validation(services: Services, table: Table, resolved: Resolved) -> None:
    """Raise `Invalid` unless the dataset that validates, if there is one, fits the one that trains."""
    name = (resolved.training["validation"] or {}).get("dataset")
    if name is None:
        return
    with services.database.read() as connection:
        try:
            other = resources.get_dataset(connection, name).table
        except NotFound as error:
            raise Invalid.at("#/training/validation/dataset", error.detail) from None
    check_validation_dataset(name, other, table, resolved.training, resolved.targets.labels)
