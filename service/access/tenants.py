"""The deletion of a tenant: its keys, then its jobs, once they have stopped, then its other rows and its blobs."""

import time

from service.errors import Conflict
from service.services import Services
from service.store import tenants
from service.store.jobs import commands
from service.store.predictions import predictions

STOP_SECONDS = 30.0  # how long jobs may take to stop: a worker looks for requests many times a second
LOOK_SECONDS = 0.1


def delete(services: Services, name: str, purge: bool, stop_seconds: float = STOP_SECONDS) -> None:
    """Delete a tenant; with `purge` also one that has jobs, data or keys, whose jobs are cancelled first.

    Raises
    ------
    Conflict
        When it is `default`, when it still has something and `purge` is not given, and when a job does not stop in
        time: its worker is frozen, or further jobs are submitted all the time.
    """
    with services.database.read() as connection:
        tenant = tenants.get_tenant(connection, name)
    tenants.check_deletable(tenant)
    if purge:
        services.ending(lambda connection: tenants.delete_keys(connection, tenant.number))
        _stop(services.scoped(tenant.number), name, tenant.number, stop_seconds)
        while services.ending(lambda connection: tenants.delete_ended_jobs(connection, tenant.number)):
            pass  # in short transactions: a job may have many epochs
    services.ending(lambda connection: tenants.delete_tenant(connection, tenant, purge))
    services.blobs.remove_tenant(tenant.number)


def _stop(services: Services, name: str, number: int, seconds: float) -> None:
    """Cancel the jobs and predictions of the tenant in scope, and wait until they have ended."""
    deadline = time.monotonic() + seconds
    while True:
        with services.database.begin() as connection:
            for job in tenants.unended_jobs(connection, number):
                commands.cancel(connection, job)
            for prediction in tenants.unended_predictions(connection, number):
                predictions.cancel(connection, prediction)
            left = tenants.unended_jobs(connection, number) + tenants.unended_predictions(connection, number)
        if not left:
            return
        if time.monotonic() > deadline:
            raise Conflict(f"{left[0]} of tenant `{name}` has not stopped within {seconds:g} s; try again")
        time.sleep(LOOK_SECONDS)
