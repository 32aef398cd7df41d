"""`/metrics`, for Prometheus, and the counting of requests."""

from collections.abc import Iterable

from flask import Request, Response, g, request

from service.api.authentication import check_metrics
from service.api.context import metrics
from service.api.routes import Route, Routes
from service.ops.metrics import Metrics
from service.ops.request_metrics import OTHER

routes = Routes("metrics", "What the service counts, for Prometheus.")
TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text"


@routes.route(
    "GET",
    "/metrics",
    answers={200: {kind: {"schema": {"type": "string"}} for kind in (TEXT, OPENMETRICS)}},
    problems=(401,),
    scope=None,
)
def read_metrics() -> Response:
    """Return what the service counts, in Prometheus's text format, or in OpenMetrics by `Accept`."""
    check_metrics()
    text, media_type = metrics().text(request.headers.get("Accept", ""))
    return Response(text, content_type=media_type)


class RequestCounter:
    """Counts requests by the template of their route: there is no end of the paths that clients send.

    It is called for each request, so it looks up as little as it can.
    """

    def __init__(self, metrics: Metrics, known: Iterable[Route]) -> None:
        self._requests = metrics.requests
        spellings = ((route, ending) for route in known for ending in ("", "_slash"))
        self._templates: dict[str | None, str] = {
            f"{route.tag}.{route.operation}{ending}": route.path for route, ending in spellings
        }

    def count(self, response: Response, seconds: float) -> None:
        """Count the request that is answered now, and the rows that it predicted."""
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        route = self._templates.get(asked.endpoint, OTHER)
        status = response.status_code
        rows = g.get("predicted_rows", 0) if status == 200 and route.endswith((":predict", "/infer")) else 0
        self._requests.count(route, asked.method, status, seconds, rows)
