"""Medians, ratios and tables of the comparison, and their place in the page."""

import pytest

from benchmarks.standings import (
    ENGINE,
    JAX,
    JAX_SCANNED,
    SCIKIT_LEARN,
    SERVICE,
    duration,
    fastest_peer,
    medians,
    ratios,
    ratios_table,
    replaced,
    seconds_table,
)
from benchmarks.train import PAGE

ROUNDS = {SERVICE: [1.0, 3.0, 1.5], ENGINE: [1.0, 1.0, 1.0], JAX: [2.0, 9.0, 3.0], SCIKIT_LEARN: [4.0, 6.0, 5.0]}


def test_each_contender_has_the_median_of_its_rounds() -> None:
    assert medians(ROUNDS) == {SERVICE: 1.5, ENGINE: 1.0, JAX: 3.0, SCIKIT_LEARN: 5.0}


def test_the_fastest_peer_is_never_one_of_ours() -> None:
    assert fastest_peer({SERVICE: 1.0, ENGINE: 0.5, JAX: 3.0, SCIKIT_LEARN: 2.0}) == SCIKIT_LEARN


def test_ratios_are_of_medians_over_the_fastest_peers() -> None:
    assert ratios(medians(ROUNDS))[SERVICE] == 0.5
    assert ratios(medians(ROUNDS))[JAX] == 1.0


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.234e-6, "1.23 us"), (0.000226, "226 us"), (0.2, "0.200"), (2.0, "2.00"), (123.4, "123")]
)
def test_a_duration_has_three_digits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_table_has_a_column_for_each_contender_that_ran() -> None:
    lines = seconds_table({"a": ROUNDS, "b": {SERVICE: [0.5], JAX: [0.25]}}).splitlines()
    assert lines[0] == "| seconds per epoch | service | engine | JAX | scikit-learn |"
    assert lines[2] == "| a | 1.50 ±67% | 1.00 ±0% | 3.00 ±117% | 5.00 ±20% |"
    assert lines[3] == "| b | 0.500 |  | 0.250 |  |"


def test_the_table_of_ratios_names_the_fastest_peer() -> None:
    lines = ratios_table({"a": ROUNDS, "b": {SERVICE: [0.5], JAX: [0.25], JAX_SCANNED: [0.1]}}).splitlines()
    assert lines[2] == "| a | JAX | 0.50 | 0.33 | 1.00 |  | 1.67 |"
    assert lines[3] == f"| b | {JAX_SCANNED} | 5.00 |  | 2.50 | 1.00 |  |"


def test_only_what_is_between_the_markers_is_replaced() -> None:
    page = "before\n<!-- bench-train: figures -->\nold\n\\1\n<!-- end -->\nafter <!-- end -->\n"
    assert replaced(page, "new \\1") == (
        "before\n<!-- bench-train: figures -->\nnew \\1\n<!-- end -->\nafter <!-- end -->\n"
    )


@pytest.mark.parametrize("markers", [0, 2])
def test_a_page_without_its_one_place_is_refused(markers: int) -> None:
    with pytest.raises(ValueError, match="bench-train"):
        replaced("<!-- bench-train: figures -->\n<!-- end -->\n" * markers, "new")


def test_the_page_has_its_place() -> None:
    assert "\nnew\n<!-- end -->" in replaced(PAGE.read_text(encoding="utf-8"), "new")
