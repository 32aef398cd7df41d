"""Makes pydantic models of the engine's registries, so that what the engine can do is what clients may ask for.

A registered class is a frozen dataclass; its fields, defaults, bounds and docstring become a model's. Imports
`service.backprop.registry` and pydantic.
"""

import dataclasses
import inspect
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BeforeValidator, Field, create_model

from service.backprop.registry import Registry
from service.definitions.base import Integer, Model, Number

BOUNDS = {"above": "gt", "minimum": "ge", "below": "lt", "maximum": "le"}
STRICT: dict[Any, Any] = {int: Integer, float: Number}


def names(registry: Registry[Any]) -> tuple[str, ...]:
    """The registered names, for a `Literal`."""
    return tuple(registry.names())


def choice(registry: Registry[Any], title: str) -> Any:
    """A type that takes `{"type": name, ...}`, or the bare name for its defaults."""
    models = [model_of(registry[name], title) for name in registry.names()]
    union: Any = models[0]
    for model in models[1:]:
        union = union | model
    if len(models) > 1:
        union = Annotated[union, Field(discriminator="type")]
    return Annotated[union, BeforeValidator(_named)]


def model_of(cls: Any, title: str) -> type[Model]:
    """The pydantic model of one registered class: `type`, then its fields with their bounds."""
    hints = get_type_hints(cls)
    fields: dict[str, Any] = {"type": (Literal[cls.name], ...)}
    for field in dataclasses.fields(cls):
        bounds = {BOUNDS[key]: value for key, value in field.metadata.items() if key in BOUNDS and value is not None}
        hint = STRICT.get(hints[field.name], hints[field.name])
        description = field.metadata.get("doc") or None
        if field.default is dataclasses.MISSING:
            raise TypeError(f"{cls.__name__}.{field.name} must have a default: every setting has one")
        fields[field.name] = (Annotated[hint, Field(description=description, **bounds)], field.default)
    name = "".join(part.capitalize() for part in cls.name.split("_")) + title
    return create_model(name, __base__=Model, __doc__=inspect.getdoc(cls), **fields)


def build(registry: Registry[Any], record: dict[str, Any]) -> Any:
    """The engine's object of a checked record."""
    settings = {key: value for key, value in record.items() if key != "type"}
    return registry[record["type"]](**settings)


def _named(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value
