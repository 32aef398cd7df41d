"""What a worker does next: the claim of a job, or of a prediction of a whole dataset."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from service.store.jobs import claiming, shares
from service.store.prediction_records import PredictionRecord
from service.store.predictions import runs
from service.store.records import JobRecord

Claimed = JobRecord | PredictionRecord


def claim_next(
    connection: Connection, worker: str, lease_seconds: float, fingerprint: str | None = None, running_jobs: int = 0
) -> Claimed | None:
    """Claim what this worker does next; return it, or None when there is nothing.

    It is of the tenant whose turn it is. Of a tenant for which jobs and predictions wait, one of each is claimed in
    turn, so that neither waits for all of the others. `running_jobs` is how many of both a tenant may have at once that
    has no limit of its own, 0 for any number.
    """
    free = claiming.claimable_by(fingerprint)
    for tenant in shares.turns(connection, free, running_jobs):
        job: Callable[[], Claimed | None] = partial(claiming.claim_of, connection, tenant, free, worker, lease_seconds)
        batch: Callable[[], Claimed | None] = partial(runs.claim_of, connection, tenant, worker, lease_seconds)
        for claim in (batch, job) if shares.batch_is_next(connection, tenant) else (job, batch):
            claimed = claim()
            if claimed is not None:
                shares.charge(connection, tenant, isinstance(claimed, JobRecord))
                return claimed
    return None
