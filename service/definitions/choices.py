"""Makes pydantic models of the engine's registries, so that clients can choose everything the engine implements.

A registered class is a frozen dataclass; its fields, defaults, bounds and docstring become a model's. Imports
`service.backprop` and pydantic.
"""

import dataclasses
import functools
import inspect
from typing import Annotated, Any, Literal, get_type_hints

import numpy as np
from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema

from service.backprop.activations import ACTIVATIONS, Activation
from service.backprop.initializers import INITIALIZERS, Initializer
from service.backprop.registry import Registry
from service.definitions.base import Integer, Model, Number
from service.definitions.guessing import show

BOUNDS = {"above": "gt", "minimum": "ge", "below": "lt", "maximum": "le"}
# the first wrong number of an array is reported: a large array of them would take longer to refuse than to accept
Row = Annotated[list[Number], Field(min_length=1, fail_fast=True)]
ARRAYS: dict[int, Any] = {1: Row | None, 2: Annotated[list[Row], Field(min_length=1, fail_fast=True)] | None}
NESTED: dict[Any, Registry[Any]] = {Activation: ACTIVATIONS, Initializer: INITIALIZERS}


class Named:
    """Adds to the JSON schema that a bare name is accepted and means the choice with its defaults."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "enum": list(self.names)}, handler(core)]}


def choice(registry: Registry[Any], title: str, *, short_answers: bool = False) -> Any:
    """Return a type that accepts `{"type": name, ...}`, or the bare name for its defaults.

    With `short_answers` a choice that has its defaults is written as its name alone.
    """
    annotations: list[Any] = [BeforeValidator(functools.partial(_name_or_object, registry)), Named(registry.names())]
    if short_answers:
        annotations.append(PlainSerializer(_short))
    return Annotated[union(registry, title), *annotations]


def union(registry: Registry[Any], title: str) -> Any:
    """Return a type that accepts `{"type": name, ...}`."""
    models = [model_of(registry, name, title) for name in registry.names()]
    together: Any = models[0]
    for model in models[1:]:
        together = together | model
    return Annotated[together, Field(discriminator="type")] if len(models) > 1 else together


def model_of(registry: Registry[Any], of: str, title: str) -> type[Model]:
    """Return the pydantic model of one registered class: `type`, then its fields with their bounds."""
    cls = registry[of]
    hints = get_type_hints(cls)
    fields: dict[str, Any] = {"type": (Literal[cls.name], ...)}
    for field in dataclasses.fields(cls):
        bounds = {BOUNDS[key]: value for key, value in field.metadata.items() if key in BOUNDS and value is not None}
        hint: Any = _type_of(hints[field.name], field.metadata.get("dimensions"))
        description = field.metadata.get("doc") or None
        fields[field.name] = (Annotated[hint, Field(description=description, **bounds)], _default_of(field))
    name = "".join(part.capitalize() for part in cls.name.split("_")) + title
    validators: dict[str, Any] = {"built": model_validator(mode="after")(lambda model: _checked(registry, model))}
    return create_model(name, __base__=Model, __doc__=inspect.getdoc(cls), __validators__=validators, **fields)


def _type_of(hint: Any, dimensions: int | None) -> Any:
    if dimensions is not None:
        return ARRAYS[dimensions]
    if hint in NESTED:
        return choice(NESTED[hint], hint.__name__, short_answers=hint is Activation)
    strict: dict[Any, Any] = {int: Integer, float: Number, int | None: Integer | None, float | None: Number | None}
    return strict.get(hint, hint)


def _default_of(field: "dataclasses.Field[Any]") -> Any:
    """Return a field's default; that of a nested choice as the JSON that a client would send."""
    if field.default is dataclasses.MISSING:
        return ...
    if dataclasses.is_dataclass(field.default):
        settings = {part.name: getattr(field.default, part.name) for part in dataclasses.fields(field.default)}
        record = {"type": getattr(field.default, "name"), **settings}  # noqa: B009
        return Field(default=record, validate_default=True)
    return field.default


def _checked(registry: Registry[Any], model: Any) -> Any:
    """Build the engine's object, whose class checks its settings itself."""
    build(registry, model.model_dump(mode="json"))
    return model


def build(registry: Registry[Any], record: dict[str, Any] | str) -> Any:
    """Return the engine's object of a checked record, or of a bare name."""
    given: dict[str, Any] = _named(record)
    cls = registry[given["type"]]
    hints = hints_of(cls)
    settings: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        value = given.get(field.name, dataclasses.MISSING)
        if value is dataclasses.MISSING:
            continue
        if hints[field.name] in NESTED:
            value = build(NESTED[hints[field.name]], value)
        elif field.metadata.get("dimensions") and value is not None:
            value = _array(field.name, value)
        settings[field.name] = value
    return cls(**settings)


@functools.cache
def hints_of(cls: type) -> dict[str, Any]:
    """Return the types of a registered class's fields, cached as a network of many layers needs them for each."""
    return get_type_hints(cls)


def _array(name: str, rows: list[Any]) -> Any:
    for index, row in enumerate(rows):
        if isinstance(row, list) and len(row) != len(rows[0]):
            raise ValueError(f"row {index} of `{name}` must have {len(rows[0])} entries, as the first, got {len(row)}")
    return np.array(rows)


def _named(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


def _name_or_object(registry: Registry[Any], value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | list):
        names = registry.names()
        raise ValueError(f"must be a name such as `{names[0]}` or an object with a `type`, got {show(value)}")
    return _named(value)


def _short(model: Any) -> Any:
    record = model.model_dump(mode="json")
    is_default = all(
        record[name] == field.default for name, field in type(model).model_fields.items() if name != "type"
    )
    return record["type"] if is_default else record
