"""ISO 8601 dates as days: one by one and by the array, and what is no date."""

import math

import numpy as np
import pyarrow as pa
import pytest

from service.preprocessing.dates import date_of, day_of, days_of

DATES = {
    "1970-01-01": 0.0,
    "2024-02-29": 19782.0,
    "1969-12-31T18:00": -0.25,
    "2024-01-31 12:00:00": 19753.5,
    "2024-01-31T00:00:00.5": 19753 + 0.5 / 86_400,
    "0001-01-01": -719162.0,
    "9999-12-31": 2932896.0,
}
WITH_OFFSETS = {"2024-01-31T12:00Z": 19753.5, "2024-01-31T12:00:00+12:00": 19753.0, "2024-01-31T12:00-0600": 19753.75}


@pytest.mark.parametrize("days", [DATES, WITH_OFFSETS, DATES | WITH_OFFSETS])
def test_days_are_the_same_one_by_one_and_by_the_array(days: dict[str, float]) -> None:
    assert [day_of(text) for text in days] == list(days.values())
    np.testing.assert_array_equal(days_of(pa.array([*days, None])), [*days.values(), np.nan])


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "2024-1-3", "20240131", "31.01.2024", "2024-01", "12:00", "", "2024-01-31T25:00", "0000-01-01"],
)
def test_other_texts_are_no_dates(text: str) -> None:
    assert day_of(text) is None
    assert math.isnan(days_of(pa.array([text, "2024-01-31"]))[0])
    assert math.isnan(days_of(pa.array([text]))[0])


def test_days_beyond_the_calendar_are_shown_as_days() -> None:
    (late,) = days_of(pa.array(["9999-12-31T23:30-05:00"]))
    assert late == day_of("9999-12-31T23:30-05:00") == 2932897.1875
    for day in (late, 5e6, -719163.0, 2.0**60):  # dates of Parquet reach further
        assert date_of(day) == day
    assert [date_of(day) for day in (-719162.0, 2932896.0)] == ["0001-01-01", "9999-12-31"]
