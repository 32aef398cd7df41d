"""What the address of every request is checked for before its view is called."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from service.api.answers import flag
from service.api.operations import Route
from service.api.query import check_names, check_single
from service.errors import NotFound

PRETTY = "pretty"


def check_path(names: Mapping[str, str]) -> None:
    """Raise `NotFound` for a name in the path that holds a NUL character."""
    if any("\x00" in name for name in names.values()):
        raise NotFound("no name holds a NUL character")


def query_check(route: Route) -> Callable[[], None]:
    """Return what raises `Invalid` for a query with which nothing may be done."""
    known = {item.name for item in route.query} | {PRETTY}
    single = [item.name for item in route.query if item.is_single]
    after_is_found = HTTPStatus.NOT_FOUND in route.problems

    def check() -> None:
        check_names(known, after_is_found)
        check_single(single)
        flag(PRETTY)

    return check
