"""Dates as text: those within the years 1 to 9999 alone."""

import pyarrow as pa
import pytest

from service.definitions.columns import ColumnKind
from service.errors import Invalid
from tests.unit.datasets.columnar.tables import Read


@pytest.mark.parametrize(
    ("times", "row"),
    [
        (pa.array([0, 253_402_300_800], pa.timestamp("s")), 2),
        (pa.array([None, 0, 2**62], pa.timestamp("us")), 3),
        (pa.array([10**13], pa.timestamp("s", "Europe/Berlin")), 1),
        (pa.array([0, -719_163], pa.int32()).cast(pa.date32()), 2),
        (pa.array([0, 2**31 - 1, 0], pa.int32()).cast(pa.date32()), 2),
        (pa.array([0, 2**62], pa.timestamp("ms")).dictionary_encode(), 2),
    ],
)
def test_dates_beyond_the_calendar_have_no_text(read: Read, times: pa.Array, row: int) -> None:
    table = pa.table({"d": times, "y": pa.array([1.5] * len(times))})
    with pytest.raises(Invalid, match="years 1 to 9999") as caught:
        read(table, types={"d": ColumnKind.CATEGORY})
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(row, "d")]


def test_the_first_and_the_last_day_of_the_calendar_are_text(read: Read) -> None:
    days = pa.array([-719_162, 2_932_896], pa.int32()).cast(pa.date32())
    found, _ = read(pa.table({"d": days, "y": [1.5, 2.5]}), types={"d": ColumnKind.CATEGORY})
    assert found.columns[0].categories == ("0001-01-01", "9999-12-31")
