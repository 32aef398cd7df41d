"""A number that all processes of a data folder see at once: one that changes it says that there is something new.

A file of eight bytes is mapped into memory by each process that reads it, so reading takes no system call. It is
written by a system call, as a write through the map would end the process when the disk is full.
"""

import fcntl
import logging
import mmap
import os
import struct
import threading
from pathlib import Path

NUMBER = struct.Struct("@Q")

log = logging.getLogger(__name__)


class SharedNumber:
    """The number in a file, which is opened at its first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._file: int | None = None
        self._map: mmap.mmap | None = None
        self._failed = False

    def value(self) -> int:
        """Return the number; 0 while the file cannot be opened."""
        if self._map is None and not self._open():
            return 0
        assert self._map is not None
        number: int = NUMBER.unpack_from(self._map)[0]
        return number

    def raise_by_one(self) -> bool:
        """Change the number, which every process sees at its next reading; return False if that cannot be done.

        Then others see what has changed as the processes of other hosts do.
        """
        if not self._open():
            return False
        assert self._file is not None
        with self._turn:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                (number,) = NUMBER.unpack(os.pread(self._file, NUMBER.size, 0))
                os.pwrite(self._file, NUMBER.pack((number + 1) % 2**64), 0)
            except OSError as error:
                self._complain(error)
                return False
            else:
                return True
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _open(self) -> bool:
        """Open the file unless it is open; return whether it is."""
        with self._turn:
            if self._map is not None:
                return True
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX)
                    if os.fstat(file).st_size < NUMBER.size:  # written, so that reading needs no further block
                        os.pwrite(file, bytes(NUMBER.size), 0)
                    fcntl.lockf(file, fcntl.LOCK_UN)
                    self._map = mmap.mmap(file, NUMBER.size, access=mmap.ACCESS_READ)
                except BaseException:
                    os.close(file)
                    raise
            except (OSError, ValueError) as error:
                self._complain(error)
                return False
            self._file = file
            return True

    def _complain(self, error: Exception) -> None:
        if not self._failed:
            log.warning("%s cannot be used, so other processes see changes later: %s", self._path, error)
        self._failed = True
