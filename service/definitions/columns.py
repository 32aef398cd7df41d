"""The records of a stored dataset's columns. Imports how a file was read alone."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from service.definitions.how_read import HowRead

STATISTICS, AS_SENT = "statistics", "as sent"  # marks records whose statistics are not divided by the scale
TARGET_TYPE, LEFT_OPEN = "target_type", "open"  # what the client said of the targets, as stored next to the columns
MAX_WHOLE_VALUES = 1000
SUM_TOLERANCE = 1e-6  # by which targets may miss a sum of 1, as float32 probabilities do


class Role(StrEnum):
    INPUT = "input"
    TARGET = "target"
    WEIGHT = "weight"


class ColumnType(StrEnum):
    NUMBER = "number"
    CATEGORY = "category"


class ColumnKind(StrEnum):
    """What a client says of a column with `types`: how its cells are read, or that the column is left out."""

    NUMBER = "number"
    CATEGORY = "category"
    DATE = "date"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Column:
    """One column: its statistics over all rows that have a value, as the answer of a dataset shows them.

    `categories` are a category column's texts, in numeric, else code point order; the stored number is the index into
    them. `whole_values` are a number column's distinct values when it is a target, all are whole and there are at most
    1,000 of them, ascending: it may then be read as classes. `class_or_value` is what the client said outright with
    `target_type` (`"class"`, `"value"`), or None. The numbers of an `is_date` column are days since 1970-01-01 in UTC,
    read from ISO 8601 dates. An `is_boolean` column is 0 and 1 for the false and true of an array.
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
    is_date: bool = False
    is_boolean: bool = False


@dataclass(frozen=True)
class Table:
    """The shape of a stored dataset: its rows and columns (inputs first, then targets, then the weight).

    Rows are stored as they were sent, and statistics in `columns` are of those numbers. Inputs are divided by `scale`
    wherever they meet a network.
    `dtype` is the stored array's NumPy type; `sha256` covers the columns' definition, the scale and the rows' bytes.
    `read` is None for a dataset of a release that did not store it. `warnings` are sentences for the client. Neither is
    part of the hash.
    `target_sums_are_one` says that the targets of each row, several numbers, lie between 0 and 1 and sum to 1; None for
    other targets, and for datasets of releases that did not measure it.
    """

    rows: int
    columns: tuple[Column, ...]
    dtype: str
    scale: float
    sha256: str
    bytes: int
    read: HowRead | None = None
    warnings: tuple[str, ...] = ()
    target_sums_are_one: bool | None = None

    def having(self, role: Role) -> tuple[Column, ...]:
        """Return the columns of one role, in stored order."""
        return tuple(column for column in self.columns if column.role is role)

    @property
    def target_type(self) -> str | None:
        """What the client said outright of the targets, `class` or `value`."""
        return next((column.class_or_value for column in self.having(Role.TARGET)), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON to store; `from_dict` reads it. Lists read `TARGET_TYPE` in place of the columns."""
        read = None if self.read is None else self.read.to_dict()
        return {**asdict(self), "read": read, STATISTICS: AS_SENT, TARGET_TYPE: self.target_type or LEFT_OPEN}

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
        if record.get(STATISTICS) != AS_SENT and record["scale"] != 1.0:
            columns = tuple(_undivided(column, record["scale"], record["dtype"]) for column in columns)
        fields = {name: value for name, value in record.items() if name not in (STATISTICS, TARGET_TYPE)}
        read = record.get("read")
        fields["read"] = None if read is None else HowRead.from_dict(read)
        return cls(**{**fields, "columns": columns, "warnings": tuple(record.get("warnings", ()))})


def _undivided(column: Column, scale: float, dtype: str) -> Column:
    """Return a column whose statistics an older release stored divided by the scale, with those of the sent numbers.

    Products differ from the sent numbers in the last digit at most; whole numbers are restored exactly.
    """
    if column.role is not Role.INPUT or column.type is not ColumnType.NUMBER:
        return column
    is_whole = "int" in dtype

    def sent(value: float | None, whole: bool = False) -> float | None:
        return None if value is None else float(round(value * scale)) if whole else value * scale

    return replace(
        column,
        minimum=sent(column.minimum, is_whole),
        maximum=sent(column.maximum, is_whole),
        mean=sent(column.mean),
        standard_deviation=sent(column.standard_deviation),
    )


def input_names(count: int) -> tuple[str, ...]:
    """Return the names of input columns that were sent without names, as those of arrays are."""
    return tuple(f"input_{number}" for number in range(1, count + 1))


def target_names(count: int) -> tuple[str, ...]:
    """Return the names of target columns that were sent without names."""
    return ("target",) if count == 1 else tuple(f"target_{number}" for number in range(1, count + 1))


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)
