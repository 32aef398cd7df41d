"""`/v1/jobs`: submission, reading, and the commands that change a job's state."""

from collections.abc import Sequence
from typing import TypeVar

from flask import Response, request

from service.access.principal import Scope
from service.api import freshness
from service.api.answer_headers import LOCATION, RETRY_AFTER
from service.api.answers import answer, flag, page, record_page
from service.api.authentication import check_still_valid, still_valid
from service.api.bodies import read_model, read_model_if_any
from service.api.context import known_shapes, services, waits
from service.api.examples import IRIS
from service.api.fields import FIELDS_QUERY, Wanted, picked, wanted_fields
from service.api.formats import choice, wanted_metadata
from service.api.idempotency import record_made
from service.api.job_queries import FURTHER_QUERY, SEARCH, SORT, wanted_further, wanted_order, wanted_search
from service.api.other_tenants import TENANT, services_of_tenant
from service.api.routes import DRY_RUN, PAGE, TEXT, WAIT, Example, Query, Routes
from service.api.schemas import ListAnswer
from service.api.waiting import requested_wait_seconds
from service.definitions.requests import ForkRequest, JobRequest, ReplayRequest, StepRequest
from service.estimates.answers import EstimateAnswer
from service.estimates.estimate import estimate
from service.jobs import commands, forking, replaying, summaries, views
from service.jobs import submission as work
from service.jobs.answers import JobAnswer, JobSummaryAnswer, ListedJob, PlannedJobAnswer
from service.jobs.new_jobs import QueuedJob
from service.jobs.rehearsal import dry_run
from service.jobs.summaries import Further
from service.store.database import Connection
from service.store.job_records import JobSummary
from service.store.jobs import summaries as stored
from service.store.jobs.commands import CommandResult
from service.store.records import JobRecord, Listing, Status
from service.webhooks.views import describe_notified

routes = Routes(
    "jobs", "Trainings of a network on a dataset: queued, running or paused, then succeeded, failed or cancelled."
)
EXAMPLES = (
    Example({"dataset": "iris"}, "A network and settings that fit the dataset"),
    Example(
        {
            "dataset": "iris",
            "network": {"hidden": [8], "activation": "relu"},
            "model": "iris",
            "training": {"epochs": 20, "optimizer": {"type": "adam", "learning_rate": 0.01}, "seed": 1},
            "metadata": {"team": "a"},
        },
        "A network in the request",
    ),
    Example({"dataset": IRIS, "network": "small"}, "A dataset in the request, and a stored network"),
)
POLL_SECONDS = "1"

J = TypeVar("J", JobSummary, JobRecord)


@routes.route(
    "POST",
    "/v1/jobs",
    body=JobRequest,
    examples=EXAMPLES,
    query=[WAIT, DRY_RUN],
    answers={200: PlannedJobAnswer, 201: JobAnswer, 202: JobAnswer},
    sends=(LOCATION, RETRY_AFTER),
    problems=(409,),
    creates=True,
    scope=Scope.TRAIN,
)
def create_job() -> Response:
    """Queue a training job, or check it alone with `?dry_run=true`."""
    seconds = requested_wait_seconds()
    body = read_model(JobRequest, services().settings.max_json_bytes)
    if flag(DRY_RUN.name):
        return _checked(body)
    return _accepted(work.submit(services(), body, _record_key), seconds)


def _checked(body: JobRequest) -> Response:
    """Answer with the job that a request would have queued; nothing is stored."""
    rehearsed = dry_run(services(), body)
    described = views.describe_planned(rehearsed.job, body.model)
    described["warnings"] = [*described["warnings"], *rehearsed.warnings]
    return answer(described)


@routes.route(
    "POST",
    "/v1/jobs:estimate",
    body=JobRequest,
    examples=[
        Example({"dataset": "iris"}, "With the settings that fit the dataset"),
        Example({"dataset": IRIS, "network": {"hidden": [30, 30]}, "training": {"epochs": 1000}}, "All in the request"),
    ],
    answers={200: EstimateAnswer},
    problems=(409,),
    scope=Scope.TRAIN,
)
def estimate_job() -> Response:
    """Return what a job would cost and when it would run, without queueing it."""
    body = read_model(JobRequest, services().settings.max_json_bytes)
    return answer(estimate(services(), body, known_shapes()))


