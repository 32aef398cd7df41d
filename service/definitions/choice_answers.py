"""Makes answer models of the engine's registries: what `service.definitions.choices` accepts, as it is read back.

Every setting is in an answer, those that are null by default where they are set. Imports `service.backprop`.
"""

import dataclasses
import inspect
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.backprop.activations import Activation
from service.backprop.registry import Registry
from service.definitions.base import answer_model
from service.definitions.choices import NESTED, hints_of

ARRAYS: dict[int, Any] = {1: list[float], 2: list[list[float]]}


def chosen(registry: Registry[Any], title: str, *, is_short: bool = False) -> Any:
    """Return the type of a choice in answers: an object with its `type` and settings.

    With `is_short` a choice that has its defaults is its name alone.
    """
    together = union_of(registry, title)
    return Literal[registry.names()] | together if is_short else together


def union_of(registry: Registry[Any], title: str, more: dict[str, Any] | None = None) -> Any:
    """Return the type of one of a registry's objects; `more` are fields that all of them have besides."""
    models = [_model_of(registry, name, title, more or {}) for name in registry.names()]
    together: Any = models[0]
    for model in models[1:]:
        together = together | model
    return Annotated[together, Field(discriminator="type")] if len(models) > 1 else together


def _model_of(registry: Registry[Any], of: str, title: str, more: dict[str, Any]) -> Any:
    cls = registry[of]
    hints = hints_of(cls)
    fields: dict[str, Any] = {"type": Literal[cls.name]}
    for field in dataclasses.fields(cls):
        hint: Any = _type_of(hints[field.name], field.metadata.get("dimensions"))
        described = Annotated[hint, Field(description=field.metadata.get("doc") or None)]
        fields[field.name] = NotRequired[described] if field.default is None else described
    name = "".join(part.capitalize() for part in cls.name.split("_")) + f"{title}Answer"
    model: Any = TypedDict(name, {**fields, **more})  # type: ignore[misc]
    model.__doc__ = inspect.getdoc(cls)
    return answer_model(model)


def _type_of(hint: Any, dimensions: int | None) -> Any:
    if dimensions is not None:
        return ARRAYS[dimensions]
    if hint in NESTED:
        return chosen(NESTED[hint], hint.__name__, is_short=hint is Activation)
    return hint
