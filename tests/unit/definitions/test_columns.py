"""Records of stored datasets, and those of older releases, whose statistics are divided by the scale."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from service.definitions.columns import Column, ColumnType, Role, Table

COLUMNS = (
    Column("a", Role.INPUT, ColumnType.NUMBER, 3.0, 254.0, 100.1, 7.5),
    Column("c", Role.INPUT, ColumnType.CATEGORY, categories=("x", "y")),
    Column("empty", Role.INPUT, ColumnType.NUMBER, missing=3),
    Column("y", Role.TARGET, ColumnType.NUMBER, 0.0, 9.0, 4.5, 2.0, whole_values=(0.0, 9.0)),
)
TABLE = Table(3, COLUMNS, "uint8", 255.0, "0" * 64, 12)


def of_an_older_release(table: Table) -> dict[str, Any]:
    """Return the record that an older release stored: statistics of inputs are divided by the scale."""
    record = asdict(table)
    for name in ("minimum", "maximum", "mean", "standard_deviation"):
        record["columns"][0][name] /= table.scale
    return record


def test_a_record_is_read_as_it_was_stored() -> None:
    assert Table.from_dict(TABLE.to_dict()) == TABLE


def test_older_statistics_become_those_of_the_sent_numbers() -> None:
    read = Table.from_dict(of_an_older_release(TABLE))
    assert read.columns[1:] == COLUMNS[1:]
    column = read.columns[0]
    assert (column.minimum, column.maximum) == (3.0, 254.0)
    assert (column.mean, column.standard_deviation) == pytest.approx((100.1, 7.5), rel=1e-15)


@pytest.mark.parametrize("value", range(256))
def test_whole_numbers_are_restored_exactly(value: int) -> None:
    table = replace(TABLE, columns=(replace(COLUMNS[0], maximum=float(value)),), scale=255.0)
    assert Table.from_dict(of_an_older_release(table)).columns[0].maximum == value
