"""How clients read whole jobs. Builds the models of `service.jobs.answers`."""

from collections.abc import Sequence
from typing import Any, cast

from service.definitions.base import json_of
from service.definitions.decisions import DecisionAnswer
from service.definitions.training_answers import TrainingAnswer
from service.jobs.answers import (
    ConfusionMatrixAnswer,
    ForkedFromAnswer,
    JobAnswer,
    JobColumnsAnswer,
    JobNetwork,
    JobSummaryAnswer,
    PlannedJobAnswer,
    StoppedAnswer,
    WarningAnswer,
)
from service.jobs.held_out_answers import TestAnswer
from service.jobs.nonfinite import with_nonfinite_of_test
from service.jobs.promotion_answers import PromoteAnswer, PromotedAnswer
from service.jobs.replay_answers import ReplayAnswer
from service.jobs.summaries import summarize, summarize_all
from service.services import Services
from service.store.database import Connection
from service.store.job_records import JobSummary
from service.store.jobs import jobs
from service.store.records import JobRecord
from service.webhooks.answers import NotifyAnswer

VERBS = ("cancel", "pause", "resume", "step", "fork", "replay")


def describe(job: JobRecord, summary: JobSummaryAnswer) -> JobAnswer:
    """Describe a job by its record and what lists have of it."""
    labels = job.targets.labels
    return {
        "id": job.id,
        "object": "job",
        "status": job.status,
        "requested": job.requested,
        "waiting": summary["waiting"],
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
        "progress": summary["progress"],
        "latest": summary["latest"],
        "best_epoch": job.best_epoch,
        "stopped": cast(StoppedAnswer | None, json_of(job.stopped)),
        "reached_epoch": job.reached_epoch,
        "confusion_matrix": cast(ConfusionMatrixAnswer | None, job.confusion_matrix),
        "test": cast(TestAnswer | None, with_nonfinite_of_test(job.tested)),
        "chain": job.chain,
        "forked_from": cast(ForkedFromAnswer | None, json_of(job.forked_from)),
        "replay": cast(ReplayAnswer | None, json_of(job.replay)),
        "model": summary["model"],
        "promote": cast(PromoteAnswer | None, json_of(job.promote)),
        "promoted": cast(PromotedAnswer | None, json_of(job.promoted)),
        "decision": cast(DecisionAnswer | None, job.decision),
        "notify": cast(NotifyAnswer | None, json_of(job.notify)),
        "error": summary["error"],
        "warnings": [*_target_warnings(job), *(cast(WarningAnswer, warning) for warning in job.warnings)],
        "priority": job.priority,
        "on_other_machine": job.on_other_machine,
        "metadata": job.metadata,
        "links": _links(job),
    }


def describe_planned(job: JobRecord, model: str | None) -> PlannedJobAnswer:
    """Describe a job that was inserted and not committed; `model` is the name that its request gave."""
    described = describe(job, summarize(JobSummary.of(job), None, None))
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


def _training(job: JobRecord) -> TrainingAnswer:
    """Return `training` as resolved and, once the job has started, what was fitted and what `auto` became."""
    if job.preprocessing is None:
        return cast(TrainingAnswer, job.training.filled())
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
    return cast(TrainingAnswer, {**job.training.filled(), **settled})


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


def describe_new(services: Services, job: JobRecord) -> JobAnswer:
    """Return a job as it was just added to the queue, without reading it again."""
    with services.database.read() as connection:
        return describe_all(services, connection, [job])[0]


def describe_all(services: Services, connection: Connection, found: Sequence[JobRecord]) -> list[JobAnswer]:
    """Describe jobs that were read in this transaction, a snapshot of the database."""
    summaries = summarize_all(services, connection, [JobSummary.of(job) for job in found])
    return [describe(job, summary) for job, summary in zip(found, summaries, strict=True)]
