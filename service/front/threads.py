"""A fixed number of threads that call functions in the order in which they were put."""

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

Call = Callable[[], None]


class Threads:
    """`put` may be called from any thread; nothing is refused, so callers bound what they put."""

    def __init__(self, count: int, name: str) -> None:
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self.put = self._calls.put
        self.waiting = self._calls.qsize
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads once they have done what was put before."""
        for _ in self._threads:
            self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except Exception:  # the thread serves other requests
                log.exception("a call of the HTTP server failed")
