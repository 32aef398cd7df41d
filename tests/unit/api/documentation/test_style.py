"""Colours of the pages can be read: a contrast of at least 4.5 (WCAG 2.2, AA), in light and in dark."""

import re
from itertools import product

import pytest

from service.api.documentation.pages import Pages
from service.dashboard.files import shared_style

STYLE = Pages(dict).style.decode()
LIGHT, DARK, CHOSEN_DARK = (  # the dark one twice: by the setting of the browser, and by the choice of the reader
    re.search(re.escape(selector) + r" \{(.*?)\}", STYLE, re.DOTALL)
    for selector in (":root", ':root:not([data-theme="light"])', ':root[data-theme="dark"]')
)
COLOUR = re.compile(r"--([\w-]+): (#\w{6});")
INKS = ("text", "quiet", "link", "accent", "good", "bad", "warn")
GROUNDS = ("page", "raised", "mark")


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def colours(palette: re.Match[str] | None) -> dict[str, str]:
    assert palette is not None
    return dict(COLOUR.findall(palette[1]))


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), list(product(INKS, GROUNDS)))
def test_contrast(palette: re.Match[str] | None, ink: str, ground: str) -> None:
    found = colours(palette)
    darker, lighter = sorted(luminance(found[name]) for name in (ink, ground))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)


def test_dark_is_the_same_whoever_chooses_it_and_has_every_colour_of_light() -> None:
    assert colours(DARK) == colours(CHOSEN_DARK)
    assert colours(DARK).keys() == colours(LIGHT).keys()


def test_colours_of_these_pages_are_those_of_the_dashboard() -> None:
    own = STYLE.removeprefix(shared_style().decode())
    assert own != STYLE and not re.findall(r"#[0-9a-f]{3,8}\b", own)
    named = set(re.findall(r"var\((--[\w-]+)\)", STYLE))
    defined = set(re.findall(r"(--[\w-]+):", STYLE))
    assert named <= defined
