"""A thread that writes a run's flushes next to the training, one at a time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from workers.run.flush import Flush, Writer, Written
from workers.run.flush_policy import FlushPolicy


class FlushThread:
    """Writes in the background or while the caller waits; `requested` is what the client had requested at the last.

    When a flush fails, nothing that came after it may be stored: `on_failure` is called before the error is raised.
    """

    def __init__(self, writer: Writer, policy: FlushPolicy, on_failure: Callable[[], None]) -> None:
        self.writer, self.policy, self.on_failure = writer, policy, on_failure
        self.requested: str | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"flush {writer.job.id}")
        self._under_way: Future[Written] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a flush is under way that has not come to its end."""
        return self._under_way is not None and not self._under_way.done()

    def write(self, flush: Flush) -> None:
        """Write, and return when that is done."""
        self._record(lambda: self.writer.write(flush))

    def write_in_background(self, flush: Flush) -> None:
        """Start to write; `settle` has been called since the flush before."""
        self._under_way = self._pool.submit(self.writer.write, flush)

    def settle(self) -> None:
        """Wait for the flush that is under way; raises what it raised."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            self._record(under_way.result)

    def hurry(self) -> None:
        """Have a flush that is under way give up after its next try."""
        self.writer.hurried.set()

    def close(self) -> None:
        """End the thread; a flush that is under way comes to its end."""
        self.hurry()
        self._pool.shutdown()

    def _record(self, write: Callable[[], Written]) -> None:
        try:
            written = write()
        except BaseException:
            self.on_failure()
            raise
        self.requested = written.asked
        self.policy.record(written.seconds)
