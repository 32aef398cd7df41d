"""Scenes: one job each, and what befalls the workers that run it. Which failpoint is armed is the caller's choice.

A scene returns when its job has ended and its workers are gone. What it leaves is for the oracle to judge.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from chaos.failpoints import STOP, Failpoint
from chaos.grounds import Ground
from chaos.worker import Order
from service.store.jobs import crashes
from tests.waiting import wait_until

DEATH_SECONDS = 30.0
ZOMBIE_LEASE_SECONDS = 0.5
STEPS = 3


@dataclass(frozen=True)
class Case:
    """A scene with a kind of job and a failpoint; `mutant` is a fault that all its workers have.

    `whole`: its workers flush between epochs only, so that a failpoint's occurrence is an epoch's number.
    """

    scene: str
    kind: str
    body: dict[str, Any]
    failpoint: Failpoint
    mutant: str | None = None
    whole: bool = False

    def __str__(self) -> str:
        return f"{self.scene}, {self.kind}, {self.failpoint}"

    def order(self, **more: Any) -> Order:
        return Order(mutant=self.mutant, whole=self.whole, **more)


def play(ground: Ground, case: Case, key: str) -> None:
    SCENES[case.scene](ground, case, key)


def dies(ground: Ground, order: Order, doing: Callable[[int], None] | None = None) -> None:
    """A worker that has to come to its failpoint and die there."""
    worker = ground.crew.start(order)
    if doing is not None:
        doing(worker)
    code = ground.crew.wait(worker, DEATH_SECONDS)
    if code != -signal.SIGKILL:
        raise AssertionError(f"a worker has not come to `{order.failpoint}` (code {code}), see {ground.crew.log}")


@contextmanager
def working(ground: Ground, order: Order) -> Iterator[int]:
    """A worker, until the block ends."""
    worker = ground.crew.start(order)
    yield worker
    ground.crew.dismiss(worker)


def finish(ground: Ground, case: Case, job: str) -> None:
    """Let a worker that nothing befalls bring the job to its end."""
    with working(ground, case.order()):
        ground.until_ended(job)


def killed(ground: Ground, case: Case, key: str) -> None:
    """The worker is killed at the failpoint, another goes on."""
    job = ground.submit(case.body, key)
    dies(ground, case.order(failpoint=case.failpoint))
    finish(ground, case, job)


def hasty(ground: Ground, case: Case, key: str) -> None:
    """As `killed`, with a lease so short that it is renewed while the job runs."""
    job = ground.submit(case.body, key)
    dies(ground, case.order(failpoint=case.failpoint, lease_seconds=ZOMBIE_LEASE_SECONDS))
    finish(ground, case, job)


def zombie(ground: Ground, case: Case, key: str) -> None:
    """The worker stands still until its lease is over and another has done its work; then it goes on."""
    job = ground.submit(case.body, key)
    failpoint = replace(case.failpoint, act=STOP)
    undead = ground.crew.start(
        case.order(failpoint=failpoint, once=True, keeps=False, lease_seconds=ZOMBIE_LEASE_SECONDS)
    )
    ground.crew.until_stopped(undead, DEATH_SECONDS)
    with working(ground, case.order()):
        ground.until_ended(job)
        ground.crew.send(undead, signal.SIGCONT)
        assert ground.crew.wait(undead, DEATH_SECONDS) is not None, f"the zombie stays, see {ground.crew.log}"


def paused(ground: Ground, case: Case, key: str) -> None:
    """The worker is killed while it puts a held job back; the job is then stepped and resumed."""
    job = ground.submit({**case.body, "hold": True}, key)
    dies(ground, case.order(failpoint=case.failpoint))
    with working(ground, case.order()):
        ground.until(job, "paused")
        assert ground.client.move(job, "step", {"epochs": STEPS}) == 202
        ground.until(job, "paused")
        assert ground.client.move(job, "resume") == 202
        ground.until_ended(job)


def leaving(ground: Ground, case: Case, key: str) -> None:
    """The worker gets SIGTERM, and is killed while it puts its job back."""
    job = ground.submit(case.body, key)

    def leave(worker: int) -> None:
        ground.until(job, "running")
        ground.crew.send(worker, signal.SIGTERM)

    dies(ground, case.order(failpoint=case.failpoint), leave)
    finish(ground, case, job)


def cancelled(ground: Ground, case: Case, key: str) -> None:
    """A worker is killed, the job cancelled, and the one that tidies up after it is killed, too."""
    job = ground.submit(case.body, key)
    dies(ground, case.order(failpoint=Failpoint("flush committed", 3)))
    assert ground.client.move(job, "cancel") == 202
    dies(ground, case.order(failpoint=case.failpoint))
    finish(ground, case, job)


def freed(ground: Ground, case: Case, key: str) -> None:
    """A worker is killed, and so is the one that gives its job back."""
    job = ground.submit(case.body, key)
    dies(ground, case.order(failpoint=Failpoint("flush written", 4)))
    dies(ground, case.order(failpoint=case.failpoint, trains=False))
    finish(ground, case, job)


def expired(ground: Ground, case: Case, key: str) -> None:
    """A worker stands still past its lease; the one that finds that is killed; the first goes on too late."""
    job = ground.submit(case.body, key)
    stop = Failpoint("flush begins", 4, STOP)
    undead = ground.crew.start(case.order(failpoint=stop, once=True, keeps=False, lease_seconds=ZOMBIE_LEASE_SECONDS))
    ground.crew.until_stopped(undead, DEATH_SECONDS)
    wait_until(lambda: is_expired(ground), DEATH_SECONDS, "the end of a lease")
    dies(ground, case.order(failpoint=case.failpoint, trains=False))
    with working(ground, case.order()):
        ground.until_ended(job)
        ground.crew.send(undead, signal.SIGCONT)
        assert ground.crew.wait(undead, DEATH_SECONDS) is not None, f"the zombie stays, see {ground.crew.log}"


def is_expired(ground: Ground) -> bool:
    with ground.services.database.read() as connection:
        return crashes.are_expired(connection)


SCENES: dict[str, Callable[[Ground, Case, str], None]] = {
    each.__name__: each for each in (killed, hasty, zombie, paused, leaving, cancelled, freed, expired)
}
