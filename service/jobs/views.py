"""How clients read jobs and their epochs. Builds the models of `service.jobs.answers`."""

from collections.abc import Sequence
from typing import Any, cast

from service.definitions.base import json_of
from service.definitions.decisions import DecisionAnswer
from service.jobs.answers import (
    ConfusionMatrixAnswer,
    EpochAnswer,
    ForkedFromAnswer,
    JobAnswer,
    JobColumnsAnswer,
    JobErrorAnswer,
    JobNetwork,
    PlannedJobAnswer,
    ProgressAnswer,
    StoppedAnswer,
    WaitingAnswer,
    WarningAnswer,
)
from service.jobs.held_out_answers import TestAnswer
from service.jobs.promotion_answers import PromoteAnswer, PromotedAnswer
from service.jobs.replay_answers import ReplayAnswer
from service.services import Services
from service.store.database import Connection
from service.store.epoch_records import EpochRecord
from service.store.epochs import lookup
from service.store.jobs import claiming, jobs
from service.store.jobs.capacity import Capacity, capacity_of
from service.store.records import JobRecord, OnOtherMachine, Status
from service.webhooks.answers import NotifyAnswer

VERBS = ("cancel", "pause", "resume", "step", "fork", "replay")


def describe(job: JobRecord, latest: EpochRecord | None, waiting: WaitingAnswer | None) -> JobAnswer:
    """Describe a job with the record of its last epoch and, while it is queued, its place in the queue."""
    labels = job.targets.labels
    return {
        "id": job.id,
        "object": "job",
        "status": job.status,
        "requested": job.requested,
        "waiting": waiting,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "network": cast(JobNetwork, {"name": job.network_name, **job.network}),
        "dataset": job.dataset.name,
        "dataset_version": job.dataset.version,
        "columns": _columns(job),
        "targets": {
            "kind": "values" if labels is None else "classes",
            "classes": None if labels is None else list(labels),
            "because": job.targets.because,
        },
        "training": _training(job),
        "attempt": job.attempt,
        "progress": _progress(job),
        "latest": None if latest is None else epoch_answer(latest),
        "best_epoch": job.best_epoch,
        "stopped": cast(StoppedAnswer | None, json_of(job.stopped)),
        "reached_epoch": job.reached_epoch,
        "confusion_matrix": cast(ConfusionMatrixAnswer | None, job.confusion_matrix),
        "test": cast(TestAnswer | None, job.tested),
        "chain": job.chain,
        "forked_from": cast(ForkedFromAnswer | None, json_of(job.forked_from)),
        "replay": cast(ReplayAnswer | None, json_of(job.replay)),
        "model": {"name": job.model_name, "version": job.model_version},
        "promote": cast(PromoteAnswer | None, json_of(job.promote)),
        "promoted": cast(PromotedAnswer | None, json_of(job.promoted)),
        "decision": cast(DecisionAnswer | None, job.decision),
        "notify": cast(NotifyAnswer | None, json_of(job.notify)),
        "error": cast(JobErrorAnswer | None, json_of(job.error)),
        "warnings": [*_target_warnings(job), *(cast(WarningAnswer, warning) for warning in job.warnings)],
        "priority": job.priority,
        "on_other_machine": job.on_other_machine,
        "metadata": job.metadata,
        "links": _links(job),
    }


def describe_planned(job: JobRecord, model: str | None) -> PlannedJobAnswer:
    """Describe a job that was inserted and not committed; `model` is the name that its request gave."""
    described = describe(job, None, None)
    kept = {name: value for name, value in described.items() if name in PlannedJobAnswer.__annotations__}
    return cast(PlannedJobAnswer, {**kept, "model": {"name": model, "version": None}})


def _target_warnings(job: JobRecord) -> list[WarningAnswer]:
    warnings = job.targets.warnings.items()
    return [{"code": code, "epoch": None, "layer": None, "detail": detail} for code, detail in warnings]


def _columns(job: JobRecord) -> JobColumnsAnswer | None:
    """Return the columns that a job chose of its dataset; None where it uses each as it was sent."""
    if job.columns is None:
        return None
    chosen = job.columns
    return {"inputs": list(chosen.inputs), "target": list(chosen.target), "target_type": chosen.target_type}


