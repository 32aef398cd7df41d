"""The record of how a file of a dataset was read. Imports nothing of this project."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CsvNotation:
    """How the text of a CSV was read. `thousands` is None where they are not separated.

    `codes` are the columns of whole numbers that are read as text; None in records of releases that did not name them.
    """

    encoding: str
    delimiter: str
    header: bool
    decimal: str
    thousands: str | None
    missing: tuple[str, ...]
    codes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class HowRead:
    """The format of a file, its columns of dates where the format can hold any, and the notation of a CSV."""

    format: str
    dates: tuple[str, ...] | None = None
    csv: CsvNotation | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON to store and to answer; fields that do not apply are left out."""
        record: dict[str, Any] = {"format": self.format}
        if self.csv is not None:
            notation = self.csv
            record |= {
                "encoding": notation.encoding,
                "delimiter": notation.delimiter,
                "header": notation.header,
                "decimal": notation.decimal,
                "thousands": notation.thousands,
                "missing": list(notation.missing),
            }
        if self.dates is not None:
            record["dates"] = list(self.dates)
        if self.csv is not None and self.csv.codes is not None:
            record["codes"] = list(self.csv.codes)
        return record

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "HowRead":
        """Return the record that `to_dict` has made."""
        csv = None
        if record["format"] == "csv":
            csv = CsvNotation(
                record["encoding"],
                record["delimiter"],
                record["header"],
                record["decimal"],
                record["thousands"],
                tuple(record["missing"]),
                _texts(record.get("codes")),
            )
        return cls(record["format"], _texts(record.get("dates")), csv)


def _texts(found: list[str] | None) -> tuple[str, ...] | None:
    return None if found is None else tuple(found)
