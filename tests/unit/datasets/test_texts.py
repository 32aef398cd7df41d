"""Numbers as texts of categories, and texts as numbers and dates."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from service.datasets.texts import days_of, has_offset, number_as_text, number_of, numbers_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"),
        (2.0, "2"),
        (-0.5, "-0.5"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (2**60 + 1, "1152921504606846977"),
        (Decimal("2.10"), "2.10"),
        (Decimal("2.00"), "2"),
        (None, None),
        (NAN, None),
    ],
)
def test_a_number_has_one_text(value: object, text: str | None) -> None:
    assert number_as_text(value) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        (" -2.5e3 ", -2500.0),
        (".5", 0.5),
        ("1e999", None),
        ("nan", None),
        ("1_000", None),
        ("", None),
        ("x", None),
        ("\u0661", None),
    ],
)
def test_plain_decimal_numbers_alone_are_read(text: str, number: float | None) -> None:
    assert number_of(text) == number
    np.testing.assert_array_equal(numbers_of(pa.array([text, None])), [NAN if number is None else number, NAN])


def test_dates_alone_are_read() -> None:
    texts = ["1970-01-02", "1970-01-02T12:00Z", "1970-02-30", "soon", "1970", None]
    np.testing.assert_array_equal(days_of(pa.array(texts)), [1, 1.5, NAN, NAN, NAN, NAN])
    offsets = ["1970-01-02", "1970-01-02T12:00", "1970-01-02T12:00Z", "1970-01-02 12:00:01.5-03:00"]
    assert [has_offset(text) for text in offsets] == [None, False, True, True]
