"""Curves on two logarithmic axes as SVG, without a library."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 50
COLORS = ("#1f6fb4", "#c8501e", "#3a8a3a", "#7a4fa0")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axes:
    """The ranges of both axes in whole decades, as exponents of ten."""

    x: tuple[int, int]
    y: tuple[int, int]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the coordinates of a point in the picture."""
        right = (math.log10(x) - self.x[0]) / (self.x[1] - self.x[0])
        up = (math.log10(y) - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + right * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def log_log(title: str, x_name: str, y_name: str, curves: Mapping[str, Points], reference: str) -> str:
    """Return a plot of `curves` by name, with a line of slope 1 through the last point of the curve `reference`."""
    everything = [point for points in curves.values() for point in points]
    axes = Axes(decades([x for x, _ in everything]), decades([y for _, y in everything]))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(WIDTH / 2, 20, title, "middle", 'font-size="14"'),
        *_grid(axes),
        _text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 12, x_name, "middle"),
        _text(0, 0, y_name, "middle", f'transform="translate(16 {TOP + (HEIGHT - TOP - BOTTOM) / 2}) rotate(-90)"'),
        _reference(axes, curves[reference]),
    ]
    for number, (name, points) in enumerate(curves.items()):
        lines += _curve(axes, name, points, COLORS[number % len(COLORS)], number)
    return "\n".join([*lines, "</svg>\n"])


def decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the exponents of ten around some values, which differ by at least 1."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _grid(axes: Axes) -> Iterator[str]:
    for exponent in range(axes.x[0], axes.x[1] + 1):
        x, bottom = axes.place(10.0**exponent, 10.0 ** axes.y[0])
        yield _line([(x, bottom), (x, TOP)], "#ddd")
        yield _text(x, bottom + 18, _power(exponent), "middle")
    for exponent in range(axes.y[0], axes.y[1] + 1):
        left, y = axes.place(10.0 ** axes.x[0], 10.0**exponent)
        yield _line([(left, y), (WIDTH - RIGHT, y)], "#ddd")
        yield _text(left - 8, y + 4, _power(exponent), "end")


def _reference(axes: Axes, points: Points) -> str:
    """Return the line of values in proportion to the last point, clipped to the axes."""
    ratio = points[-1][1] / points[-1][0]
    low = max(10.0 ** axes.x[0], 10.0 ** axes.y[0] / ratio)
    high = min(10.0 ** axes.x[1], 10.0 ** axes.y[1] / ratio)
    return _line([axes.place(low, low * ratio), axes.place(high, high * ratio)], "#888", 'stroke-dasharray="6 4"')


def _curve(axes: Axes, name: str, points: Points, color: str, number: int) -> Iterator[str]:
    places = [axes.place(x, y) for x, y in points]
    yield _line(places, color, 'stroke-width="2"')
    for x, y in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>'
    yield _text(LEFT + 10, TOP + 16 + 16 * number, name, "start", f'fill="{color}"')


def _line(places: Points, color: str, extra: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{path}" fill="none" stroke="{color}" {extra}/>'


def _text(x: float, y: float, words: str, anchor: str, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(words)}</text>'


def _power(exponent: int) -> str:
    return f"{10.0**exponent:,g}" if -3 <= exponent <= 5 else f"1e{exponent}"
