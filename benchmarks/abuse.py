"""Measures what each case of the corpus costs a running API: `python -m benchmarks.abuse` prints the worst first.

The cases are all of `tests/abuse`, sent one after another to one process; seconds are those of the process' processor
time, memory is the growth of its resident memory at its peak while a case was answered. A first round warms it up.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processor_time import processor_seconds
from benchmarks.report import machine
from service.config import Settings
from service.services import open_services
from service.store.migrate import migrate
from tests.abuse.corpus import Attack
from tests.abuse.running import Held, running

MIB = 1024 * 1024


@dataclass(frozen=True)
class Row:
    """What one case took."""

    name: str
    statuses: tuple[int, ...]
    seconds: float
    memory: int
    answered: int


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=15, help="how many to print, by time and by memory")
    parser.add_argument("--rounds", type=int, default=2, help="how often all are sent; the last round is measured")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        services = open_services(settings)
        migrate(services.database)
        services.database.dispose()
        with running(settings) as service:
            for _ in range(chosen.rounds - 1):
                for attack in service.attacks:
                    attack.send()
            before = Held.by(service.pids[0])
            rows = [measured(attack, service.pids[0]) for attack in service.attacks]
            after = Held.by(service.pids[0])
    print(machine())
    by_time, by_memory = (sorted(rows, key=key, reverse=True) for key in (_seconds, _memory))
    for title, worst in (("by time", by_time), ("by memory", by_memory)):
        print(f"\n{title}\n\n| case | status | seconds | memory | answer |\n|---|---|---|---|---|")
        print("\n".join(_line(row) for row in worst[: chosen.rows]))
    total, refused = sum(row.seconds for row in rows), [row for row in rows if min(row.statuses, default=400) >= 400]
    print(f"\n{len(rows)} cases took {total:.1f} s; a refusal has at most {_largest(refused):,} bytes")
    print(f"before {before}\nafter  {after}")


def measured(attack: Attack, pid: int) -> Row:
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    memory, seconds = Held.by(pid).resident, processor_seconds(Path(f"/proc/{pid}"))
    answered = attack.send()
    seconds = processor_seconds(Path(f"/proc/{pid}")) - seconds
    return Row(attack.name, answered.statuses, seconds, Held.by(pid).peak - memory, answered.size)


def _seconds(row: Row) -> float:
    return row.seconds


def _memory(row: Row) -> int:
    return row.memory


def _largest(rows: Sequence[Row]) -> int:
    return max(row.answered for row in rows)


def _line(row: Row) -> str:
    status = " ".join(map(str, row.statuses)) or "none"
    return f"| {row.name} | {status} | {row.seconds:.2f} | {row.memory / MIB:.0f} MiB | {row.answered:,} |"


if __name__ == "__main__":
    main()
