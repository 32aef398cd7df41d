"""Scenes: each runs one job and disturbs its workers, with a failpoint that the caller chooses.

A scene returns when its job and its workers have ended. The oracle then checks the results.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from chaos.failpoints import STOP, Failpoint
from chaos.grounds import Ground
from chaos.kinds import TO_PREDICT
from chaos.worker import Order
from service.store.jobs import crashes
from tests.waiting import wait_until

DEATH_SECONDS = 30.0
ZOMBIE_LEASE_SECONDS = 0.5
STEPS = 3


@dataclass(frozen=True)
class Case:
    """A scene with a kind of job and a failpoint; `mutant` is a fault that is injected into all its workers.

    `whole` says that workers flush between epochs only, so that a failpoint's occurrence is the number of an epoch.
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
    """Start a worker and wait until it has died at its failpoint."""
    worker = ground.crew.start(order)
    if doing is not None:
        doing(worker)
    code = ground.crew.wait(worker, DEATH_SECONDS)
    if code != -signal.SIGKILL:
        raise AssertionError(f"a worker has not come to `{order.failpoint}` (code {code}), see {ground.crew.log}")


@contextmanager
def working(ground: Ground, order: Order) -> Iterator[int]:
    """Start a worker, which is stopped at the end of the block; yield its process id."""
    worker = ground.crew.start(order)
    yield worker
    ground.crew.dismiss(worker)


def finish(ground: Ground, case: Case, job: str) -> None:
    """Let an undisturbed worker finish the job."""
    with working(ground, case.order()):
        ground.until_ended(job)


def killed(ground: Ground, case: Case, key: str) -> None:
    """Kill the worker at the failpoint; another one continues."""
    job = ground.submit(case.body, key)
    dies(ground, case.order(failpoint=case.failpoint))
    finish(ground, case, job)


def hasty(ground: Ground, case: Case, key: str) -> None:
    """Do as `killed`, with a lease so short that it is renewed while the job runs."""
    job = ground.submit(case.body, key)
    dies(ground, case.order(failpoint=case.failpoint, lease_seconds=ZOMBIE_LEASE_SECONDS))
    finish(ground, case, job)


def zombie(ground: Ground, case: Case, key: str) -> None:
    """Stop the worker until its lease has expired and another one has finished the job; then continue it."""
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
    """Kill the worker while it releases a job that was submitted with `hold`; then step and resume the job."""
    job = ground.submit({**case.body, "hold": True}, key)
    dies(ground, case.order(failpoint=case.failpoint))
    with working(ground, case.order()):
        ground.until(job, "paused")
        assert ground.client.move(job, "step", {"epochs": STEPS}) == 202
        ground.until(job, "paused")
        assert ground.client.move(job, "resume") == 202
        ground.until_ended(job)


def leaving(ground: Ground, case: Case, key: str) -> None:
    """Send the worker SIGTERM, and kill it while it releases its job."""
    job = ground.submit(case.body, key)

    def leave(worker: int) -> None:
        ground.until(job, "running")
        ground.crew.send(worker, signal.SIGTERM)

    dies(ground, case.order(failpoint=case.failpoint), leave)
    finish(ground, case, job)


def cancelled(ground: Ground, case: Case, key: str) -> None:
    """Kill the worker, cancel the job, and kill the process that cleans up after it."""
    job = ground.submit(case.body, key)
    dies(ground, case.order(failpoint=Failpoint("flush committed", 3)))
    assert ground.client.move(job, "cancel") == 202
    dies(ground, case.order(failpoint=case.failpoint))
    finish(ground, case, job)


def cancelled_last(ground: Ground, case: Case, key: str) -> None:
    """Stop the worker before the transaction that ends the job, cancel the job, and continue the worker."""
    job = requested_last(ground, case, key, "cancel")
    ground.until_ended(job)


def paused_last(ground: Ground, case: Case, key: str) -> None:
    """Do as `cancelled_last` with a pause; resume the job once it is paused."""
    job = requested_last(ground, case, key, "pause")
    ground.until(job, "paused")
    assert ground.client.move(job, "resume") == 202
    finish(ground, case, job)


def requested_last(ground: Ground, case: Case, key: str, verb: str) -> str:
    """Send a command while the worker is stopped at its failpoint; return the job once the worker has ended."""
    job = ground.submit(case.body, key)
    failpoint = replace(case.failpoint, act=STOP)
    worker = ground.crew.start(case.order(failpoint=failpoint, once=True, keeps=False))
    ground.crew.until_stopped(worker, DEATH_SECONDS)
    assert ground.client.move(job, verb) == 202
    ground.crew.send(worker, signal.SIGCONT)
    assert ground.crew.wait(worker, DEATH_SECONDS) is not None, f"the worker stays, see {ground.crew.log}"
    return job


def freed(ground: Ground, case: Case, key: str) -> None:
    """Kill the worker, and then the one that releases its job."""
    job = ground.submit(case.body, key)
    dies(ground, case.order(failpoint=Failpoint("flush written", 4)))
    dies(ground, case.order(failpoint=case.failpoint, trains=False))
    finish(ground, case, job)


def expired(ground: Ground, case: Case, key: str) -> None:
    """Stop a worker until its lease has expired, kill the one that notices that, and continue the first."""
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


def predicted(ground: Ground, case: Case, key: str) -> None:
    """Train, and kill the worker while it predicts a dataset; the result has the hash of an undisturbed one."""
    job = ground.submit(case.body, key)
    with working(ground, case.order()):
        ground.until_ended(job)
        undisturbed = _result(ground, _predict(ground, job))
    prediction = _predict(ground, job)
    dies(ground, case.order(failpoint=case.failpoint))
    with working(ground, case.order()):
        result = _result(ground, prediction)
    assert result == undisturbed, f"{prediction} has the result {result}, and undisturbed {undisturbed}"


def _predict(ground: Ground, job: str) -> str:
    """Submit a prediction with the model of a job; return its id."""
    body = {"model": job, "dataset": TO_PREDICT}
    answer = ground.client.until_answered("POST", "/v1/predictions", body)
    assert answer is not None and answer[0] == 202, answer
    return str(answer[1]["id"])


def _result(ground: Ground, prediction: str) -> str:
    """Wait until a prediction has succeeded; return the hash of its result."""

    def ended() -> dict[str, Any]:
        answer = ground.client.until_answered("GET", f"/v1/predictions/{prediction}")
        assert answer is not None
        found: dict[str, Any] = answer[1]
        return {} if found["status"] in ("queued", "running") else found

    found = wait_until(ended, DEATH_SECONDS, "the end of a prediction")
    assert found["status"] == "succeeded", found
    return str(found["result"]["sha256"])


def is_expired(ground: Ground) -> bool:
    with ground.services.database.read() as connection:
        return crashes.are_expired(connection)


PLAYED = (killed, hasty, zombie, paused, leaving, cancelled, cancelled_last, paused_last, freed, expired, predicted)
SCENES: dict[str, Callable[[Ground, Case, str], None]] = {each.__name__: each for each in PLAYED}
