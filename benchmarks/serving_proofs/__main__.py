"""What serving has to show: `python -m benchmarks.serving_proofs`, or with the names of single proofs.

`flat`: memory over a million predictions. `capped`: 10,000 models known and 200 in use within the cap. `cold`: 64
threads ask first for the same network. `moves`: an alias moves 50 times during 10,000 predictions, on both pairs of
database and queue. `training`: predictions while 20 jobs train. `streams`: predictions while as many event
streams are open as the cap lets in. `outage`: predictions while PostgreSQL is stopped, and frozen. Exits with 1 where
one of them does not hold.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.backends import PAIRS
from benchmarks.report import machine
from benchmarks.serving_proofs.cold import cold
from benchmarks.serving_proofs.inside import MIB
from benchmarks.serving_proofs.memory import capped, flat
from benchmarks.serving_proofs.moves import moved
from benchmarks.serving_proofs.outage import predicted_without_database
from benchmarks.serving_proofs.streams import Figures, with_streams
from benchmarks.serving_proofs.training import while_training

BAD = ("GROWS", "DOES NOT", "SEVERAL TIMES", "BEYOND")


def all_moved(moves: int, predictions: int) -> Iterator[str]:
    for pair in PAIRS:
        yield from moved(pair, moves, predictions)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.serving_proofs", description=__doc__.partition("\n")[0])
    parser.add_argument("--predictions", type=int, default=1_000_000, help="of `flat`")
    parser.add_argument("--rate", type=float, default=100.0, help="predictions a second of `training` and `streams`")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each half of a round of these two")
    parser.add_argument("--rounds", type=int, default=3, help="of these two")
    parser.add_argument("--streams", type=int, default=1000, help="open at once in `streams`, at the cap")
    parser.add_argument("--processes", type=int, default=1, help="of the API in `streams`")
    parser.add_argument("--away", type=float, default=30.0, help="seconds of each outage of `outage`")
    parser.add_argument("proofs", nargs="*", help="all if left out")
    chosen = parser.parse_args()
    proofs: dict[str, Callable[[], Iterator[str]]] = {
        "cold": lambda: cold(threads=64, rounds=10),
        "capped": lambda: capped(known=10_000, used=200, cap_bytes=200 * MIB),
        "moves": lambda: all_moved(moves=50, predictions=10_000),
        "training": lambda: while_training(chosen.rate, chosen.seconds, chosen.rounds),
        "streams": lambda: with_streams(
            Figures(chosen.streams, chosen.processes, chosen.rate, chosen.seconds, chosen.rounds)
        ),
        "outage": lambda: predicted_without_database(chosen.away),
        "flat": lambda: flat(chosen.predictions),
    }
    if unknown := set(chosen.proofs) - set(proofs):
        parser.error(f"no such proofs: {', '.join(sorted(unknown))}; there are {', '.join(proofs)}")
    for name in [name for name in os.environ if name.startswith("BACKPROP_")]:
        del os.environ[name]
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}", flush=True)
    failed = False
    for name in chosen.proofs or proofs:
        print(f"\n## {name}\n", flush=True)
        for line in proofs[name]():
            print(line, flush=True)
            failed |= any(word in line for word in BAD) or line.startswith("  ")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
