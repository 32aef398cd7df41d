"""How children ended, as their parent saw it: shared memory, as the parent opens no database (decision 1)."""

import mmap
import struct

PLACES = 256
HEAD, ENTRY = struct.Struct("q"), struct.Struct("qq")


class Obituaries:
    """Made by the parent before it forks; it alone writes, its children read. The newest few hundred are there."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, HEAD.size + PLACES * ENTRY.size)

    def add(self, pid: int, exit_code: int) -> None:
        """Note that a child has ended: its exit code, or minus the number of the signal that ended it."""
        count = self.count
        ENTRY.pack_into(self._memory, HEAD.size + count % PLACES * ENTRY.size, pid, exit_code)
        HEAD.pack_into(self._memory, 0, count + 1)

    @property
    def count(self) -> int:
        """How many there have been."""
        count: int = HEAD.unpack_from(self._memory, 0)[0]
        return count

    def exit_code(self, pid: int) -> int | None:
        """Of the last child with this process id that has ended; None when none has."""
        count = self.count
        for number in range(count - 1, max(-1, count - 1 - PLACES), -1):
            found, exit_code = ENTRY.unpack_from(self._memory, HEAD.size + number % PLACES * ENTRY.size)
            if found == pid:
                return int(exit_code)
        return None
