"""The exit codes of child processes, as their parent saw them, in memory that parent and children share.

The parent opens no database (decision 1), so shared memory is how its children learn why another one ended.
"""

import mmap
import struct

CAPACITY = 256
HEADER, ENTRY = struct.Struct("q"), struct.Struct("qq")


class ExitCodes:
    """The exit codes of the last few hundred children that ended.

    The parent makes this before it forks and is the only one that writes to it; its children read.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, HEADER.size + CAPACITY * ENTRY.size)

    def add(self, pid: int, exit_code: int) -> None:
        """Record the exit code of a child that has ended: minus the signal's number if a signal ended it."""
        count = self.count
        ENTRY.pack_into(self._memory, HEADER.size + count % CAPACITY * ENTRY.size, pid, exit_code)
        HEADER.pack_into(self._memory, 0, count + 1)

    @property
    def count(self) -> int:
        """Return the number of exit codes recorded since the start, including those that were overwritten."""
        count: int = HEADER.unpack_from(self._memory, 0)[0]
        return count

    def exit_code(self, pid: int) -> int | None:
        """Return the exit code of the last child with this process id that ended, or None if there was none."""
        count = self.count
        for number in range(count - 1, max(-1, count - 1 - CAPACITY), -1):
            found, exit_code = ENTRY.unpack_from(self._memory, HEADER.size + number % CAPACITY * ENTRY.size)
            if found == pid:
                return int(exit_code)
        return None
