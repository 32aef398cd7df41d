"""Colours of the pages can be read: a contrast of at least 4.5 (WCAG 2.2, AA), in light and in dark."""

import re
from itertools import product

import pytest

from service.api.documentation.pages import Pages
from service.dashboard.files import shared_style

STYLE = Pages(dict).style.decode()
PAIRS = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", STYLE)
LIGHT = {name: light for name, light, _ in PAIRS}
DARK = {name: dark for name, _, dark in PAIRS}
INKS = ("text", "quiet", "link", "accent", "good", "bad", "warn")
GROUNDS = ("page", "raised", "mark")


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), list(product(INKS, GROUNDS)))
def test_contrast(palette: dict[str, str], ink: str, ground: str) -> None:
    darker, lighter = sorted(luminance(palette[name]) for name in (ink, ground))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)


def test_every_colour_is_given_once_for_light_and_for_dark() -> None:
    assert len(LIGHT) == len(PAIRS)
    assert len(re.findall(r"#[0-9a-f]{3,8}\b", STYLE)) == 2 * len(PAIRS)


def test_colours_of_these_pages_are_those_of_the_dashboard() -> None:
    own = STYLE.removeprefix(shared_style().decode())
    assert own != STYLE and not re.findall(r"#[0-9a-f]{3,8}\b", own)
    named = set(re.findall(r"var\((--[\w-]+)\)", STYLE))
    defined = set(re.findall(r"(--[\w-]+):", STYLE))
    assert named <= defined
