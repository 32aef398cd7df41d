"""Plots for a terminal."""

import pytest

from service.ops.terminal_plots import bar, curve, digit


@pytest.mark.parametrize(("fraction", "full"), [(-1.0, 0), (0.0, 0), (0.5, 5), (1.0, 10), (2.0, 10)])
def test_a_bar_is_as_full_as_its_fraction(fraction: float, full: int) -> None:
    assert bar(fraction, width=10) == "[" + "#" * full + "." * (10 - full) + "]"


def test_a_curve_falls_from_its_first_value_to_its_last() -> None:
    lines = curve([1.0, 0.1, 0.01], width=3, height=3)
    assert lines == ["       1 |*  ", "         | * ", "    0.01 |  *"]


def test_a_curve_of_equal_values_is_a_line() -> None:
    assert sum(line.count("*") for line in curve([0.5, 0.5], width=4, height=3)) == 4


def test_a_digit_has_two_characters_a_pixel() -> None:
    assert digit([0, 16, 16, 0], side=2) == "  @@\n@@  "
