"""Finds and reads the parameters that a job has stored after an epoch."""

from service.errors import Damaged, NotFound
from service.services import Services
from service.store.blobs.placement import read as read_bytes
from service.store.epochs import epochs
from service.store.jobs import jobs
from service.store.records import JobRecord, StoredParameters


def parameters_of(services: Services, job_id: str, epoch: str) -> tuple[JobRecord, StoredParameters]:
    """Find a job and where its parameters after an epoch are: a number, `best` or `last`."""
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
    """Read parameters that were found a moment ago.

    Raises
    ------
    NotFound
        When they went meanwhile, as those of a best epoch do once a later one is better.
    """
    try:
        return read_bytes(services.blobs, stored)
    except Damaged:
        with services.database.read() as connection:
            epochs.load_parameters(connection, job.number, stored.epoch)
        raise
