"""Adds versions to models: an epoch of a job, a copy of a version, or parameters that a client sent.

Whatever a version is made of, it is inserted here, and holds all that it needs by itself.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeAlias

from service.access.quotas import check_parameter_bytes
from service.definitions.decisions import Decision, check_decision, to_store
from service.errors import Conflict, Invalid, NotFound
from service.jobs.fitted import read_fitted, with_ranges
from service.jobs.stored_parameters import parameters_of
from service.models.signature import output_activation
from service.preprocessing.fit import Preprocessing
from service.services import Services
from service.store import models
from service.store.blobs import references
from service.store.blobs.placement import place, size_of
from service.store.database import Connection
from service.store.epoch_records import StoredBytes, StoredParameters
from service.store.epochs import epochs
from service.store.jobs import jobs
from service.store.model_records import Origin
from service.store.records import JobRecord

# Records, in the transaction that inserts a version, that the request's `Idempotency-Key` has made that version.
RecordVersion: TypeAlias = Callable[[Connection, int], None]


@dataclass(frozen=True)
class Extras:
    """What a client says of a new version besides what it is made of.

    A copy has the decision of its original unless `decides`, that is, where the client said one, or said none.
    """

    decision: Decision | None = None
    keep_until: datetime | None = None
    decides: bool = False


@dataclass(frozen=True)
class Sent:
    """Parameters from outside with their network: a definition with `inputs` and all layers, its precision and bytes.

    `parameters` are laid out as `Network.stored_bytes` does it.
    """

    network: dict[str, Any]
    precision: str
    parameters: bytes
    preprocessing: Preprocessing


def record_no_version(connection: Connection, version: int) -> None:
    """Do nothing: the request has no `Idempotency-Key`."""


def add_epoch(
    services: Services, name: str, job_id: str, epoch: str, extras: Extras, record: RecordVersion = record_no_version
) -> int:
    """Make a stored epoch of a job the next version of a model; return its number.

    The job may be running or have failed. What was measured on its test rows is taken over where it was of that epoch.

    Raises
    ------
    Invalid
        When there is no such job, or the epoch is not stored.
    """
    job, stored = _stored_epoch(services, job_id, epoch)
    if job.preprocessing is None:
        raise Conflict(f"job `{job_id}` has not started yet")
    check_decision(extras.decision, job.targets.labels, output_activation(job.network).bounds)
    with services.database.read() as connection:
        fitted = with_ranges(connection, read_fitted(connection, job.id, job.preprocessing), job.dataset)
        recorded = epochs.get_epoch(connection, job.number, stored.epoch)
    assert recorded is not None
    values: dict[str, Any] = {
        "origin": Origin.EPOCH,
        "job_id": job.id,
        "epoch": stored.epoch,
        "dataset_name": job.dataset.name,
        "dataset_version": job.dataset.version,
        "network": job.network,
        "preprocessing": fitted.to_dict(),
        "precision": job.training.precision,
        "record": recorded.measured,
        "test": _tested(job, stored.epoch, to_store(extras.decision)),
        "decision": to_store(extras.decision),
    }
    found = StoredBytes(stored.sha256, stored.bytes, stored.address)
    return _insert(services, name, values, found, _removed, extras, record)


def _stored_epoch(services: Services, job_id: str, epoch: str) -> tuple[JobRecord, StoredParameters]:
    """Return a job and the stored parameters of an epoch; raise `Invalid` at the field that names what there is not."""
    with services.database.read() as connection:
        try:
            jobs.number_of(connection, job_id)
        except NotFound as error:
            raise Invalid.at("#/job", error.detail) from None
    try:
        return parameters_of(services, job_id, epoch)
    except NotFound as error:
        raise Invalid.at("#/epoch", error.detail) from None


def add_copy(
    services: Services, name: str, version: int, extras: Extras, record: RecordVersion = record_no_version
) -> int:
    """Copy a version of a model, with another decision if the client says one; return the copy's number.

    What was measured on test rows holds for one decision alone, so it is not taken over with another.
    """
    with services.database.read(snapshot=True) as connection:
        models.number_of(connection, name)
        try:
            found = models.load_version(connection, name, version)
        except NotFound as error:
            raise Invalid.at("#/version", error.detail) from None
        stored = models.version_bytes(connection, name, version)
    decision = to_store(extras.decision) if extras.decides else found.decision
    if extras.decides:
        check_decision(extras.decision, found.preprocessing["labels"], output_activation(found.network).bounds)
    kept = ("job_id", "epoch", "origin", "dataset_name", "dataset_version", "network", "preprocessing", "precision")
    values: dict[str, Any] = {
        **{field: getattr(found, field) for field in (*kept, "record")},
        "test": found.test if decision == found.decision else None,
        "decision": decision,
    }
    return _insert(services, name, values, stored, _removed, extras, record)


def add_sent(
    services: Services, name: str, sent: Sent, extras: Extras, record: RecordVersion = record_no_version
) -> int:
    """Make parameters that a client sent the next version of a model; return its number."""
    services.space.check(services.settings.keep_free_bytes)
    check_decision(extras.decision, sent.preprocessing.labels, output_activation(sent.network).bounds)
    placed = place(services.blobs, sent.parameters)
    values: dict[str, Any] = {
        "origin": Origin.IMPORT,
        "network": sent.network,
        "preprocessing": sent.preprocessing.to_dict(),
        "precision": sent.precision,
        "record": {"training_loss": None, "validation_loss": None, "metrics": {"training": {}, "validation": {}}},
        "decision": to_store(extras.decision),
    }
    return _insert(services, name, values, placed.stored(), placed.again, extras, record)


def _removed() -> str:
    raise Conflict("the parameters were removed while they were copied; nothing was stored")


def _tested(job: JobRecord, epoch: int, decision: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what the job measured on its test rows, if that was of this epoch with this decision."""
    tested = job.tested
    return tested if tested is not None and tested["epoch"] == epoch and job.decision == decision else None


def _insert(
    services: Services,
    name: str,
    values: dict[str, Any],
    stored: StoredBytes,
    again: Callable[[], str],
    extras: Extras,
    record: RecordVersion,
) -> int:
    """Insert a version with its stored bytes; `again` is called where their blob was removed since it was found."""
    services.space.check(services.settings.keep_free_bytes)
    size = size_of(services.blobs, stored)
    with services.database.begin() as connection:
        references.pointing(connection)
        if stored.address is not None and not services.blobs.touch(stored.address):
            again()
        columns = {**values, **asdict(stored), "size": size, "keep_until": extras.keep_until}
        version = models.add_version(connection, name, columns)
        check_parameter_bytes(services, connection)
        record(connection, version)
    return version
