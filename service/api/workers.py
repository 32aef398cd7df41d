"""The processes that train, for the operator."""

from flask import Response, request

from service.access.principal import Scope
from service.api.answers import limit, listing
from service.api.authorization import check_operator
from service.api.context import all_services
from service.api.routes import PAGE, Routes
from service.api.schemas import ListAnswer, WorkerAnswer
from service.store import workers
from service.store.workers import WorkerRecord

routes = Routes("workers", "The processes that train.")


@routes.route("GET", "/v1/workers", answers={200: ListAnswer[WorkerAnswer]}, query=PAGE, scope=Scope.ADMIN)
def list_workers() -> Response:
    """List the processes that train, in the order of their ids: those that reported within the last hour."""
    check_operator()
    with all_services().database.read() as connection:
        found, has_more = workers.list_workers(connection, limit(), request.args.get("after"))
    return listing([_describe(worker) for worker in found], has_more, key=lambda worker: worker["id"])


def _describe(worker: WorkerRecord) -> WorkerAnswer:
    return {
        "id": worker.id,
        "object": "worker",
        "alive": worker.is_alive,
        "host": worker.host,
        "places": workers.PLACES,
        "threads": worker.threads,
        "version": worker.version,
        "started_at": worker.started_at,
        "heartbeat_at": worker.seen_at,
        "fingerprint": worker.fingerprint,
        "waits_for": worker.waits_for,
        "job": worker.job_id,
        "prediction": worker.prediction_id,
    }
