"""Whether the parent process is shutting down, in memory that parent and children share.

A signal reaches the children that exist at that moment. One that is forked just then, to replace a child that has
ended, learns of it here: it must not take a job that it would lose when its parent ends.
"""

import mmap


class ShuttingDown:
    """A flag that the parent makes before it forks and sets; its children read it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def set(self) -> None:
        self._memory[0] = 1

    def is_set(self) -> bool:
        return bool(self._memory[0])
