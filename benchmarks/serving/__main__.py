"""Compares the speed of predictions over HTTP: `make bench-serve`.

All servers run at once and are measured in turn, so that what else the machine does meets them alike; figures are
medians of the rounds. Prints the table; when everything was measured in full, also writes it into `docs/serving.md`.
"""

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.report import machine
from benchmarks.serving import wrk
from benchmarks.serving.contenders import FASTAPI, FLASK, MLSERVER, NUMPY, SERVICE, WSGI, Contender, everything
from benchmarks.serving.rows import ROWS, Row
from benchmarks.standings import replaced, table

PAGE = Path("docs/serving.md")
MARKER = "bench-serve"
ALL = (SERVICE, WSGI, FLASK, NUMPY, FASTAPI, MLSERVER)
FULL_ROUNDS, FULL_SECONDS = 3, 4
SHARES = {"of bare Flask": FLASK, "of Flask, orjson, NumPy": NUMPY, "of MLServer": MLSERVER}

Seen = dict[tuple[str, str], list[wrk.Counted]]  # by row and contender


def measure(contenders: Sequence[Contender], rows: Sequence[Row], rounds: int, seconds: int, folder: Path) -> Seen:
    """Send every row to every contender, in turn; every other round has the reversed order."""
    seen: Seen = {}
    for number in range(rounds):
        for row in rows:
            for contender in contenders[:: -1 if number % 2 else 1]:
                url = contender.url(row)
                if url is None:
                    continue
                counted = wrk.run(url, row.body(contender.form), row.media_type, seconds, folder)
                seen.setdefault((row.key, contender.name), []).append(counted)
                print(f"{row.title}: {contender.name}: {shown(counted)}", file=sys.stderr, flush=True)
    return seen


def shown(counted: wrk.Counted) -> str:
    return f"{counted.rate:,.0f}/s, p50 {counted.p50 * 1e3:.2f} ms, p99 {counted.p99 * 1e3:.1f} ms"


def tables(seen: Seen, names: Sequence[str], rows: Sequence[Row]) -> str:
    """Return the tables of requests a second, of this service's shares, and of the slowest answers."""
    rates = {key: median(counted.rate for counted in found) for key, found in seen.items()}
    late = {key: median(counted.p99 for counted in found) * 1e3 for key, found in seen.items()}
    by_rate = [[row.title, *(_cell(rates, row, name, "{:,.0f}") for name in names)] for row in rows]
    by_late = [[row.title, *(_cell(late, row, name, "{:.1f}") for name in names)] for row in rows]
    others = {title: name for title, name in SHARES.items() if name in names}
    shares = [[row.title, *(_share(rates, row, name) for name in others.values())] for row in rows]
    return "\n\n".join(
        (
            table(["requests a second", *names], by_rate),
            table(["this service, over", *others.values()], shares),
            table(["p99, milliseconds", *names], by_late),
        )
    )


def _cell(figures: dict[tuple[str, str], float], row: Row, name: str, form: str) -> str:
    return form.format(figures[row.key, name]) if (row.key, name) in figures else ""


def _share(rates: dict[tuple[str, str], float], row: Row, name: str) -> str:
    other = rates.get((row.key, name))
    return "" if other is None else f"{rates[row.key, SERVICE] / other:.2f}"


def introduction(rounds: int, seconds: int) -> str:
    return (
        f"{time.strftime('%Y-%m-%d')}, {machine()}, Python {platform.python_version()}, backprop "
        f"{version('backprop-service')}.\nMedians of {rounds} rounds of {seconds} seconds in turn; wrk with "
        f"{wrk.CONNECTIONS} connections on the same cores.\n\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=FULL_ROUNDS)
    parser.add_argument("--seconds", type=int, default=FULL_SECONDS, help="of one measurement")
    parser.add_argument("--only", nargs="*", choices=ALL, default=list(ALL), help="some of the servers")
    parser.add_argument("--rows", nargs="*", choices=[row.key for row in ROWS], help="some of the requests")
    parser.add_argument(
        "--fastapi", type=Path, default=Path(".venv-serving-fastapi"), help="an environment that has it"
    )
    parser.add_argument(
        "--mlserver", type=Path, default=Path(".venv-serving-mlserver"), help="an environment that has it"
    )
    given = parser.parse_args()
    rows = [row for row in ROWS if not given.rows or row.key in given.rows]
    environments = {FASTAPI: given.fastapi.absolute(), MLSERVER: given.mlserver.absolute()}
    with (
        tempfile.TemporaryDirectory(prefix="bp-serving-") as folder,
        everything(Path(folder), environments, frozenset(given.only)) as contenders,
    ):
        seen = measure(contenders, rows, given.rounds, given.seconds, Path(folder))
    names = [contender.name for contender in contenders]
    text = introduction(given.rounds, given.seconds) + tables(seen, names, rows)
    print(text)
    if names == list(ALL) and rows == list(ROWS) and given.rounds >= FULL_ROUNDS and given.seconds >= FULL_SECONDS:
        PAGE.write_text(replaced(PAGE.read_text(), text, MARKER))


if __name__ == "__main__":
    main()