def _record_key(connection: Connection, id: str) -> None:
    record_made(connection, f"/v1/jobs/{id}")


def _accepted(queued: QueuedJob, seconds: float) -> Response:
    """Answer with 202 and the new job, or with 201 and the ended one if it ends within `seconds`."""
    job, warnings, webhook = queued
    ended = waits().until_settled(services(), job.id, seconds, still_valid()).ended if seconds else False
    described = _described(job.id) if seconds else views.describe_new(services(), job)
    if warnings and not ended:
        described["warnings"] = [*described["warnings"], *warnings]
    if webhook is not None:
        described["notify"] = describe_notified(webhook)
    headers = {"Location": f"/v1/jobs/{job.id}"}
    return (
        answer(described, 201, headers) if ended else answer(described, 202, {**headers, "Retry-After": POLL_SECONDS})
    )


@routes.route(
    "GET",
    "/v1/jobs",
    query=[
        *PAGE,
        Query("status", {"enum": list(Status)}, "of the jobs that are listed"),
        Query("model", TEXT, "the model that they train"),
        Query("metadata.*", TEXT),
        SEARCH,
        SORT,
        *FURTHER_QUERY,
        FIELDS_QUERY,
        TENANT,
    ],
    answers={200: ListAnswer[JobSummaryAnswer]},
    problems=(404,),
)
def list_jobs() -> Response:
    """List the jobs, newest first unless `?sort=` says otherwise, without what is large.

    `?fields=` has any fields of a job instead.
    """
    wanted, status, metadata = wanted_fields(ListedJob), choice("status", list(Status)), wanted_metadata()
    further = wanted_further(wanted)
    seen = services_of_tenant(request.args.get("tenant"))
    chosen = stored.Chosen(status, request.args.get("model"), metadata, wanted_search(), wanted_order(status))
    with seen.database.read(snapshot=True) as connection:
        if wanted is None or wanted.keys() <= summaries.SAME | summaries.FURTHER:
            found = stored.list_summaries(connection, page("job"), chosen)
            described = summaries.summarize_all(seen, connection, found.data, wanted or summaries.READ_APART)
            return _page(connection, found, described, wanted, further)
        whole = stored.list_jobs(connection, page("job"), chosen)
        return _page(connection, whole, views.describe_all(seen, connection, whole.data), wanted, further)


def _page(
    connection: Connection,
    found: Listing[J],
    described: Sequence[JobSummaryAnswer] | Sequence[JobAnswer],
    wanted: Wanted | None,
    further: Further,
) -> Response:
    freshness.announce_recent(job["finished_at"] for job in described)
    epochs = summaries.further_epochs(connection, [job.number for job in found.data], further)
    shown = [picked({**job, **more}, wanted) for job, more in zip(described, epochs, strict=True)]
    return record_page(found, shown, "job", lambda job: job.id)


@routes.route("GET", "/v1/jobs/{id}", query=[WAIT, FIELDS_QUERY], answers={200: JobAnswer}, problems=(404,))
def get_job(id: str) -> Response:
    """Return a job; `?wait=` holds the answer until it has ended or is paused."""
    wanted = wanted_fields(JobAnswer)
    if seconds := requested_wait_seconds():
        waits().until_settled(services(), id, seconds, still_valid())
        check_still_valid()
    if wanted is None or not wanted.keys() <= summaries.SAME:
        return answer(picked(_described(id), wanted))
    summary = summaries.read(services(), id, wanted)
    freshness.announce_recent([summary["finished_at"]])
    return answer(picked(summary, wanted))


def _described(id: str) -> JobAnswer:
    """Describe a job; if it has just ended, all processes see its model's version before they predict again."""
    described = views.read(services(), id)
    freshness.announce_recent([described["finished_at"]])
    return described


