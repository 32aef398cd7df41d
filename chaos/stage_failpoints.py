"""Stage `failpoints`: before and after each write of a run the process ends, on both pairs, for all kinds of job."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from chaos.failpoints import Failpoint
from chaos.grounds import PAIRS, Ground
from chaos.kinds import KINDS, LONG
from chaos.oracle import Report, Violation, sum_of
from chaos.scenes import Case, play

TRANSACTION = ("begins", "written", "committed")
CALL = ("before", "after")
FLUSHES, BATCHES, BEATS = 7, 80, 3  # the least number of occurrences in every kind of job
PREDICTS, PARTS = "adam float32", 3  # the kind of job whose model predicts, and how many parts the result has
COMPUTED_BY_BATCH = ("adam", "stop_when")  # compiled steps check less often whether to stop


def plan(seed: str) -> list[Case]:
    """Return all cases for one pair of backends; the seed chooses occurrences and precisions."""
    chance = random.Random(seed)
    kinds = [chance.choice([name for name in KINDS if name.startswith(f"{of} ")]) for of in _families()]
    return [case for kind in kinds for case in _for_each(kind, chance)] + list(_for_some(chance))


def _families() -> list[str]:
    return list(dict.fromkeys(name.split()[0] for name in KINDS))


def _for_each(kind: str, chance: random.Random) -> Iterator[Case]:
    """Yield the cases that every kind of job is run with."""
    body = KINDS[kind]
    for phase in TRANSACTION:
        yield Case("killed", kind, body, Failpoint(f"claim {phase}"))
        yield Case("killed", kind, body, Failpoint(f"flush {phase}"))
        yield Case("killed", kind, body, Failpoint(f"flush {phase}", chance.randint(2, FLUSHES)))
        yield Case("killed", kind, body, Failpoint(f"end {phase}"))
    yield Case("zombie", kind, body, Failpoint("flush begins", chance.randint(1, FLUSHES)))
    if kind.startswith(COMPUTED_BY_BATCH):
        for _ in range(2):
            yield Case("killed", kind, body, Failpoint("batch before", chance.randint(1, BATCHES)))
    if kind.startswith("wide"):
        for label in ("blob", "removal"):
            for phase in CALL:
                yield Case("killed", kind, body, Failpoint(f"{label} {phase}", chance.randint(1, 4)))


def _for_some(chance: random.Random) -> Iterator[Case]:
    """Yield the cases that do not depend on what is trained, each with a random kind of job."""

    def some() -> tuple[str, dict[str, object]]:
        name = chance.choice([name for name in KINDS if not name.startswith("short")])
        return name, KINDS[name]

    for phase in TRANSACTION:
        for label in ("note", "collector"):
            yield Case("killed", *some(), Failpoint(f"{label} {phase}"))
        yield Case("killed", "long", LONG, Failpoint(f"counts {phase}"))
        yield Case("hasty", "long", LONG, Failpoint(f"heartbeat {phase}", chance.randint(1, BEATS)))
        yield Case("paused", *some(), Failpoint(f"release {phase}"))
        yield Case("leaving", "long", LONG, Failpoint(f"release {phase}"))
        yield Case("cancelled", *some(), Failpoint(f"tidy {phase}"))
        yield Case("cancelled", *some(), Failpoint(f"freeing {phase}"))
        yield Case("freed", *some(), Failpoint(f"freeing {phase}"))
        yield Case("expired", *some(), Failpoint(f"reconciler {phase}"))
        yield Case("predicted", PREDICTS, KINDS[PREDICTS], Failpoint(f"part {phase}", chance.randint(1, PARTS)))
        yield Case("predicted", PREDICTS, KINDS[PREDICTS], Failpoint(f"result {phase}"))
    for phase in CALL:
        yield Case("leaving", "long", LONG, Failpoint(f"ring {phase}"))
    for scene in ("cancelled_last", "paused_last"):
        yield Case(scene, *some(), Failpoint("end begins"))
    for point in ("claim committed", "flush committed", "end begins", "end committed"):
        yield Case("zombie", *some(), Failpoint(point))


def run(ground: Ground, cases: list[Case]) -> Report:
    """Play all cases, one after the other, and have the oracle judge what they left."""
    ground.learn({case.kind: case.body for case in cases})
    unplayed: list[Violation] = []
    for number, case in enumerate(cases):
        try:
            play(ground, case, f"case {number}: {case}")
        except AssertionError as error:
            unplayed.append(Violation(None, f"case {number}: {case}: {error}"))
            ground.crew.kill_all()
    report = Report({"failpoints": len(cases) - len(unplayed)}, tuple(unplayed)).plus(ground.judge())
    if not report.is_good:
        print(f"  {ground.pair}: logs are in {ground.save_logs()}")
    return report


def stage(grounds: dict[str, Ground], seed: str) -> Report:
    """Run both pairs at the same time, as each waits most of its time."""
    with ThreadPoolExecutor(len(PAIRS)) as pool:
        return sum_of(pool.map(lambda pair: run(grounds[pair], plan(f"{seed} {pair}")), PAIRS))
