"""Celery's prefork pool, made to note how its children ended."""

from typing import Any

from celery.concurrency import prefork

from workers.obituaries import Obituaries


def pool_that_notes(obituaries: Obituaries) -> type[Any]:
    """A class of pools that write down how each child ended, before anything else is done about it."""

    class Noting:
        def process_flush_queues(self, child: Any) -> None:
            """Called for each child that was found to be gone."""
            if child.exitcode is not None:
                obituaries.add(child.pid, child.exitcode)
            super().process_flush_queues(child)  # type: ignore[misc]

    class NotingAsynPool(Noting, prefork.AsynPool):  # type: ignore[misc, unused-ignore]
        pass

    class NotingBlockingPool(Noting, prefork.BlockingPool):  # type: ignore[misc, unused-ignore]
        pass

    class TaskPool(prefork.TaskPool):  # type: ignore[misc, unused-ignore]
        Pool = NotingAsynPool
        BlockingPool = NotingBlockingPool

    return TaskPool
