"""Every place where the worker relies on what Celery, billiard or multiprocessing do not document.

Each function states why it is needed and `CHECKED_WITH` the versions it was read and tried with.
`tests/unit/workers/test_celery_internals.py` fails when an upgrade moves one of them.
"""

import multiprocessing
import shutil
from collections.abc import Callable
from typing import Any

import billiard
import billiard.pool
import celery.apps.worker
from celery import signals
from celery.concurrency import prefork
from celery.worker.consumer import Consumer

from workers.exit_codes import ExitCodes
from workers.shutting_down import ShuttingDown

CHECKED_WITH = {"celery": "5.7.0", "billiard": "4.3.2"}
MAINTAIN_POOL_SECONDS = 1.0


def pool_that_records(
    exit_codes: ExitCodes, shutting_down: ShuttingDown, keep_deliveries: Callable[[], None]
) -> type[prefork.TaskPool]:
    """Return a class of prefork pools that record how each child ended before they replace it.

    Celery reports the exit code of a child only for the task that it ran, and only in its log. Jobs of a child that
    ended need the code to distinguish a crash from a kill. Once the worker is shutting down no child is replaced:
    Celery closes its pool a moment later, up to seconds with a queue that is polled, and kills replacements soon.
    `keep_deliveries` is called each second where children are replaced, in the thread that forks them.
    """

    class RecordsExitCodes:
        def process_flush_queues(self, child: Any) -> None:
            """Record the exit code; both kinds of pool call this for each child that has ended."""
            if child.exitcode is not None:
                exit_codes.add(child.pid, child.exitcode)
            super().process_flush_queues(child)  # type: ignore[misc]

        def _repopulate_pool(self, exit_codes: Any) -> None:
            """Start as many children as are missing; both kinds of pool call this."""
            if not shutting_down.is_set():
                keep_deliveries()
                super()._repopulate_pool(exit_codes)  # type: ignore[misc]

    class RecordingAsynPool(RecordsExitCodes, prefork.AsynPool):  # type: ignore[misc, unused-ignore]
        @property
        def timers(self) -> dict[Callable[[], Any], float]:
            """Return the functions that the event loop calls at intervals, and one that looks for ended children.

            The event loop itself may miss the end of a child.
            """
            return {self.maintain_pool: MAINTAIN_POOL_SECONDS}

    class RecordingBlockingPool(RecordsExitCodes, prefork.BlockingPool):  # type: ignore[misc, unused-ignore]
        pass

    pools = {"Pool": RecordingAsynPool, "BlockingPool": RecordingBlockingPool}
    return type("TaskPool", (prefork.TaskPool,), pools)


class ConsumerWithoutQueue(Consumer):  # type: ignore[misc, unused-ignore]
    """A consumer that replaces ended children also while the queue is unavailable.

    Celery maintains its pool in the event loop, which does not run while the consumer connects to the queue again.
    """

    def ensure_connected(self, connection: Any) -> Any:
        """Connect, however long that takes, and maintain the pool once a second meanwhile."""
        ensure = connection.ensure_connection

        def ensure_and_maintain(*args: Any, callback: Any, **options: Any) -> Any:
            def each_second() -> None:
                callback()
                self.pool.maintain_pool()

            return ensure(*args, callback=each_second, **options)

        connection.ensure_connection = ensure_and_maintain
        return super().ensure_connected(connection)


def handle_signals_in_child(install: Callable[[], None]) -> None:
    """Let `install` set the signal handlers of this child process instead of billiard.

    billiard resets the handlers right after `worker_process_init`, so that SIGTERM would end the child within a batch
    of training. The function is replaced in the child's own copy of the module.
    """

    def reset_signals(*_: Any, **__: Any) -> None:
        install()

    billiard.pool.reset_signals = reset_signals


def child_pids() -> list[int]:
    """Return the process ids of the pool's children: at a warm shutdown Celery sends them no signal."""
    return [process.pid for process in billiard.active_children() if process.pid]


def leave_logging_alone() -> None:
    """Keep Celery from setting up logging, from redirecting what is printed, and from printing at a shutdown itself."""
    signals.setup_logging.connect(_do_nothing, weak=False)
    celery.apps.worker.safe_say = _do_nothing


def _do_nothing(*_: Any, **__: Any) -> None:
    pass


def remove_temporary_folder() -> None:
    """Remove the folder that multiprocessing made, for a process that ends without its exit handlers."""
    if folder := multiprocessing.current_process()._config.get("tempdir"):  # type: ignore[attr-defined]
        shutil.rmtree(folder, ignore_errors=True)
