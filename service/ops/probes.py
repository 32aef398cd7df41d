"""Looks at parts of the service in threads, so that nobody waits for a part that hangs."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Check:
    """Whether a part is in order; `detail` says what is wrong and the way out.

    `since` is when this answer was given, for one that stands in because its part hangs; for the part that hangs it is
    when it answered last.
    """

    ok: bool
    detail: str = ""
    seconds: float = 0.0
    since: datetime | None = None
    facts: Mapping[str, str | int] = field(default_factory=dict)


Checks = dict[str, Check]


class Probe:
    """One look that may hang, at a part and those that are seen through it; at most one thread looks at a time.

    Parameters
    ----------
    part
        The part that is at fault when the look does not return.
    look
        Returns the checks of the part and of others that are seen through it.
    way_out
        What to do about a part that does not answer.
    """

    def __init__(self, part: str, look: Callable[[], Checks], way_out: str) -> None:
        self.part, self.way_out = part, way_out
        self._look = look
        self._changed = threading.Condition()
        self._is_looking = False
        self._looks = 0  # that have ended
        self._last: Checks = {}
        self._last_at: datetime | None = None

    def begin(self) -> int:
        """Have a thread look, unless one does; return the number of looks that have ended, for `result`."""
        with self._changed:
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._run, name=f"check {self.part}", daemon=True).start()
            return self._looks

    def result(self, seen: int, began: float, seconds: float) -> Checks:
        """Return what a look found that ended after `seen` others, or `seconds` after `began` what was found last."""
        with self._changed:
            remaining = began + seconds - time.monotonic()
            if self._changed.wait_for(lambda: self._looks > seen, max(0.0, remaining)):
                return dict(self._last)
            last, since = dict(self._last), self._last_at
        detail = f"no answer within {seconds:g} s; {self.way_out}"
        stood_in = {name: replace(check, since=since) for name, check in last.items()}
        return {**stood_in, self.part: Check(False, detail, time.monotonic() - began, since)}

    def _run(self) -> None:
        began = time.monotonic()
        try:
            found = self._look()
        except Exception as error:  # it is reported; the next look may find something else
            log.exception("looking at the %s failed", self.part)
            detail = f"the check failed ({type(error).__name__}); the log of the API says why"
            found = {self.part: Check(False, detail, time.monotonic() - began)}
        with self._changed:
            self._last, self._last_at = found, datetime.now(UTC)
            self._looks += 1
            self._is_looking = False
            self._changed.notify_all()


def ask(probes: list[Probe], seconds: float) -> Checks:
    """Look at all parts side by side, and return what was found within `seconds`."""
    began = time.monotonic()
    seen = [probe.begin() for probe in probes]
    checks: Checks = {}
    for probe, number in zip(probes, seen, strict=True):
        checks |= probe.result(number, began, seconds)
    return checks
