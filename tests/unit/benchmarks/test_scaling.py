"""Pictures on two logarithmic axes, slopes, and the page's places."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from benchmarks.growing import SIZES, _count, _hidden
from benchmarks.plotting import Axes, decades, log_log
from benchmarks.scaling import GROWTHS, PAGE, slopes_of
from benchmarks.standings import replaced


def test_the_axes_hold_whole_decades() -> None:
    assert decades([0.02, 3.0, 500.0]) == (-2, 3)
    assert decades([10.0]) == (1, 2)


def test_points_in_proportion_lie_on_a_straight_line() -> None:
    axes = Axes((0, 4), (-3, 1))
    places = [axes.place(x, x / 1000) for x in (1.0, 10.0, 100.0, 1000.0)]
    steps = {(round(after[0] - before[0], 6), round(after[1] - before[1], 6)) for before, after in pairwise(places)}
    assert len(steps) == 1


def test_a_picture_is_svg_with_a_mark_for_each_point_and_a_dashed_line() -> None:
    curves = {"one <way>": [(1.0, 0.1), (10.0, 2.0)], "other": [(1.0, 3.0), (1000.0, 4.0)]}
    root = ElementTree.fromstring(log_log("Title", "rows", "seconds", curves, "one <way>"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg" and len(root.findall(f"{space}circle")) == 4
    assert len([line for line in root.iter(f"{space}polyline") if line.get("stroke-dasharray")]) == 1
    assert "one <way>" in [text.text for text in root.iter(f"{space}text")]


def test_a_slope_is_one_where_cost_is_in_proportion() -> None:
    points = [{"rows": 10.0, "s": 0.5}, {"rows": 1000.0, "s": 50.0}, {"rows": 10_000.0, "s": 50.0}]
    assert slopes_of(points, "s") == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("size", [size for size in SIZES["parameters"] if size >= 100])
def test_two_hidden_layers_bring_the_network_near_its_size(size: float) -> None:
    assert _count((8, *_hidden(size), 1)) == pytest.approx(size, rel=0.04)


@pytest.mark.parametrize("key", GROWTHS)
def test_the_page_has_a_place_for_each(key: str) -> None:
    assert "\nnew\n<!-- end -->" in replaced(PAGE.read_text(encoding="utf-8"), "new", f"bench-scaling {key}")
