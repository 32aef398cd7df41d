"""Plots for a terminal: a progress bar, a curve, a small grey image."""

import math
from collections.abc import Mapping, Sequence

GREYS = " .:-=+*#%@"


def bar(fraction: float, width: int = 30) -> str:
    """Return a progress bar."""
    full = round(max(0.0, min(1.0, fraction)) * width)
    return "[" + "#" * full + "." * (width - full) + "]"


def curve(values: Sequence[float], width: int = 60, height: int = 10) -> list[str]:
    """Return the lines of a plot of positive `values` over their index, on a labelled logarithmic scale."""
    return curves({"*": values}, width, height)


def curves(series: Mapping[str, Sequence[float]], width: int = 60, height: int = 10) -> list[str]:
    """Return the lines of a plot of several series of equal length, each drawn by its mark; the first is on top."""
    logs = {mark: [math.log10(max(value, 1e-12)) for value in values] for mark, values in series.items()}
    low, high = min(map(min, logs.values())), max(map(max, logs.values()))
    span = (high - low) or 1.0
    grid = [[" "] * width for _ in range(height)]
    for mark, values in reversed(logs.items()):
        for column in range(width):
            at = column * (len(values) - 1) / max(width - 1, 1)
            grid[round((high - values[round(at)]) / span * (height - 1))][column] = mark
    labels = {0: f"{10**high:.2g}", height - 1: f"{10**low:.2g}"}
    return [f"{labels.get(row, ''):>8} |{''.join(cells)}" for row, cells in enumerate(grid)]


def digit(pixels: Sequence[float], side: int = 8, brightest: float = 16) -> str:
    """Return an image of side x side pixels, two characters each."""
    lines = []
    for row in range(side):
        part = pixels[row * side : (row + 1) * side]
        lines.append("".join(GREYS[round(pixel / brightest * (len(GREYS) - 1))] * 2 for pixel in part))
    return "\n".join(lines)
