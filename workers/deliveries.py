"""`python -m workers.deliveries PARENT`: the process of a worker that sends events to webhooks.

It is a process of its own, so that no receiver, however slow, holds a thread of a process that trains. It claims what
is due in the database and sends it in threads. A webhook has a few of these at most, one that fails has one, and those
that fail have a quarter of them together, so that none delays the others. A tenant takes at most half of what other
tenants leave, so that there are threads for each, however many slow receivers one of them has.
"""

import logging
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from types import FrameType

from service import logs
from service.config import Settings, read_settings
from service.counts import Total
from service.definitions.webhooks import TEST_EVENT
from service.errors import ServiceError
from service.ops.processes import die_with_parent
from service.services import Services, open_services
from service.store import totals
from service.store.database import Connection
from service.store.webhooks import claims
from service.store.webhooks.claims import Overtaken, Wanted
from service.store.webhooks.records import Attempted, Claimed, DeliveryStatus
from service.web.outbound import retry_delays
from service.webhooks.addresses import Guard
from service.webhooks.sending import Outcome, send
from service.webhooks.signing import headers_of

THREADS = 64
FOR_ONE = 4  # threads for one webhook at once
FOR_FAILING = THREADS // 4  # for all webhooks together whose last attempt failed, each of which has one
LOOK_SECONDS = 0.5
LOOK_AFTER_FAILURE_SECONDS = 5.0
LEASE_EXTRA_SECONDS = 10.0  # beyond the time limit of an attempt: to resolve the host, and to record the outcome
STOP_SECONDS = 4.0
JITTER = 0.2  # by how much a delay is longer or shorter, as a share of it
LONGEST_HOLD_SECONDS = 86_400.0  # that a receiver can ask for
LEAST_FAILURES = 5  # after which a webhook may be disabled

log = logging.getLogger(__name__)


