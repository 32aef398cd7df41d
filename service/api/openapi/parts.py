"""Models of the answers to `?fields=`: those of whole answers, of which no field has to be there."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from service.api.fields import FIELDS_QUERY
from service.api.operations import Route
from service.api.schemas import ListAnswer
from service.definitions.base import answer_model


def part_answered(route: Route, model: Any) -> Any:
    """Return the model of what an operation answers where `?fields=` names fields; None where it does not take it."""
    return part_of(model) if FIELDS_QUERY in route.query else None


@cache
def part_of(model: Any) -> Any:
    """Return the model of a part of an answer, or of a list of parts: `JobPart` of `JobAnswer`."""
    if get_origin(model) is ListAnswer:
        [item] = get_args(model)
        return ListAnswer[part_of(item)]  # type: ignore[misc]
    name = f"{model.__name__.removesuffix('Answer')}Part"
    fields = {field: _part(hint) for field, hint in get_type_hints(model, include_extras=True).items()}
    part: Any = TypedDict(name, fields, total=False)  # type: ignore[misc]
    part.__doc__ = f"The fields of `{model.__name__.removesuffix('Answer')}` that `?fields=` names."
    return answer_model(part)


def _part(hint: Any) -> Any:
    """Return the type of a field of which `?fields=` may name fields."""
    if is_typeddict(hint):
        return part_of(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (NotRequired, Required):
        return _part(arguments[0])
    if origin is Annotated:
        inner, *said = arguments
        if any(isinstance(each, FieldInfo) and each.discriminator for each in said):
            return dict[str, Any]  # a choice between models, which is ambiguous without its `type`
        return Annotated[(_part(inner), *said)]
    if origin is Literal or not arguments:
        return hint
    parts = tuple(map(_part, arguments))
    return Union[parts] if origin in (Union, UnionType) else origin[parts]  # noqa: UP007 - of types that are not known
