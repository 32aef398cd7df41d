"""`/docs`: the documentation of the API for people, as HTML without scripts."""

from collections.abc import Collection, Sequence
from typing import cast

from flask import Response, current_app

from service.api.documentation.pages import STYLE, Pages
from service.api.routes import Routes
from service.api.site import POLICY, root_of_request
from service.definitions.guessing import closest
from service.errors import NotFound

HTML, CSS = "text/html", "text/css"
PAGE = {200: {HTML: {"schema": {"type": "string"}}}}
LONGEST_SHOWN = 60

routes = Routes("documentation", "These pages, which are rendered from the OpenAPI document.")


@routes.route("GET", "/docs", answers=PAGE, scope=None)
def docs_index() -> Response:
    """Show what the service is, how to use it, and all operations by tag."""
    return _html(_pages().index(root_of_request()))


@routes.route("GET", "/docs/{tag}", answers=PAGE, problems=(404,), scope=None)
def docs_tag(tag: str) -> Response:
    """Show the operations of a tag, with their parameters, bodies, examples and answers."""
    pages = _pages()
    _check_known(tag, pages.tags, "page", besides=("schemas", STYLE))
    return _html(pages.tag(tag, root_of_request()))


@routes.route("GET", "/docs/schemas", answers=PAGE, scope=None)
def docs_schemas() -> Response:
    """Show the names of the schemas of bodies and answers."""
    return _html(_pages().schemas(root_of_request()))


@routes.route("GET", "/docs/schemas/{schema}", answers=PAGE, problems=(404,), scope=None)
def docs_schema(schema: str) -> Response:
    """Show a schema: its fields, and the operations and schemas that use it."""
    pages = _pages()
    _check_known(schema, pages.schema_names, "schema")
    return _html(pages.schema(schema, root_of_request()))


@routes.route("GET", "/docs/style.css", answers={200: {CSS: {"schema": {"type": "string"}}}}, scope=None)
def docs_style() -> Response:
    """Return the style sheet of these pages."""
    return Response(_pages().style, mimetype=CSS)


def _pages() -> Pages:
    return cast(Pages, current_app.extensions["documentation"])


def _html(page: str) -> Response:
    return Response(page, mimetype=HTML, headers=POLICY)


def _check_known(name: str, known: Collection[str], what: str, besides: Sequence[str] = ()) -> None:
    """Raise `NotFound` with a guess unless there is such a page; `besides` are pages of other operations."""
    if name in known:
        return
    shown = name[:LONGEST_SHOWN]
    guess = closest(shown, [*known, *besides])
    hint = f"did you mean `{guess[0]}`?" if guess else "`/docs` lists what there is"
    raise NotFound(f"`/docs` has no {what} `{shown}`; {hint}")
