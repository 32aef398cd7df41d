"""Where choices are known by name, and how a choice declares its settings.

Every activation, loss, initializer, optimizer, metric and layer is one frozen dataclass, registered under its `name`;
its fields are its settings, as they stand in JSON. `service.definitions` makes its models from the registries, so a new
choice is one class in one file. Imports the standard library and `service.errors`.
"""

from collections.abc import Iterator
from dataclasses import field
from typing import Any, Generic, TypeVar

from service.errors import Invalid

T = TypeVar("T")
C = TypeVar("C", bound=type[Any])


class Registry(Generic[T]):
    """The classes of one kind of choice, by name, in the order they were registered."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._classes: dict[str, type[T]] = {}

    def register(self, cls: C) -> C:
        """Class decorator; the class has a `name`, and no other of this kind has it."""
        name: str = cls.name
        if name in self._classes:
            raise ValueError(f"there is already one {self.kind} named {name}")
        self._classes[name] = cls
        return cls

    def names(self) -> tuple[str, ...]:
        return tuple(self._classes)

    def __getitem__(self, name: str) -> type[T]:
        try:
            return self._classes[name]
        except KeyError:
            raise Invalid(f"`{name}` is no {self.kind}; known are {', '.join(self._classes)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[type[T]]:
        return iter(self._classes.values())

    def __len__(self) -> int:
        return len(self._classes)


def setting(
    default: Any,
    *,
    above: float | None = None,
    minimum: float | None = None,
    below: float | None = None,
    maximum: float | None = None,
    doc: str = "",
) -> Any:
    """A dataclass field with a default, bounds and a line of documentation.

    `above` and `below` exclude the bound itself, `minimum` and `maximum` include it. The bounds are kept as the field's
    metadata and checked by `service.definitions`, once, before anything is built.
    """
    metadata = {"above": above, "minimum": minimum, "below": below, "maximum": maximum, "doc": doc}
    return field(default=default, metadata=metadata)
