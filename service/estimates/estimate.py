"""What a job would cost if it were submitted now, and when it would run. Nothing is stored."""

from service.definitions.requests import JobRequest
from service.estimates import costs
from service.estimates.answers import BasisAnswer, EstimateAnswer, EstimatedBytesAnswer, RangeAnswer
from service.estimates.known import KnownShapes
from service.estimates.rates import Rates, Seconds
from service.estimates.shapes import Shape, data_of
from service.estimates.turns import queue_answer, seconds_of_all, turn_of
from service.jobs import views
from service.jobs.rehearsal import Rehearsal, plan
from service.services import Services
from service.store import outlook
from service.store.database import Connection
from service.store.records import JobRecord


def estimate(services: Services, request: JobRequest, known: KnownShapes) -> EstimateAnswer:
    """Check a job as a submission does, and return what it would cost."""
    rehearsal = plan(services, request)
    job, settings = rehearsal.job, services.settings
    with services.database.read(snapshot=True) as connection:
        fleet = outlook.fleet(connection)
        rates = Rates.read(connection, settings, known, fleet, job.dataset.name)
        shape = _shape(connection, rehearsal, rates, known)
        seconds = rates.of(shape)
        competition = outlook.competition(connection, job.tenant, job.priority)
        seconds_of = seconds_of_all(connection, competition, rates, known)
    whole = _whole(job, seconds)
    turn = turn_of(competition, fleet, settings, job, 0.0 if job.pause_at is not None else whole, seconds_of)
    return {
        "object": "estimate",
        "job": views.describe_planned(job, request.model),
        "parameters": shape.sizes.total,
        "rows": {"training": shape.rows.training, "validation": shape.rows.validation, "test": shape.tested},
        "epochs": job.training.epochs,
        "batches_per_epoch": -(-shape.rows.training // shape.batch),
        "seconds_per_epoch": _range(seconds.epoch, seconds),
        "seconds": _range(whole, seconds),
        "may_end_sooner": _may_end_sooner(job),
        "basis": _basis(rates, seconds),
        "bytes": _bytes(shape, rehearsal.dataset_bytes),
        "memory_bytes": costs.memory_bytes(shape),
        "queue": queue_answer(competition, fleet, job, turn),
    }


def _shape(connection: Connection, rehearsal: Rehearsal, rates: Rates, known: KnownShapes) -> Shape:
    job = rehearsal.job
    uses = {"validation": job.validation, "test": job.test}
    hashes = {part: use.sha256 for part, use in uses.items() if use is not None and use.sha256 is not None}
    rows = known.rows(connection, hashes)
    return Shape.of(job.network, job.training, data_of(rehearsal.checked.data.table), rows, rates.machine)


def _whole(job: JobRecord, seconds: Seconds) -> float:
    """Return the seconds of all epochs and of the rest of the job, within its time limit."""
    whole, most = job.training.epochs * seconds.epoch + seconds.others, job.training.time_limit_seconds
    return whole if most is None else min(whole, most)


def _range(expected: float, seconds: Seconds) -> RangeAnswer:
    factor = seconds.correction.factor
    return {"expected": expected, "low": expected / factor, "high": expected * factor}


def _may_end_sooner(job: JobRecord) -> list[str]:
    rules = ("early_stopping", "stop_when", "time_limit_seconds")
    return [rule for rule in rules if getattr(job.training, rule) is not None]


def _basis(rates: Rates, seconds: Seconds) -> BasisAnswer:
    correction, record = seconds.correction, rates.record
    if correction.is_measured:
        source = "measured"
        detail = "jobs alike that ran on workers like the present ones; the range is as wide as they differ"
    elif record is not None:
        source = "calibration"
        detail = f"no job alike has run here; a worker measured its machine on {record.measured_at:%Y-%m-%d}"
    else:
        source = "constants"
        detail = "no job alike has run here, and no worker has measured its machine: the figures are of another one"
    return {
        "source": source,
        "jobs": correction.samples,
        "similarity": round(correction.similarity, 3),
        "fingerprint": rates.fingerprint,
        "detail": detail,
    }


def _bytes(shape: Shape, dataset: int) -> EstimatedBytesAnswer:
    stored = costs.stored_bytes(shape)
    return {
        "parameters": stored.parameters,
        "optimizer_states": stored.optimizer_states,
        "epochs": stored.records,
        "model_version": stored.version,
        "dataset": dataset,
        "total": stored.total + dataset,
        "while_running": stored.resume_state,
        "stored_epochs": stored.epochs,
    }
