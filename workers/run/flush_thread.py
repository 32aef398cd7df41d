"""A thread that writes a run's flushes next to the training, one at a time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from service import logs
from service.store.jobs.jobs import Overtaken
from workers.run.flush import Flush, Writer, Written
from workers.run.flush_policy import FlushPolicy


class FlushThread:
    """Writes flushes in the background or while the caller waits.

    `requested` is what a client had requested of the job at the latest flush. When a flush fails, nothing computed
    after it may be stored: `on_failure` is called before the error is raised. A flush that was to end the job and was
    not written because of a client's request has not failed.
    """

    def __init__(self, writer: Writer, policy: FlushPolicy, on_failure: Callable[[], None]) -> None:
        self.writer, self.policy, self.on_failure = writer, policy, on_failure
        self.requested: str | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"flush {writer.job.id}")
        self._under_way: Future[Written] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a flush is being written."""
        return self._under_way is not None and not self._under_way.done()

    def write(self, flush: Flush) -> None:
        """Write a flush and wait for its end."""
        self._record(lambda: self.writer.write(flush))

    def write_in_background(self, flush: Flush) -> None:
        """Start to write a flush; `settle` must have been called since the previous one."""
        self._under_way = self._pool.submit(logs.with_ids(self.writer.write), flush)

    def settle(self) -> None:
        """Wait for the flush in the background; raise what it raised."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            self._record(under_way.result)

    def hurry(self) -> None:
        """Let the flush in the background fail instead of repeating a failed attempt."""
        self.writer.hurried.set()

    def close(self) -> None:
        """End the thread after the flush in the background has ended."""
        self.hurry()
        self._pool.shutdown()

    def _record(self, write: Callable[[], Written]) -> None:
        try:
            written = write()
        except Overtaken:
            raise
        except BaseException:
            self.on_failure()
            raise
        self.requested = written.asked
        self.policy.record(written.seconds)
        self.writer.services.counts.add_flush(written.seconds)