def _training(job: JobRecord) -> dict[str, Any]:
    """Return `training` as resolved and, once the job has started, what was fitted and what `auto` became."""
    if job.preprocessing is None:
        return job.training.to_json()
    fitted = job.preprocessing
    preprocessing = {
        "numbers": fitted["numbers"],
        "targets": fitted["target_values"],
        "missing": fitted["missing"],
        "fitted": {
            **({"scale": fitted["scale"]} if "scale" in fitted else {}),
            "inputs": fitted["inputs"],
            "targets": fitted["targets"],
        },
    }
    settled: dict[str, Any] = {"preprocessing": preprocessing}
    if fitted.get("class_weights") is not None:
        settled["class_weights"] = dict(zip(map(str, fitted["labels"]), fitted["class_weights"], strict=True))
    return {**job.training.to_json(), **settled}


def _progress(job: JobRecord) -> ProgressAnswer:
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


def _links(job: JobRecord) -> dict[str, str]:
    return {
        "self": f"/v1/jobs/{job.id}",
        "epochs": f"/v1/jobs/{job.id}/epochs",
        "layers": f"/v1/jobs/{job.id}/layers",
        "parameters": f"/v1/jobs/{job.id}/epochs/last/parameters",
        "events": f"/v1/jobs/{job.id}/events",
        **{verb: f"/v1/jobs/{job.id}:{verb}" for verb in VERBS},
        **({"model": f"/v1/models/{job.model_name}"} if job.replay_of is None else {}),
    }


def read(services: Services, job_id: str) -> JobAnswer:
    """Return one job as clients read it."""
    with services.database.read(snapshot=True) as connection:
        return describe_all(services, connection, [jobs.get_job(connection, job_id)])[0]


def describe_all(services: Services, connection: Connection, found: Sequence[JobRecord]) -> list[JobAnswer]:
    """Describe jobs that were read in this transaction, a snapshot of the database."""
    positions = jobs.positions_of(connection, found)
    newest = lookup.newest_epochs(connection, {job.number: job.epoch for job in found if job.epoch is not None})
    short = services.space.waits_for() if positions else None
    tenants = {job.tenant for job in found if job.number in positions}
    capacities = {tenant: capacity_of(connection, tenant) for tenant in tenants}
    described = []
    for job in found:
        waiting = None
        if (position := positions.get(job.number)) is not None:
            capacity = capacities[job.tenant]
            held = short or capacity.lacks or _full(capacity, services.settings.tenant_running_jobs)
            waiting = _waiting(connection, job, position, capacity.workers, held)
        described.append(describe(job, newest.get(job.number), waiting))
    return described


def _full(capacity: Capacity, default: int) -> str | None:
    """Return why no further job of a tenant may run; None where one may."""
    most = default if capacity.most is None else capacity.most
    if not most or capacity.running < most:
        return None
    return f"{capacity.running} job(s) run already, and this tenant's limit is {most} at once"


def _waiting(connection: Connection, job: JobRecord, position: int, places: int, held: str | None) -> WaitingAnswer:
    """Return the position of a queued job among its tenant's, and why it does not run.

    `places` counts the jobs that can run at once, `held` says why none of the tenant's does.
    """
    if held is not None:
        reason = held
    elif not places:
        reason = "no worker is alive"
    elif job.on_other_machine == OnOtherMachine.WAIT and not claiming.can_go_on(connection, job):
        reason = f"no living worker computes as the one before did: {job.fingerprint}"
    elif position > 1:
        reason = f"{position - 1} queued job(s) are to be taken before it"
    else:
        reason = "a worker takes it when one is free"
    return {"position": position, "reason": reason}


def epoch_answer(record: EpochRecord) -> EpochAnswer:
    """Describe an epoch."""
    return {
        "epoch": record.epoch,
        "training_loss": record.training_loss,
        "validation_loss": record.validation_loss,
        "metrics": {"training": record.training_metrics, "validation": record.validation_metrics},
        "learning_rate": record.learning_rate,
        "seconds": record.seconds,
        "parameters_stored": record.parameters_stored,
        "sha256": record.sha256,
    }
