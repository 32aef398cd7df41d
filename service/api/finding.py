"""Which operation a path is for, by Flask's own table of routes, with the paths that were found last in memory."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

from service.access.principal import Scope
from service.api.routes import Route

MOST_PATHS, LONGEST_PATH = 4096, 300


class Found(NamedTuple):
    """An operation, and the values in its path."""

    route: "Template"
    values: dict[str, str]


class Template(NamedTuple):
    """What is needed of an operation: the template of its path, and the scope that its keys have."""

    path: str
    scope: Scope


class Finder:
    """Finds some of the POST operations."""

    def __init__(self, table: Map, routes: Iterable[Route], operations: frozenset[str]) -> None:
        self._table = table
        self._routes = {
            f"{route.tag}.{route.operation}{ending}": Template(route.path, route.scope)
            for route in routes
            for ending in ("", "_slash")
            if route.operation in operations and route.scope is not None
        }
        self._remembered = lru_cache(MOST_PATHS)(self._find)

    def find(self, path: str) -> Found | None:
        """Return the operation of a path; None for an unusual path, and for all other operations."""
        if len(path) > LONGEST_PATH or not path.isascii() or "\x00" in path:
            return None
        return self._remembered(path)

    def _find(self, path: str) -> Found | None:
        try:
            endpoint, values = self._table.bind("localhost").match(path, method="POST")
        except (HTTPException, RequestRedirect):
            return None
        route = self._routes.get(endpoint)
        return None if route is None else Found(route, dict(values))
