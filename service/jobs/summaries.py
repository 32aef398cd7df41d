"""How clients read jobs in lists, and the parts of a job that are read all the time. Builds `service.jobs.answers`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

from service.definitions.base import json_of
from service.jobs.answers import (
    EpochAnswer,
    FurtherEpochs,
    JobErrorAnswer,
    JobSummaryAnswer,
    ProgressAnswer,
    WaitingAnswer,
)
from service.jobs.nonfinite import nonfinite_of
from service.services import Services
from service.store.database import Connection
from service.store.epoch_records import EpochRecord
from service.store.epochs import across_jobs
from service.store.job_records import JobSummary
from service.store.jobs import claiming
from service.store.jobs import summaries as stored
from service.store.jobs.capacity import Capacity, capacity_of
from service.store.records import OnOtherMachine, Status

SHORTER = {"network", "links"}  # of a summary; all other fields are those of the whole job
FURTHER = frozenset(FurtherEpochs.__annotations__)  # in lists alone, where they are asked for
SAME = frozenset(JobSummaryAnswer.__annotations__) - SHORTER - FURTHER
READ_APART = frozenset({"waiting", "latest"})  # by statements of their own


def read(services: Services, job_id: str, wanted: Collection[str]) -> JobSummaryAnswer:
    """Return one job as lists have it; what is read apart only if it is wanted."""
    with services.database.read(snapshot=not READ_APART.isdisjoint(wanted)) as connection:
        return summarize_all(services, connection, [stored.get_summary(connection, job_id)], wanted)[0]


def summarize_all(
    services: Services, connection: Connection, found: Sequence[JobSummary], wanted: Collection[str] = READ_APART
) -> list[JobSummaryAnswer]:
    """Describe jobs that were read in this transaction, a snapshot of the database.

    `waiting` and `latest` are read only if they are among those `wanted`, and else None.
    """
    waiting = _waiting_of(services, connection, found) if "waiting" in wanted else {}
    started = [job.number for job in found if job.epoch is not None] if "latest" in wanted else []
    latest = across_jobs.newest_epochs(connection, started)
    return [summarize(job, latest.get(job.number), waiting.get(job.number)) for job in found]


@dataclass(frozen=True)
class Further:
    """Which epochs of each listed job are read besides the newest.

    `best` says whether the best ones are, `at_epoch` is the number of another, and `points` how many points of a curve.
    """

    best: bool = False
    at_epoch: int | None = None
    points: int | None = None


def further_epochs(connection: Connection, jobs: Sequence[int], further: Further) -> list[FurtherEpochs]:
    """Return for each of the jobs, by their numbers, what is wanted of its epochs, one statement for all jobs each."""
    answers: list[FurtherEpochs] = [{} for _ in jobs]
    if further.best:
        best = across_jobs.best_epochs(connection, jobs)
        for answer, job in zip(answers, jobs, strict=True):
            answer["best"] = _answer_if_any(best.get(job))
    if further.at_epoch is not None:
        found = across_jobs.epochs_numbered(connection, further.at_epoch, jobs)
        for answer, job in zip(answers, jobs, strict=True):
            answer["at_epoch"] = _answer_if_any(found.get(job))
    if further.points is not None:
        curves = across_jobs.curves(connection, further.points, jobs)
        for answer, job in zip(answers, jobs, strict=True):
            answer["curve"] = [list(point) for point in curves.get(job, ())]
    return answers


def _answer_if_any(record: EpochRecord | None) -> EpochAnswer | None:
    return None if record is None else epoch_answer(record)


def summarize(job: JobSummary, latest: EpochRecord | None, waiting: WaitingAnswer | None) -> JobSummaryAnswer:
    """Describe a job with the record of its last epoch and, while it is queued, its place in the queue."""
    return {
        "id": job.id,
        "object": "job",
        "status": job.status,
        "requested": job.requested,
        "waiting": waiting,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "network": {"name": job.network_name},
        "dataset": job.dataset_name,
        "dataset_version": job.dataset_version,
        "attempt": job.attempt,
        "progress": _progress(job),
        "latest": _answer_if_any(latest),
        "best_epoch": job.best_epoch,
        "reached_epoch": job.reached_epoch,
        "model": {"name": job.model_name, "version": job.model_version},
        "error": cast(JobErrorAnswer | None, json_of(job.error)),
        "priority": job.priority,
        "metadata": job.metadata,
        "links": {"self": f"/v1/jobs/{job.id}"},
    }


def _progress(job: JobSummary) -> ProgressAnswer:
    done, rate = job.epoch or 0, job.epochs_per_second
    total = job.final_epoch
    goes_on = not (job.status.ended or job.status is Status.PAUSED)
    return {
        "epoch": done,
        "epochs": total,
        "fraction": 1.0 if job.status is Status.SUCCEEDED else done / max(total, 1),
        "epochs_per_second": rate,
        "eta_seconds": (total - done) / rate if rate and goes_on else None,
    }


def _waiting_of(services: Services, connection: Connection, found: Sequence[JobSummary]) -> dict[int, WaitingAnswer]:
    """Return where those jobs that are queued stand in the queue, and why they do not run, by their numbers."""
    positions = stored.positions_of(connection, found)
    short = services.space.waits_for() if positions else None
    tenants = {job.tenant for job in found if job.number in positions}
    capacities = {tenant: capacity_of(connection, tenant) for tenant in tenants}
    waiting: dict[int, WaitingAnswer] = {}
    for job in found:
        if (position := positions.get(job.number)) is not None:
            capacity = capacities[job.tenant]
            held = short or capacity.lacks or _full(capacity, services.settings.tenant_running_jobs)
            waiting[job.number] = _waiting(connection, job, position, capacity.workers, held)
    return waiting


def _full(capacity: Capacity, default: int) -> str | None:
    """Return why no further job of a tenant may run; None where one may."""
    most = default if capacity.most is None else capacity.most
    if not most or capacity.running < most:
        return None
    return f"{capacity.running} job(s) run already, and this tenant's limit is {most} at once"


def _waiting(connection: Connection, job: JobSummary, position: int, places: int, held: str | None) -> WaitingAnswer:
    """Return the position of a queued job among its tenant's, and why it does not run.

    `places` counts the jobs that can run at once, `held` says why none of the tenant's does.
    """
    if held is not None:
        reason = held
    elif not places:
        reason = "no worker is alive"
    elif job.on_other_machine == OnOtherMachine.WAIT and not claiming.can_go_on(connection, job.number):
        reason = f"no living worker computes as the one before did: {job.fingerprint}"
    elif position > 1:
        reason = f"{position - 1} queued job(s) are to be taken before it"
    else:
        reason = "a worker takes it when one is free"
    return {"position": position, "reason": reason}


def epoch_answer(record: EpochRecord) -> EpochAnswer:
    """Describe an epoch."""
    answer: EpochAnswer = {
        "epoch": record.epoch,
        "training_loss": record.training_loss,
        "validation_loss": record.validation_loss,
        "metrics": {"training": record.training_metrics, "validation": record.validation_metrics},
        "learning_rate": record.learning_rate,
        "seconds": record.seconds,
        "parameters_stored": record.parameters_stored,
        "sha256": record.sha256,
    }
    if names := nonfinite_of(record.measured):
        answer["nonfinite"] = names
    return answer
