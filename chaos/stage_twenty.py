"""Stage `twenty`: a job killed at twenty random points has the same SHA-256 of every epoch as an undisturbed one."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from chaos.failpoints import Failpoint
from chaos.grounds import Ground
from chaos.kinds import PRECISIONS, adam, longer, momentum, schedule, short, stop_when, wide
from chaos.oracle import Report, Violation
from chaos.scenes import dies, working
from chaos.worker import Order

KILLS = 20
# a worker that has claimed the job reaches each of these before its third flush
POINTS = ("flush begins", "flush written", "flush committed")
NEAR = 2
BATCHES = 24  # two epochs


def kinds(kills: int) -> dict[str, dict[str, Any]]:
    """Return kinds of jobs long enough to be running at each kill, with at most two epochs between kills."""
    epochs = NEAR * kills + 10
    makers: dict[str, Callable[[str], dict[str, Any]]] = {
        "SGD with momentum": lambda precision: longer(momentum(precision), epochs),
        "Adam, dropout, batch normalization": lambda precision: longer(adam(precision), epochs),
        "schedule, early stopping": lambda precision: _patient(schedule(precision), epochs),
        "stop_when": lambda precision: longer(stop_when(precision), epochs, stop_when={"training_loss": 1e-9}),
        "state in the blobs": lambda precision: longer(wide(precision), epochs, store_parameters={"every": 10}),
        "short epochs": lambda precision: longer(short(precision), 1000 * epochs),
    }
    return {f"{name}, {precision}": make(precision) for name, make in makers.items() for precision in PRECISIONS}


def _patient(body: dict[str, Any], epochs: int) -> dict[str, Any]:
    """Return a job that stops early, but not before it has been killed as often as planned."""
    stopping = {"monitor": "validation_loss", "patience": epochs, "min_delta": 10.0}
    return longer(body, 4 * epochs, early_stopping=stopping)


def run(ground: Ground, bodies: Mapping[str, dict[str, Any]], kills: int, seed: str) -> Report:
    """Run each kind of job once undisturbed and once with kills, then check them by the oracle."""
    ground.learn(dict(bodies))
    chance = random.Random(seed)
    counts, early = {"kills": 0}, list[Violation]()
    for name, body in bodies.items():
        job = ground.submit(body, name)
        for _ in range(kills):
            point = Failpoint(chance.choice(POINTS), chance.randint(1, NEAR))
            if "Adam" in name and chance.random() < 0.5:
                point = Failpoint("batch before", chance.randint(1, BATCHES))
            if ground.status(job) in ("succeeded", "failed"):
                early.append(Violation(job, f"{name} ended before it was killed {kills} times"))
                break
            dies(ground, Order(point))
            counts["kills"] += 1
        with working(ground, Order()):
            ground.until_ended(job)
    return Report(counts, tuple(early)).plus(ground.judge())
