"""Measures the dashboard in the system's Chromium: `python -m benchmarks.dashboard`, one thing with `--only jobs`."""

import argparse
from collections.abc import Callable, Sequence

from benchmarks.dashboard import curves, listed_jobs, running_jobs

PROOFS: dict[str, Callable[[argparse.Namespace], str]] = {
    "jobs": listed_jobs.measure,
    "curves": curves.measure,
    "live": running_jobs.measure,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(PROOFS), help="the one thing to measure")
    parser.add_argument("--seconds", type=float, default=120.0, help="for how long running jobs are followed")
    chosen = parser.parse_args(arguments)
    for name, measure in PROOFS.items():
        if chosen.only in (None, name):
            print(measure(chosen), flush=True)


if __name__ == "__main__":
    main()