class Deliverer:
    """Sends what is due, in threads, until it is stopped."""

    def __init__(self, services: Services, guard: Guard | None = None) -> None:
        self.services, self.settings = services, services.settings
        self.guard = guard or Guard(services.settings)
        self.delays = retry_delays(services.settings.webhook_retry_seconds)
        self.stopping = threading.Event()
        self._freed = threading.Event()  # set when a thread is free again
        self._turn = threading.Lock()
        self._in_flight: dict[int, Claimed] = {}
        self._last_failure = ""
        self._pool = ThreadPoolExecutor(THREADS, "delivery")

    def run(self) -> None:
        """Look for what is due, twice a second while there is nothing, until `stopping` is set."""
        while not self.stopping.is_set():
            try:
                pause = 0.0 if self.begin_one() else LOOK_SECONDS
                self._last_failure = ""
            except ServiceError as error:
                self._log_failure(error.detail)
                pause = LOOK_AFTER_FAILURE_SECONDS
            except Exception:  # this loop must continue
                log.exception("looking for deliveries failed")
                pause = LOOK_AFTER_FAILURE_SECONDS
            if pause:
                self._freed.wait(pause)
                self._freed.clear()

    def begin_one(self) -> bool:
        """Claim what has been due longest and begin to send it; return whether there was one, and a thread for it."""
        wanted = self._wanted()
        if wanted is None:
            return False
        with self.services.database.read() as connection:
            if not claims.is_any_due(connection, wanted):
                return False
        with self.services.database.begin() as connection:
            claimed = claims.claim(connection, wanted, self.settings.webhook_seconds + LEASE_EXTRA_SECONDS)
        if claimed is None:
            return False
        with self._turn:
            self._in_flight[claimed.number] = claimed
        self._pool.submit(self._deliver, claimed)
        return True

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is under way; return whether that is so within the time."""
        deadline = time.monotonic() + seconds
        while self._in_flight and time.monotonic() < deadline:
            self._freed.wait(0.05)
            self._freed.clear()
        return not self._in_flight

    def stop(self) -> None:
        """Claim nothing more, wait a moment for what is under way, and let others send what is not done by then."""
        self.stopping.set()
        if self.settle(STOP_SECONDS):
            return
        with self._turn:
            left = list(self._in_flight.values())
        try:
            with self.services.database.begin() as connection:
                for claimed in left:
                    claims.release(connection, claimed)
        except ServiceError as error:
            log.warning("%d deliveries go on when their lease is over: %s", len(left), error.detail)

    def _wanted(self) -> Wanted | None:
        """Return what may be claimed now; None while all threads are busy."""
        with self._turn:
            under_way = list(self._in_flight.values())
        if len(under_way) >= THREADS:
            return None
        failing = [claimed for claimed in under_way if claimed.is_failing]
        numbers = Counter(claimed.webhook for claimed in under_way)
        busy = {number for number, count in numbers.items() if count >= FOR_ONE}
        return Wanted(
            busy=busy | {claimed.webhook for claimed in failing},
            tenants_busy=with_their_share(under_way, THREADS),
            with_failing=len(failing) < FOR_FAILING,
            tenants_failing=with_their_share(failing, FOR_FAILING),
        )

    def _deliver(self, claimed: Claimed) -> None:
        with logs.ids(webhook_id=claimed.webhook_id, delivery_id=claimed.id):
            try:
                self._attempt(claimed)
            except Overtaken:
                log.info("another process has this delivery, or its webhook was deleted")
            except ServiceError as error:
                log.warning("an attempt cannot be recorded and is made again: %s", error.detail)
            except Exception:  # what it was about is tried again when its lease is over
                log.exception("an attempt failed")
            finally:
                with self._turn:
                    del self._in_flight[claimed.number]
                self._freed.set()

    def _attempt(self, claimed: Claimed) -> None:
        began, body = datetime.now(UTC), claimed.body.encode()
        headers = headers_of(claimed.secrets, claimed.id, int(began.timestamp()), body)
        try:
            outcome = send(self.guard, claimed.url, headers, body, self.settings.webhook_seconds)
        except Exception:  # it counts as an attempt, so that the next one is not made at once, over and over
            log.exception("an event cannot be sent")
            outcome = Outcome(0, error="not sent: the service has failed, and its log says how")
        self.services.ending(lambda connection: self._record(connection, claimed, began, outcome))

    def _record(self, connection: Connection, claimed: Claimed, began: datetime, outcome: Outcome) -> None:
        failures, since = claims.failing(connection, claimed)
        attempted = attempt_of(claimed, began, outcome, self.delays)
        attempted = disabling(attempted, outcome, failures + 1, since, self.settings)
        if claims.record(connection, claimed, attempted):
            log.warning("the webhook is disabled: %s", attempted.disable)
        label = "retried" if attempted.status is DeliveryStatus.PENDING else attempted.status.value
        totals.add(connection, {(Total.DELIVERIES.value, label): 1.0})

    def _log_failure(self, failure: str) -> None:
        if failure != self._last_failure:
            log.warning("cannot look for deliveries: %s", failure)
        self._last_failure = failure


def with_their_share(under_way: Sequence[Claimed], most: int) -> set[int]:
    """Return the tenants that have their share of so many threads: half of what the others leave, at least one."""
    counts = Counter(claimed.tenant for claimed in under_way)
    return {tenant for tenant, count in counts.items() if count >= max(1, (most - len(under_way) + count) // 2)}


def attempt_of(claimed: Claimed, began: datetime, outcome: Outcome, delays: tuple[float, ...]) -> Attempted:
    """Return what follows from an attempt: success, another attempt later, or the end."""
    entry = {
        "at": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "milliseconds": outcome.milliseconds,
        "status": outcome.status,
        "excerpt": outcome.excerpt,
        "error": outcome.error,
    }
    is_test = claimed.type == TEST_EVENT
    if outcome.succeeded:
        return Attempted(entry, DeliveryStatus.SUCCEEDED, counts=not is_test)
    asked = None if outcome.retry_after_seconds is None else min(outcome.retry_after_seconds, LONGEST_HOLD_SECONDS)
    if is_test or outcome.is_gone or claimed.failures >= len(delays):
        return Attempted(entry, DeliveryStatus.FAILED, counts=not is_test)
    delay = delays[claimed.failures] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    hold = (asked or delay) if outcome.throttles else None
    return Attempted(entry, DeliveryStatus.PENDING, max(delay, asked or 0.0), hold)


def disabling(
    attempted: Attempted, outcome: Outcome, failures: int, since: datetime | None, settings: Settings
) -> Attempted:
    """Return the same, and why the webhook is disabled, if it is.

    That is so when its receiver says that it is gone, and when no attempt has succeeded for `webhook_disable_seconds`,
    and at least a few were made.
    """
    if outcome.succeeded or not attempted.counts:
        return attempted
    because = None
    if outcome.is_gone:
        because = "the receiver has answered 410 Gone"
    elif since is not None and failures >= LEAST_FAILURES:
        seconds = (datetime.now(UTC) - since).total_seconds()
        if seconds >= settings.webhook_disable_seconds:
            last = f"status {outcome.status}" if outcome.error is None else outcome.error
            because = f"no attempt has succeeded since {since.isoformat(timespec='seconds')}; the last one: {last}"
    return replace(attempted, disable=because)


def main() -> int:
    """Deliver until SIGTERM, or until the parent ends."""
    die_with_parent(int(sys.argv[1]))
    settings = read_settings(os.environ)
    logs.configure(settings.log_level, settings.log_format)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # warnings quote what receivers answer
    warnings.simplefilter("ignore")
    deliverer = Deliverer(open_services(settings))

    def leave(number: int, frame: FrameType | None) -> None:
        deliverer.stopping.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    deliverer.run()
    deliverer.stop()
    logging.shutdown()
    os._exit(0)  # threads may still wait for receivers


if __name__ == "__main__":
    sys.exit(main())
