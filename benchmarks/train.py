"""Compares training by the service, its engine and other libraries (peers): `make bench-train MNIST=mnist.npz`.

Starts a service of its own in a temporary folder. For each workload every contender is started and warmed up; then,
round by round, each trains once while the others wait. Prints every turn and, at the end, medians and their ratios to
the fastest peer's, which are written to docs/performance.md when all workloads have run.
"""

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from benchmarks.contenders import Contender, Died, kinds, start
from benchmarks.jobs import NotTrained
from benchmarks.plain_client import Client
from benchmarks.report import machine
from benchmarks.served import NotStored, Served, serving, upload
from benchmarks.standings import SERVICE, duration, ratios_table, replaced, seconds_table
from benchmarks.workloads import WORKLOADS, Workload, arrays_of

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
PAUSE_SECONDS = 0.2  # for background work of the turn before

Rounds = dict[str, list[float]]


class Turns(Protocol):
    def turn(self) -> tuple[dict[str, float], float]: ...


def main() -> int:
    arguments = _arguments()
    chosen = [workload for workload in WORKLOADS if not arguments.workloads or workload.key in arguments.workloads]
    results: dict[str, Rounds] = {}
    versions: dict[str, None] = {}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as client:
        for workload in chosen:
            try:
                rounds = _compare(client, workload, Path(folder), arguments, versions)
            except (Died, NotTrained, NotStored) as error:
                print(f"{workload.key}: {error}", file=sys.stderr)
                return 1
            results[f"{workload.key}: {workload.title}"] = rounds
    text = _report(results, arguments.rounds, list(versions))
    print("\n" + text)
    if len(chosen) == len(WORKLOADS):
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.train", description="Compare training with the peers'.")
    parser.add_argument("mnist", type=Path, help="the path of mnist.npz")
    known = [workload.key for workload in WORKLOADS]
    parser.add_argument("--peers", type=Path, required=True, help="the environment of requirements/peers.txt")
    parser.add_argument("--workloads", nargs="*", default=[], choices=known, metavar="KEY", help=", ".join(known))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="what a turn takes, about; jobs have their epochs")
    arguments = parser.parse_args()
    if not arguments.mnist.is_file():
        parser.error(f"{arguments.mnist} is not a file: make bench-train MNIST=mnist.npz")
    if arguments.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {arguments.rounds}")
    return arguments


def _compare(
    client: Client, workload: Workload, folder: Path, arguments: argparse.Namespace, versions: dict[str, None]
) -> Rounds:
    """Return the seconds per epoch of each round, by contender."""
    rounds: Rounds = {}
    with _started(client, workload, folder, arguments) as contenders:
        versions |= {one.version: None for one in contenders.values() if isinstance(one, Contender)}
        for number in range(1, arguments.rounds + 1):
            for name, contender in contenders.items():
                time.sleep(PAUSE_SECONDS)
                seconds, loss = contender.turn()
                for of, each in seconds.items():
                    rounds.setdefault(of, []).append(each)
                figures = ", ".join(f"{of} {duration(each)}" for of, each in seconds.items())
                print(f"{workload.key}, round {number}: {figures} (loss {loss:.3g})", flush=True)
                if not np.isfinite(loss):
                    raise Died(f"{name} does not learn: its loss is {loss}")
    return rounds


@contextmanager
def _started(
    client: Client, workload: Workload, folder: Path, arguments: argparse.Namespace
) -> Iterator[dict[str, Turns]]:
    """Start all contenders of a workload, one after the other, until the block ends; yield them by name."""
    X, Y = arrays_of(workload.data, arguments.mnist)
    upload(client, workload, (X, Y), arguments.mnist)
    data = folder / "data.npz"
    np.savez(data, allow_pickle=False, X=X[: workload.rows], Y=Y[: workload.rows])
    with ExitStack() as stack:
        contenders: dict[str, Turns] = {SERVICE: Served(client, workload)}
        for kind in kinds(workload):
            contender = start(kind, workload, data, arguments.peers, arguments.seconds)
            stack.callback(contender.stop)
            contenders[kind.name] = contender
        yield contenders


def _report(results: dict[str, Rounds], rounds: int, versions: list[str]) -> str:
    """Return the text between the page's markers."""
    ours = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"""\
{time.strftime("%Y-%m-%d")}, {machine()}, {ours}; {", ".join(versions)}.
Medians of {rounds} round{"s" if rounds > 1 else ""}.

{seconds_table(results)}

{ratios_table(results)}"""


if __name__ == "__main__":
    sys.exit(main())
