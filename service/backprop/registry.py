"""How a choice (a layer, an activation, a loss, an optimizer) is declared once and found by name.

A choice is a frozen dataclass with a class variable `name`; its fields are its settings, declared with `setting`, which
stores their bounds with them. Definitions, documents and tests read the registry. Standard library only.
"""

from collections.abc import Iterator
from dataclasses import MISSING, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def setting(
    default: Any = MISSING,
    *,
    above: float | None = None,
    minimum: float | None = None,
    below: float | None = None,
    maximum: float | None = None,
    dimensions: int | None = None,
    doc: str = "",
) -> Any:
    """A dataclass field, its bounds (`above` and `below` are exclusive) and a line of description.

    Without a default it has to be given. An array says how many `dimensions` it has.
    """
    bounds = {"above": above, "minimum": minimum, "below": below, "maximum": maximum}
    metadata = {**bounds, "dimensions": dimensions, "doc": doc}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


class Registry(Generic[T]):
    """Classes by their `name`, in the order they were written."""

    def __init__(self) -> None:
        self._classes: dict[str, type[T]] = {}

    def register(self, cls: Any) -> Any:
        """Class decorator. A name is taken once."""
        if cls.name in self._classes:
            raise ValueError(f"{cls.name} is registered already")
        self._classes[cls.name] = cls
        return cls

    def names(self) -> tuple[str, ...]:
        return tuple(self._classes)

    def __getitem__(self, name: str) -> Any:
        return self._classes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)
