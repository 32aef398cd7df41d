"""Starts the process that sends events to webhooks, and starts it again when it has ended."""

import logging
import os
import subprocess
import sys
import time

LEAST_APART_SECONDS = 2.0
STOP_SECONDS = 6.0

log = logging.getLogger(__name__)


class DeliveryProcess:
    """The process of `workers.deliveries` that belongs to this one, a worker's parent.

    It is executed and not forked, so that it shares no lock and no connection with the parent. One thread at a time may
    call its methods.
    """

    def __init__(self, is_wanted: bool) -> None:
        self._is_wanted = is_wanted
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def keep(self) -> None:
        """Start it unless it runs; one that has just been started and has ended is given a moment."""
        if not self._is_wanted or (self._process is not None and self._process.poll() is None):
            return
        if time.monotonic() - self._started_at < LEAST_APART_SECONDS:
            return
        if self._process is not None:
            log.warning(
                "the process of deliveries has ended (exit code %d) and is started again", self._process.returncode
            )
        self._started_at = time.monotonic()
        self._process = subprocess.Popen([sys.executable, "-m", "workers.deliveries", str(os.getpid())])

    def stop(self) -> None:
        """Let it end; it gives back what it cannot send any more."""
        self._is_wanted = False
        if self._process is not None:
            self._process.terminate()

    def wait(self) -> None:
        """Wait until it has ended, and kill it if that takes too long."""
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
