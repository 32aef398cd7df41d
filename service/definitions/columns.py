"""The records of a stored dataset's columns. Imports nothing of this project."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    INPUT = "input"
    TARGET = "target"
    WEIGHT = "weight"


class ColumnType(StrEnum):
    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True)
class Column:
    """One column: its statistics over all rows that have a value, as the answer of a dataset shows them.

    `categories` are a category column's texts, in numeric, else code point order; the stored number is the index into
    them. `whole_values` are a number column's distinct values when it is a target, all are whole and there are at most
    1,000 of them, ascending: it may then be read as classes. `class_or_value` is what the client said outright with
    `target_type` (`"class"`, `"value"`), or None.
    """

    name: str
    role: Role
    type: ColumnType
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    standard_deviation: float | None = None
    missing: int = 0
    categories: tuple[str, ...] | None = None
    whole_values: tuple[float, ...] | None = None
    class_or_value: str | None = None


@dataclass(frozen=True)
class Table:
    """The shape of a stored dataset: its rows and columns (inputs first, then targets, then the weight).

    Inputs are the stored numbers divided by `scale`; statistics in `columns` are of the divided values.
    `dtype` is the stored array's NumPy type; `sha256` covers the columns' definition, the scale and the rows' bytes.
    """

    rows: int
    columns: tuple[Column, ...]
    dtype: str
    scale: float
    sha256: str
    bytes: int

    def having(self, role: Role) -> tuple[Column, ...]:
        """Return the columns of one role, in stored order."""
        return tuple(column for column in self.columns if column.role is role)

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON to store; `from_dict` reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Table":
        columns = tuple(
            Column(
                **{
                    **column,
                    "role": Role(column["role"]),
                    "type": ColumnType(column["type"]),
                    "categories": _tuple(column["categories"]),
                    "whole_values": _tuple(column["whole_values"]),
                }
            )
            for column in record["columns"]
        )
        return cls(**{**record, "columns": columns})


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)
