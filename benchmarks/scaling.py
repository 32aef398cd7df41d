"""Measures how the cost grows with the work: `make bench-scaling`.

For each quantity that grows, starts a service of its own in a temporary folder with one worker. Prints every point. For
complete measurements it writes the table into docs/scaling.md and the picture next to it.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks import growing
from benchmarks.growing import SIZES, Point
from benchmarks.jobs import NotTrained
from benchmarks.memory import NoWorker
from benchmarks.plain_client import Client
from benchmarks.plotting import log_log
from benchmarks.report import machine
from benchmarks.served import serving
from benchmarks.standings import replaced, table

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"


@dataclass(frozen=True)
class Growth:
    """One table and its picture: `drawn` names the columns drawn as curves, the first with a line of slope 1."""

    title: str
    measure: Callable[[Client, Sequence[float]], Iterator[Point]]
    unit: str
    drawn: tuple[str, ...]


GROWTHS = {
    "rows": Growth("Rows", growing.rows, "seconds", ("s an epoch", "s to send them")),
    "parameters": Growth("Parameters", growing.parameters, "seconds", ("s an epoch", "s an epoch, the whole job's")),
    "epochs": Growth("Epochs", growing.epochs, "seconds", ("s, POST to succeeded",)),
    "jobs": Growth("Jobs that wait", growing.jobs, "seconds", ("s until all have ended",)),
    "memory": Growth("Memory of a job", growing.memory, "MiB", ("sgd, MiB", "adam, MiB", "their MiB")),
}


def main() -> int:
    arguments = _arguments()
    results: dict[str, list[Point]] = {}
    for key in arguments.only or GROWTHS:
        sizes = [size for size in SIZES[key] if size <= arguments.most]
        if not sizes:
            continue
        try:
            results[key] = _measure(key, sizes)
        except (NotTrained, NoWorker) as error:
            print(f"{key}: {error}", file=sys.stderr)
            return 1
    for key, points in results.items():
        print(f"\n{GROWTHS[key].title}\n{_section(key, points)}")
        if len(points) == len(SIZES[key]):
            _write(key, points)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.scaling", description="How the cost grows with the work.")
    parser.add_argument("--only", nargs="*", default=[], choices=list(GROWTHS), metavar="KEY", help=", ".join(GROWTHS))
    parser.add_argument("--most", type=float, default=math.inf, help="leave larger sizes out")
    return parser.parse_args()


def _measure(key: str, sizes: Sequence[float]) -> list[Point]:
    points = []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as client:
        for point in GROWTHS[key].measure(client, sizes):
            print(", ".join(f"{name} {_figure(value)}" for name, value in point.items()), flush=True)
            points.append(point)
    return points


def _write(key: str, points: Sequence[Point]) -> None:
    """Write the picture, and the section between the page's markers."""
    growth, grows = GROWTHS[key], next(iter(points[0]))
    curves = {name: [(point[grows], point[name]) for point in points] for name in growth.drawn}
    folder = PAGE.parent / PAGE.stem
    folder.mkdir(exist_ok=True)
    picture = log_log(growth.title, grows, growth.unit, curves, growth.drawn[0])
    (folder / f"{key}.svg").write_text(picture, encoding="utf-8")
    page = replaced(PAGE.read_text(encoding="utf-8"), _section(key, points), f"bench-scaling {key}")
    PAGE.write_text(page, encoding="utf-8")


def _section(key: str, points: Sequence[Point]) -> str:
    """Return a table with the slope from each size to the next, which is 1 for proportional growth."""
    growth = GROWTHS[key]
    slopes = ["", *(f"{slope:.2f}" for slope in slopes_of(points, growth.drawn[0]))]
    rows = [[*map(_figure, point.values()), slope] for point, slope in zip(points, slopes, strict=True)]
    when = f"{time.strftime('%Y-%m-%d')}, {machine()}, one worker."
    return f"{when}\n\n![{growth.title}]({PAGE.stem}/{key}.svg)\n\n{table([*points[0], 'slope'], rows)}"


def slopes_of(points: Sequence[Point], name: str) -> list[float]:
    """Return the slopes of a column between neighbouring points on two logarithmic axes."""
    grows = next(iter(points[0]))
    return [
        math.log(after[name] / before[name]) / math.log(after[grows] / before[grows])
        for before, after in pairwise(points)
    ]


def _figure(value: float) -> str:
    """Write a number with three digits, and whole numbers exactly."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if value < 1e-3 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
