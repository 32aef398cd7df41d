"""`/v1/jobs/{id}/layers`: diagnostics of each layer, which show how well the error is propagated back to it."""

from flask import Response, request

from service.api.answers import MAX_LIMIT, listing, whole
from service.api.context import services
from service.api.routes import Query, Routes
from service.api.schemas import LayersAnswer, ListAnswer
from service.store.epochs import diagnostics
from service.store.jobs import jobs

routes = Routes("layers", "What was measured of each layer while a job trained.")


@routes.route(
    "GET",
    "/v1/jobs/{id}/layers",
    query=[
        Query("after", {"type": "integer", "minimum": 0}, "an epoch's number"),
        Query("limit", {"type": "integer", "minimum": 1, "default": 50}, "more than 1000 is taken as 1000"),
        Query("until", {"type": "integer", "minimum": 0}, "the last epoch's number"),
        Query("points", {"type": "integer", "minimum": 2}, "at most this many from `after` to `until`, evenly"),
    ],
    answers={200: ListAnswer[LayersAnswer]},
    problems=(404,),
)
def list_layers(id: str) -> Response:
    """List by epoch and layer the norms of delta, weights and updates, and the shares of saturated and dead units."""
    with services().database.read() as connection:
        job = jobs.get_job(connection, id)
        after = whole("after", -1, minimum=0, maximum=2**31 - 1)
        until = whole("until", 2**31 - 1, minimum=0, maximum=2**31 - 1)
        limit = whole("limit", 50, minimum=1, maximum=MAX_LIMIT)
        points = whole("points", 2, minimum=2, maximum=10_000)
        if "points" in request.args:
            records, more = diagnostics.sampled_diagnostics(connection, job.number, after, until, points), False
        else:
            records, more = diagnostics.list_diagnostics(connection, job.number, after, until, limit)
    data: list[LayersAnswer] = [{"epoch": record.epoch, "layers": record.layers} for record in records]
    return listing(data, more, lambda item: item["epoch"])