MOVED = {200: JobAnswer, 202: JobAnswer}


def _moved(moved: CommandResult) -> Response:
    """Answer a command with 202 when it has changed the job, with 200 when there was nothing to change."""
    return answer(_described(moved.job.id), 202 if moved.changed else 200)


@routes.route("POST", "/v1/jobs/{id}:cancel", answers=MOVED, problems=(404, 409), creates=True, scope=Scope.TRAIN)
def cancel_job(id: str) -> Response:
    """Cancel a job: at once when it is not running, else at its next batch."""
    return _moved(commands.cancel(services(), id, _record_key))


@routes.route("POST", "/v1/jobs/{id}:pause", answers=MOVED, problems=(404, 409), creates=True, scope=Scope.TRAIN)
def pause_job(id: str) -> Response:
    """Pause a job: a queued one at once, a running one at the end of its epoch, or within a long epoch."""
    return _moved(commands.pause(services(), id, _record_key))


@routes.route("POST", "/v1/jobs/{id}:resume", answers=MOVED, problems=(404, 409), creates=True, scope=Scope.TRAIN)
def resume_job(id: str) -> Response:
    """Resume a paused job."""
    return _moved(commands.resume(services(), id, _record_key))


@routes.route(
    "POST",
    "/v1/jobs/{id}:step",
    body=StepRequest,
    examples=[Example({"epochs": 1})],
    query=[WAIT],
    answers={202: JobAnswer},
    problems=(404, 409),
    creates=True,
    scope=Scope.TRAIN,
)
def step_job(id: str) -> Response:
    """Train a paused job for some epochs, then pause it again; `?wait=` holds the answer until then."""
    seconds = requested_wait_seconds()
    commands.check_can_step(services(), id)
    body = read_model(StepRequest, services().settings.max_json_bytes)
    moved = commands.step(services(), id, body.epochs, _record_key)
    if seconds:
        waits().until_settled(services(), id, seconds, still_valid())
    return _moved(moved)


@routes.route(
    "POST",
    "/v1/jobs/{id}:fork",
    body=ForkRequest,
    examples=[Example({"epoch": "best", "training": {"epochs": 2}}, "Go on from the best epoch")],
    body_optional=True,
    query=[WAIT],
    answers={201: JobAnswer, 202: JobAnswer},
    sends=(LOCATION, RETRY_AFTER),
    problems=(404, 409),
    creates=True,
    scope=Scope.TRAIN,
)
def fork_job(id: str) -> Response:
    """Queue a job that starts from a stored epoch of this one, which may also be running or have failed."""
    seconds = requested_wait_seconds()
    forking.check_exists(services(), id)
    body = read_model_if_any(ForkRequest, services().settings.max_json_bytes)
    return _accepted(forking.fork(services(), id, body, _record_key), seconds)


@routes.route(
    "POST",
    "/v1/jobs/{id}:replay",
    body=ReplayRequest,
    examples=[Example({"priority": -10}, "When nothing else waits")],
    body_optional=True,
    query=[WAIT],
    answers={201: JobAnswer, 202: JobAnswer},
    sends=(LOCATION, RETRY_AFTER),
    problems=(404, 409),
    creates=True,
    scope=Scope.TRAIN,
)
def replay_job(id: str) -> Response:
    """Queue a job that repeats this one and reports whether every epoch has the same result."""
    seconds = requested_wait_seconds()
    replaying.check_can_replay(services(), id)
    body = read_model_if_any(ReplayRequest, services().settings.max_json_bytes)
    return _accepted(replaying.replay(services(), id, body, _record_key), seconds)


@routes.route("DELETE", "/v1/jobs/{id}", answers={204: None}, problems=(404, 409), scope=Scope.TRAIN)
def delete_job(id: str) -> Response:
    """Delete an ended job with its epochs and parameters; model versions made from it stay."""
    commands.remove(services(), id)
    return Response(status=204)
