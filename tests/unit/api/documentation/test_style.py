"""Colours of the pages can be read: a contrast of at least 4.5 (WCAG 2.2, AA), in light and in dark."""

import re
from itertools import product

import pytest

from service.api.documentation.pages import Pages

PALETTES = re.findall(r":root \{(.*?)\}", Pages(dict).style.decode(), re.DOTALL)
INKS = ("text", "quiet", "link", "get", "post", "put", "delete")
GROUNDS = ("page", "raised", "mark")


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), list(product(INKS, GROUNDS)))
def test_contrast(palette: str, ink: str, ground: str) -> None:
    colours = dict(re.findall(r"--(\w+): (#\w{6});", palette))
    darker, lighter = sorted(luminance(colours[name]) for name in (ink, ground))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)
