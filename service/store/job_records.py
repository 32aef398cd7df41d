"""The summary of a job, which lists read in place of the whole record."""

from dataclasses import dataclass
from datetime import datetime

from service.definitions.job_parts import Failure
from service.store.records import JobRecord, OnOtherMachine, Request, Status


@dataclass(frozen=True)
class JobSummary:
    """A job without what is large: its network, its training, what was fitted, and what was measured at its end.

    `final_epoch` is the epoch at which it ends at the latest.
    """

    number: int
    tenant: int
    id: str
    status: Status
    requested: Request | None
    priority: int
    network_name: str | None
    dataset_name: str
    dataset_version: int
    model_name: str
    model_version: int | None
    metadata: dict[str, str]
    on_other_machine: OnOtherMachine
    attempt: int
    fingerprint: str | None
    epoch: int | None
    best_epoch: int | None
    epochs_per_second: float | None
    reached_epoch: int | None
    error: Failure | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    final_epoch: int

    @classmethod
    def of(cls, job: JobRecord) -> "JobSummary":
        """Return the summary of a job that was read whole."""
        return cls(
            number=job.number,
            tenant=job.tenant,
            id=job.id,
            status=job.status,
            requested=job.requested,
            priority=job.priority,
            network_name=job.network_name,
            dataset_name=job.dataset.name,
            dataset_version=job.dataset.version,
            model_name=job.model_name,
            model_version=job.model_version,
            metadata=job.metadata,
            on_other_machine=job.on_other_machine,
            attempt=job.attempt,
            fingerprint=job.fingerprint,
            epoch=job.epoch,
            best_epoch=job.best_epoch,
            epochs_per_second=job.epochs_per_second,
            reached_epoch=job.reached_epoch,
            error=job.error,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            final_epoch=job.final_epoch,
        )
