"""Registration of views: path, summary, body, query, answers and examples in one place.

Flask and the OpenAPI document are both made from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any

from flask import Blueprint, g, request
from pydantic import BaseModel

from service.access.principal import Scope
from service.api.admission import admit, unpack
from service.api.answer_headers import Header
from service.api.answers import flag
from service.api.authorization import check_may
from service.api.bodiless import refusal_of_body
from service.api.conditional import conditional
from service.api.context import recorded
from service.api.errors import service_error
from service.api.formats import check_acceptable
from service.api.idempotency import checked_key, once
from service.api.operations import BOOLEAN, DRY_RUN, PAGE, TEXT, TEXTS, WAIT, Example, Query, Route
from service.api.preferences import say_applied
from service.api.request_checks import check_path, query_check
from service.datasets.media_types import JSON
from service.front.environ import admission_of

__all__ = ("BOOLEAN", "DRY_RUN", "PAGE", "TEXT", "TEXTS", "WAIT", "Declared", "Example", "Query", "Route", "Routes")

View = Callable[..., Any]


class Declared(Enum):
    """What is said of an operation's scope in place of one."""

    BY_METHOD = "by method"  # not given: a GET reads
    ANY = "any"  # every valid key will do


@dataclass
class Routes:
    """The operations of one resource; `blueprint` serves them."""

    tag: str
    text: str  # what the document says of the tag
    blueprint: Blueprint = field(init=False)
    routes: list[Route] = field(default_factory=list)
    open_endpoints: set[str] = field(default_factory=set)  # that Flask knows no key is asked for

    def __post_init__(self) -> None:
        self.blueprint = Blueprint(self.tag, __name__)

    def route(
        self,
        method: str,
        path: str,
        *,
        answers: dict[int, Any],
        body: type[BaseModel] | None = None,
        body_optional: bool = False,
        files: tuple[str, ...] = (),
        query: Sequence[Query] = (),
        headers: Sequence[Query] = (),
        examples: Sequence[Example] = (),
        sends: Sequence[Header] = (),
        problems: tuple[int, ...] = (),
        creates: bool = False,
        scope: Scope | Declared | None = Declared.BY_METHOD,
        is_published: bool = True,
        ignores_query: Callable[[], bool] | None = None,
    ) -> Callable[[View], View]:
        """Return a decorator that serves a view at a path.

        Parameters
        ----------
        path
            In OpenAPI's style, such as `/v1/jobs/{id}:cancel`; a verb after a colon is also served after a slash.
        answers
            The answer models by status.
        body_optional
            Whether the body may be left out, as everything in it has a default.
        files
            Media types that are accepted besides JSON.
        query
            The parameters of the query; others are refused.
        headers
            Headers that it honours, besides those that follow from the other parameters.
        examples
            Bodies to show, at least one where there is a body. A parameter of the query that is required has its own.
        sends
            Headers of its answers, besides those that follow from the other parameters.
        problems
            Statuses of errors, besides those that every operation may have.
        creates
            Whether it creates or changes something, so that an `Idempotency-Key` is honoured.
        scope
            What a key needs; None opens the operation to everybody, `Declared.ANY` to every valid key. It may be left
            out where GET reads.
        is_published
            Whether the OpenAPI document has it, as it has everything but the files of a page.
        ignores_query
            When this returns True, unknown and repeated names in the query are ignored rather than refused.
        """

        def register(view: View) -> View:
            route = Route(
                method=method,
                path=path,
                operation=getattr(view, "__name__", path),
                summary=(view.__doc__ or "").strip().splitlines()[0],
                tag=self.tag,
                body=body,
                body_optional=body_optional,
                files=files,
                query=tuple(query),
                headers=tuple(headers),
                examples=tuple(examples),
                answers=answers,
                sends=tuple(sends),
                problems=problems,
                creates=creates,
                scope=_scope_of(method, path, scope),
                is_open=scope is None,
                is_published=is_published,
            )
            self.routes.append(route)
            self._serve(route, view, ignores_query)
            return view

        return register

    def _serve(self, route: Route, view: View, ignores_query: Callable[[], bool] | None) -> None:
        """Let Flask call the view, once what all requests have in common is checked."""
        check_query = query_check(route)
        media_types, varies = route.media_types, route.varies
        reads, waits = route.has_etag, route.waits
        example = next((each.body for each in route.examples if each.media_type == JSON), None)

        def checked(**values: Any) -> Any:
            check_path(values)
            if route.scope is not None:
                check_may(route.method, route.path, route.scope, values)
            if ignores_query is None or not ignores_query():
                check_query()
            check_acceptable(media_types)
            if (admission := admission_of(request.environ)) is not None:
                return admit(admission, route.body is not None, route.files, route.is_open)
            unpack(route.files)
            g.example = example
            refused = refusal_of_body() if route.has_no_fields else None
            act = partial(view, **values)
            if route.changes:
                act = partial(recorded, route.operation, act, refused)
            elif refused is not None:
                raise refused
            if DRY_RUN in route.query and flag(DRY_RUN.name):
                checked_key()
            elif route.creates:
                act = partial(once, act, service_error, route.path.format(**values), route.body is not None)
            response = act()
            if varies:
                response.headers["Vary"] = varies
            if waits:
                say_applied(response)
            return conditional(response) if reads else response

        rule = route.path.replace("{", "<").replace("}", ">")
        self.blueprint.add_url_rule(rule, route.operation, checked, methods=[route.method])
        if route.is_open:
            self.open_endpoints.add(f"{self.tag}.{route.operation}")
        if ":" in route.path:
            self.blueprint.add_url_rule(
                rule.replace(":", "/"), f"{route.operation}_slash", checked, methods=[route.method]
            )


def _scope_of(method: str, path: str, scope: Scope | Declared | None) -> Scope | None:
    if scope is Declared.ANY:
        return None
    if not isinstance(scope, Declared):
        return scope
    if method != "GET":
        raise TypeError(f"{method} {path} must declare its scope")
    return Scope.READ
