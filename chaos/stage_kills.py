"""Stage `kills`: workers are killed, and stopped past their lease and continued, at random moments under load."""

import heapq
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chaos.grounds import Ground
from chaos.kinds import KINDS
from chaos.load import Load
from chaos.oracle import Report, Violation, sum_of

WORKERS = 2
LEASE_SECONDS = 1.0
SHORTEST_STOP, LONGEST_STOP = 1.2, 2.5  # in leases
HAUNT_SECONDS = 0.4  # how long a continued worker has for its late writes, before it gets SIGTERM
DRAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Figures:
    """How much the stage does on each pair of backends."""

    kills: int
    zombies: int
    jobs: int
    seconds: float


@dataclass
class Reaper:
    """Kills and stops workers of a ground at planned moments, and keeps `WORKERS` of them at work."""

    ground: Ground
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    undead: set[int] = field(default_factory=set)
    later: list[tuple[float, int, signal.Signals]] = field(default_factory=list)

    def run(self, figures: Figures) -> None:
        """Kill and stop workers during the load."""
        fates = ["kill"] * figures.kills + ["zombie"] * figures.zombies
        self.chance.shuffle(fates)
        moments = sorted(self.chance.uniform(0, figures.seconds) for _ in fates)
        began = time.monotonic()
        for moment, fate in zip(moments, fates, strict=True):
            self._until(began + moment)
            self._befall(fate)
        while self.later:
            self._until(self.later[0][0])
            self._send_what_is_due()

    def fill(self) -> list[int]:
        """Start workers until `WORKERS` are running; return their process ids."""
        working = [pid for pid in self.ground.crew.living() if pid not in self.undead]
        while len(working) < WORKERS:
            working.append(self.ground.crew.start())
        return working

    def _befall(self, fate: str) -> None:
        victim = self.chance.choice(self.fill())
        if fate == "kill":
            self.ground.crew.send(victim, signal.SIGKILL)
            self.ground.crew.wait(victim, DRAIN_SECONDS)
        else:
            self.undead.add(victim)
            self.ground.crew.send(victim, signal.SIGSTOP)
            rises = time.monotonic() + LEASE_SECONDS * self.chance.uniform(SHORTEST_STOP, LONGEST_STOP)
            heapq.heappush(self.later, (rises, victim, signal.SIGCONT))
            heapq.heappush(self.later, (rises + HAUNT_SECONDS, victim, signal.SIGTERM))
        self.counts[f"{fate}s"] += 1
        self.fill()

    def _until(self, moment: float) -> None:
        while (left := moment - time.monotonic()) > 0:
            self._send_what_is_due()
            soonest = self.later[0][0] - time.monotonic() if self.later else left
            time.sleep(max(0.0, min(left, soonest)))

    def _send_what_is_due(self) -> None:
        while self.later and self.later[0][0] <= time.monotonic():
            _, victim, number = heapq.heappop(self.later)
            self.ground.crew.send(victim, number)


def run(ground: Ground, figures: Figures, seed: str) -> Report:
    """Run the load and kill workers on one ground, then check it by the oracle."""
    ground.learn(KINDS)
    load = Load(ground.client, KINDS, figures.jobs, figures.seconds, seed, "kills")
    reaper = Reaper(ground, random.Random(f"{seed} reaper"))
    reaper.fill()
    load.start()
    reaper.run(figures)
    reaper.fill()
    load.finish(DRAIN_SECONDS)
    for worker in ground.crew.living():
        ground.crew.dismiss(worker)
    lost = ground.crew.log.read_text().count("has lost the job")
    counts = {**reaper.counts, "attempts that were fenced off": lost}
    report = Report(counts, tuple(Violation(job, never_ended(ground, job)) for job in load.unfinished)).plus(
        ground.judge()
    )
    if not report.is_good:
        print(f"  {ground.pair}: logs are in {ground.save_logs()}")
    return report


def never_ended(ground: Ground, job: str) -> str:
    """Return the message about a job that has not ended."""
    return f"no job has ended for {DRAIN_SECONDS:g} s, and it is {ground.row(job)}"


def stage(grounds: dict[str, Ground], figures: Figures, seed: str) -> Report:
    """Run all pairs at the same time."""
    with ThreadPoolExecutor(len(grounds)) as pool:
        reports = pool.map(lambda pair: run(grounds[pair], figures, f"{seed} {pair}"), grounds)
        return sum_of(reports)
