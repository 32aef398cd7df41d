"""`/v1/jobs`: submitting, reading, and the verbs that move a job along."""

from flask import Response, request

from service.api.answers import answer, page, record_page
from service.api.bodies import read_model, read_model_if_any
from service.api.context import services, waits
from service.api.idempotency import note_made
from service.api.routes import PAGE, TEXT, WAIT, Query, Routes
from service.api.schemas import ListAnswer
from service.api.waiting import wished_seconds
from service.definitions.requests import ForkRequest, JobRequest, ReplayRequest, StepRequest
from service.errors import Invalid
from service.jobs import commands, forking, replaying, views
from service.jobs import submission as work
from service.jobs.answers import JobAnswer
from service.store.database import Connection
from service.store.jobs import jobs
from service.store.jobs.commands import CommandResult
from service.store.records import JobRecord, Status

routes = Routes("jobs")
POLL_SECONDS = "1"


@routes.route(
    "POST",
    "/v1/jobs",
    body=JobRequest,
    query=[WAIT],
    answers={201: JobAnswer, 202: JobAnswer},
    problems=(409, 507),
    creates=True,
)
def create_job() -> Response:
    """Queue a training job."""
    seconds = wished_seconds()
    body = read_model(JobRequest, services().settings.max_json_bytes)
    return _accepted(*work.submit(services(), body, _noted), seconds)


def _noted(connection: Connection, id: str) -> None:
    note_made(connection, f"/v1/jobs/{id}")


def _accepted(job: JobRecord, warnings: list[str], seconds: float) -> Response:
    """202 with the new job; 201 with the ended one when it ends within the seconds it is waited for."""
    ended = waits().until_settled(services(), job.id, seconds).ended if seconds else False
    described = views.read(services(), job.id)
    if warnings and not ended:
        described["warnings"] = [*described["warnings"], *warnings]
    headers = {"Location": f"/v1/jobs/{job.id}"}
    return (
        answer(described, 201, headers) if ended else answer(described, 202, {**headers, "Retry-After": POLL_SECONDS})
    )


@routes.route(
    "GET",
    "/v1/jobs",
    query=[*PAGE, Query("status", {"enum": list(Status)}), Query("model", TEXT), Query("metadata.*", TEXT)],
    answers={200: ListAnswer[JobAnswer]},
    problems=(404,),
)
def list_jobs() -> Response:
    """The jobs, newest first."""
    status = request.args.get("status")
    if status is not None and status not in list(Status):
        raise Invalid.at("?status", f"must be one of {', '.join(Status)}, got {status[:40]!r}")
    metadata = {
        key.removeprefix("metadata."): value for key, value in request.args.items() if key.startswith("metadata.")
    }
    with services().database.read(snapshot=True) as connection:
        found = jobs.list_jobs(connection, page("job"), status, request.args.get("model"), metadata)
        described = views.describe_all(connection, found.data)
    return record_page(found, described, "job", lambda job: job.id)


@routes.route("GET", "/v1/jobs/{id}", query=[WAIT], answers={200: JobAnswer}, problems=(404,))
def get_job(id: str) -> Response:
    """One job; `?wait=` holds the answer until it has ended or is paused."""
    if seconds := wished_seconds():
        waits().until_settled(services(), id, seconds)
    return answer(views.read(services(), id))


MOVED = {200: JobAnswer, 202: JobAnswer}


def _moved(moved: CommandResult) -> Response:
    """202 when the request has changed something, 200 when it was so already."""
    return answer(views.read(services(), moved.job.id), 202 if moved.changed else 200)


@routes.route("POST", "/v1/jobs/{id}:cancel", answers=MOVED, problems=(404, 409))
def cancel_job(id: str) -> Response:
    """Cancel a job: at once when nobody runs it, else at its next batch."""
    return _moved(commands.cancel(services(), id))


@routes.route("POST", "/v1/jobs/{id}:pause", answers=MOVED, problems=(404, 409))
def pause_job(id: str) -> Response:
    """Pause a job: a queued one at once, a running one when its epoch ends, or within one that takes long."""
    return _moved(commands.pause(services(), id))


@routes.route("POST", "/v1/jobs/{id}:resume", answers=MOVED, problems=(404, 409))
def resume_job(id: str) -> Response:
    """Let a paused job go on from where it stands."""
    return _moved(commands.resume(services(), id))


@routes.route("POST", "/v1/jobs/{id}:step", body=StepRequest, answers={202: JobAnswer}, problems=(404, 409))
def step_job(id: str) -> Response:
    """Let a paused job train some epochs and pause again."""
    commands.check_can_step(services(), id)
    body = read_model(StepRequest, services().settings.max_json_bytes)
    return _moved(commands.step(services(), id, body.epochs))


@routes.route(
    "POST",
    "/v1/jobs/{id}:fork",
    body=ForkRequest,
    body_optional=True,
    query=[WAIT],
    answers={201: JobAnswer, 202: JobAnswer},
    problems=(404, 409, 507),
    creates=True,
)
def fork_job(id: str) -> Response:
    """Queue a job that begins at a stored epoch of this one, of running and failed ones too."""
    seconds = wished_seconds()
    forking.check_exists(services(), id)
    body = read_model_if_any(ForkRequest, services().settings.max_json_bytes)
    return _accepted(*forking.fork(services(), id, body, _noted), seconds)


@routes.route(
    "POST",
    "/v1/jobs/{id}:replay",
    body=ReplayRequest,
    body_optional=True,
    query=[WAIT],
    answers={201: JobAnswer, 202: JobAnswer},
    problems=(404, 409, 507),
    creates=True,
)
def replay_job(id: str) -> Response:
    """Queue a job that runs this one's record again and tells whether every epoch comes out the same."""
    seconds = wished_seconds()
    replaying.check_can_replay(services(), id)
    body = read_model_if_any(ReplayRequest, services().settings.max_json_bytes)
    return _accepted(*replaying.replay(services(), id, body, _noted), seconds)


@routes.route("DELETE", "/v1/jobs/{id}", answers={204: None}, problems=(404, 409))
def delete_job(id: str) -> Response:
    """Remove an ended job with its epochs and their bytes; models made from it stay."""
    commands.remove(services(), id)
    return Response(status=204)
