"""`GET .../card`: the card of a model, as Markdown or as JSON."""

from flask import Response, request

from service.api.answers import answer
from service.api.context import services
from service.api.formats import wanted_format
from service.api.routes import Query, Routes
from service.models import card_markdown
from service.models.card import card
from service.models.card_answers import CardAnswer
from service.models.references import Wanted, wanted_version

routes = Routes("cards", "A page about a version of a model: its data, its settings, its curve and its measures.")
MARKDOWN = "text/markdown"
FORMATS = {"markdown": MARKDOWN, "json": "application/json"}
QUERY = [Query("format", {"enum": list(FORMATS)}, "of the answer; without it `Accept` decides, else Markdown")]


@routes.route("GET", "/v1/models/{name}/card", query=QUERY, answers={200: (CardAnswer, MARKDOWN)}, problems=(404, 406))
def get_card(name: str) -> Response:
    """Return the card of the version that a model's name means: its data, settings, curve, metrics and lineage."""
    return _card(name, None)


@routes.route(
    "GET",
    "/v1/models/{name}/versions/{version}/card",
    query=QUERY,
    answers={200: (CardAnswer, MARKDOWN)},
    problems=(404, 406),
)
def get_version_card(name: str, version: str) -> Response:
    """Return the card of one version of a model."""
    return _card(name, wanted_version(version))


def _card(name: str, wanted: Wanted | None) -> Response:
    kind = wanted_format(FORMATS).name
    made = card(services(), name, wanted)
    if kind == "json":
        return answer(made)
    return Response(card_markdown.write(made, request.host_url.rstrip("/")), mimetype=MARKDOWN)
