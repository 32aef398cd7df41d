"""Whether a tenant may store a dataset or queue a job: refused here, by arithmetic and counts, before it is stored."""

from typing import Any

from service.definitions.limits import Limits
from service.definitions.network import describe
from service.errors import Invalid, TooLarge, TooMany
from service.services import Services
from service.store import datasets, limits
from service.store.database import Connection
from service.store.records import NewJob, Status
from service.store.tenancy import DEFAULT_TENANT

OPERATIONS = 6  # for each parameter, row and epoch: a multiplication and an addition forward, and twice that back


def _tenant(services: Services) -> int:
    return services.tenant or DEFAULT_TENANT


def check_dataset_bytes(services: Services, connection: Connection) -> None:
    """Raise `TooLarge` when the tenant's datasets, with what this transaction has added, take more than they may.

    Results of predictions, which are tables as datasets are, count among them.
    """
    tenant = _tenant(services)
    most = Limits.of(services.settings, limits.own_limits(connection, tenant)).dataset_bytes
    if not most:
        return
    used = limits.dataset_bytes(connection, tenant) + limits.prediction_bytes(connection, tenant)
    if used > most:
        raise TooLarge(
            f"the datasets of this tenant would take {used:,} bytes, with the results of predictions, and its limit is "
            f"{most:,}: delete some, or ask the operator for more"
        )


def check_parameter_bytes(services: Services, connection: Connection) -> None:
    """Raise `TooLarge` when the tenant's parameters, with what this transaction has added, take more than they may."""
    most = Limits.of(services.settings, limits.own_limits(connection, _tenant(services))).parameter_bytes
    if most and (used := limits.parameter_bytes(connection, _tenant(services))) > most:
        raise TooLarge(
            f"the stored parameters of this tenant would take {used:,} bytes, and its limit is {most:,}: delete jobs "
            "or models"
        )


def check_limits(services: Services, connection: Connection, new: NewJob, own: dict[str, Any]) -> None:
    """Raise unless the tenant in scope, which has these limits of its `own`, may queue a job.

    Raises
    ------
    Invalid
        When the job itself is too large: its epochs, parameters or operations.
    TooMany
        When as many jobs wait as may.
    TooLarge
        When the parameters that are stored leave no room.
    """
    mine, tenant = Limits.of(services.settings, own), _tenant(services)
    _check_size(mine, connection, new)
    _check_queued(mine, connection, tenant)
    if (room := mine.parameter_bytes) and (used := limits.parameter_bytes(connection, tenant)) >= room:
        raise TooLarge(
            f"the stored parameters of this tenant take {used:,} bytes, and its limit is {room:,}: delete jobs or "
            "models"
        )


def check_size(services: Services, connection: Connection, new: NewJob) -> None:
    """Raise `Invalid` when a job is larger than the tenant in scope may ever queue, whatever waits or is stored now."""
    own = limits.own_limits(connection, _tenant(services))
    _check_size(Limits.of(services.settings, own), connection, new)


def check_queued_jobs(services: Services, connection: Connection, own: dict[str, Any]) -> None:
    """Raise `TooMany` when as many jobs and predictions of the tenant in scope wait as may."""
    _check_queued(Limits.of(services.settings, own), connection, _tenant(services))


def _check_queued(mine: Limits, connection: Connection, tenant: int) -> None:
    if (most := mine.queued_jobs) and (waiting := limits.count_jobs(connection, tenant, Status.QUEUED)) >= most:
        seconds = limits.seconds_to_room(connection, tenant)
        raise TooMany(f"{waiting} jobs of this tenant wait, and its limit is {most}; try again in {seconds} s", seconds)


def _check_size(mine: Limits, connection: Connection, new: NewJob) -> None:
    epochs = new.training.epochs
    if mine.epochs and epochs > mine.epochs:
        raise Invalid.at("#/training/epochs", f"must be at most {mine.epochs:,}, this tenant's limit, got {epochs:,}")
    if not (mine.parameters or mine.operations):
        return
    parameters = describe(new.network)["parameters"]
    if mine.parameters and parameters > mine.parameters:
        raise Invalid.at(
            "#/network", f"has {parameters:,} parameters; this tenant's limit is {mine.parameters:,}: use fewer units"
        )
    if mine.operations:
        first, last = new.training.rows or (0, datasets.get_dataset(connection, new.dataset.reference).table.rows)
        work = OPERATIONS * parameters * (last - first) * epochs
        if work > mine.operations:
            raise Invalid.at(
                "#/training/epochs",
                f"{epochs:,} epochs of {last - first:,} rows and {parameters:,} parameters are {work:.3g} "
                f"floating-point operations; this tenant's limit is {mine.operations:.3g}: use fewer epochs or rows",
            )
