"""Finds and reads the parameters that a job has stored after an epoch."""

from service.errors import Damaged
from service.services import Services
from service.store.blobs.placement import read as read_bytes
from service.store.epoch_records import StoredParameters
from service.store.epochs import epochs
from service.store.epochs.lookup import find_epoch
from service.store.jobs import jobs
from service.store.records import JobRecord


def parameters_of(services: Services, job_id: str, epoch: str) -> tuple[JobRecord, StoredParameters]:
    """Return a job and the stored parameters after an epoch: a number, `best` or `last`."""
    with services.database.read(snapshot=True) as connection:  # a running job may replace or drop parameters meanwhile
        found = find_epoch(connection, job_id, epoch)
        return jobs.get_job(connection, job_id), epochs.load_parameters(connection, found.job, found.epoch)


def parameter_bytes(services: Services, job: JobRecord, stored: StoredParameters) -> bytes:
    """Read the bytes of parameters that were found before.

    Raises
    ------
    NotFound
        When they were removed meanwhile, as those of a best epoch are once a later one is better.
    """
    try:
        return read_bytes(services.blobs, stored)
    except Damaged:
        with services.database.read() as connection:
            if not epochs.has_parameters(connection, job.number, stored.epoch):
                raise epochs.parameters_not_stored(connection, job.number, stored.epoch) from None
        raise
