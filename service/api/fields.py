"""`?fields=`: the fields of an answer that a client wants, by the models that answers are built from."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, NotRequired, Required, Union, cast, get_args, get_origin

from flask import request
from typing_extensions import get_type_hints, is_typeddict

from service.api.routes import Query
from service.definitions.guessing import guess
from service.errors import Invalid

FIELDS_QUERY = Query(
    "fields",
    {"type": "string"},
    "names of fields, separated by commas: the answer has no others. `progress.epoch` is a field within a field",
)
DEEPEST = 4  # names of one path
LONGEST_SHOWN = 60

# what is wanted of an object: by name what is wanted of that field, None for all of it
Wanted = dict[str, "Wanted | None"]


def wanted_fields(model: Any) -> Wanted | None:
    """Read `?fields=`, names of fields of an answer model; None without it, for all of them.

    Raises
    ------
    Invalid
        For a name that the model does not have, with a guess.
    """
    given = request.args.getlist("fields")
    if not given:
        return None
    wanted: Wanted = {}
    for path in ",".join(given).split(","):
        if name := path.strip():
            _add(wanted, name, model)
    if not wanted:
        raise Invalid.at("?fields", f"names no field{guess('', sorted(_fields_of(model) or ()))}")
    return wanted


def _add(wanted: Wanted, path: str, model: Any) -> None:
    parts = path.split(".", DEEPEST)
    if len(parts) > DEEPEST:
        raise Invalid.at("?fields", f"`{path[:LONGEST_SHOWN]}` has more than {DEEPEST} names")
    at, whole = wanted, False
    for number, name in enumerate(parts):
        known = _fields_of(model)
        if known is not None and name not in known:
            shown = ".".join(parts[: number + 1])[:LONGEST_SHOWN]
            raise Invalid.at("?fields", f"`{shown}` is not known{guess(name, sorted(known))}")
        model = None if known is None else known[name]
        whole = whole or (name in at and at[name] is None)  # asked for before
        if not whole and number < len(parts) - 1:
            at = cast(Wanted, at.setdefault(name, {}))
    if not whole:
        at[parts[-1]] = None


@cache
def _fields_of(model: Any) -> dict[str, Any] | None:
    """Return the types of an answer's fields, or of those of the objects in it; None where any name may be one."""
    origin, arguments = get_origin(model), get_args(model)
    if is_typeddict(model):
        return dict(get_type_hints(model, include_extras=True))
    if origin in (Annotated, NotRequired, Required):
        return _fields_of(arguments[0])
    if origin in (Union, UnionType):
        found = [fields for each in arguments if each is not type(None) for fields in [_fields_of(each)]]
        if None in found:
            return None
        return {name: kind for fields in found if fields is not None for name, kind in fields.items()}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _fields_of(arguments[0])
    if model in (None, Any) or origin is dict:
        return None
    return {}


def picked(body: Mapping[str, Any], wanted: Wanted | None) -> Mapping[str, Any]:
    """Return those fields of an answer that are wanted."""
    if wanted is None:
        return body
    return {name: _within(value, wanted[name]) for name, value in body.items() if name in wanted}


def _within(value: Any, wanted: Wanted | None) -> Any:
    if isinstance(value, Mapping):
        return picked(value, wanted)
    if isinstance(value, list | tuple) and wanted is not None:
        return [_within(item, wanted) for item in value]
    return value
