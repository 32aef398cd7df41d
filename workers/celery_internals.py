"""Celery's prefork pool, made to note how its children ended, and kept whole while the queue is away."""

from typing import Any

from celery.concurrency import prefork
from celery.worker.consumer import Consumer

from workers.exit_codes import Obituaries

LOOK_SECONDS = 1.0


def pool_that_notes(obituaries: Obituaries) -> type[Any]:
    """A class of pools that write down how each child ended, before anything else is done about it."""

    class Noting:
        def process_flush_queues(self, child: Any) -> None:
            """Called for each child that was found to be gone."""
            if child.exitcode is not None:
                obituaries.add(child.pid, child.exitcode)
            super().process_flush_queues(child)  # type: ignore[misc]

    class NotingAsynPool(Noting, prefork.AsynPool):  # type: ignore[misc, unused-ignore]
        @property
        def timers(self) -> dict[Any, float]:
            """What the event loop does now and then: its notice of an ended child may be missed, so it looks, too."""
            return {self.maintain_pool: LOOK_SECONDS}

    class NotingBlockingPool(Noting, prefork.BlockingPool):  # type: ignore[misc, unused-ignore]
        pass

    class TaskPool(prefork.TaskPool):  # type: ignore[misc, unused-ignore]
        Pool = NotingAsynPool
        BlockingPool = NotingBlockingPool

    return TaskPool


class ConsumerWithoutQueue(Consumer):  # type: ignore[misc, unused-ignore]
    """Celery looks after its children in the event loop, which stands still while it connects to the queue again."""

    def ensure_connected(self, connection: Any) -> Any:
        """Connect, however long that takes; once a second replace the children that died meanwhile."""
        ensure = connection.ensure_connection

        def ensure_beside(*args: Any, callback: Any, **more: Any) -> Any:
            def each_second() -> None:
                callback()
                self.pool.maintain_pool()

            return ensure(*args, callback=each_second, **more)

        connection.ensure_connection = ensure_beside
        return super().ensure_connected(connection)
