"""Registries of the classes that a client can choose by name: layers, activations, losses, optimizers and so on.

A registered class is a frozen dataclass with a class variable `name`; its fields are its settings, declared with
`setting`, which records their bounds. Definitions, documents and tests read the registries. Standard library only.
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
    """Return a dataclass field for a setting.

    Parameters
    ----------
    default
        Without one, clients have to give the setting.
    above, below
        Exclusive bounds.
    minimum, maximum
        Inclusive bounds.
    dimensions
        The number of dimensions of a setting that is an array.
    doc
        A line of description, for documents and the OpenAPI schema.
    """
    bounds = {"above": above, "minimum": minimum, "below": below, "maximum": maximum}
    metadata = {**bounds, "dimensions": dimensions, "doc": doc}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


class Registry(Generic[T]):
    """Classes by their `name`, in the order of their registration."""

    def __init__(self) -> None:
        self._classes: dict[str, type[T]] = {}

    def register(self, cls: Any) -> Any:
        """Register a class, as its decorator; raise `ValueError` when its name is taken."""
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
