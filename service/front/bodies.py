"""A request's body while it arrives: small ones in memory, others in a file without a name, written by threads."""

import io
import logging
import os
import tempfile
import time
from collections.abc import Callable
from typing import BinaryIO

from service.front.limits import AHEAD_BYTES, KIB, MEMORY_BODY, MEMORY_IN_ALL, Limits
from service.front.refusals import Refused
from service.front.threads import Threads

WRITERS = 2
SMALL_BLOCK = 4 * KIB
MOST_JOINED = 64 * KIB

log = logging.getLogger(__name__)


class Spools:
    """The bytes of all bodies of a process, in memory and in files, and the threads that write those."""

    def __init__(self, limits: Limits, threads: Threads | None = None) -> None:
        self.limits = limits
        self.threads = threads or Threads(WRITERS, "spool")
        self.in_memory = 0
        self.in_files = 0
        self.files = 0

    def check(self, more: int, files: int) -> None:
        """Raise `Refused` when the files may not grow by that many bytes, or there may not be so many more."""
        most, most_files = self.limits.max_spooled_bytes, self.limits.max_spool_files
        if self.files + files > most_files:
            raise Refused(503, f"{most_files:,} bodies that are being received lie in files already; try again")
        if self.in_files + more > most:
            raise Refused(503, f"bodies that are being received have {most:,} bytes already; try again")

    def check_disk(self) -> None:
        """Raise `Refused` when the disk is nearly full."""
        disk = os.statvfs(self.limits.spool_folder)
        if disk.f_bavail * disk.f_frsize < self.limits.keep_free_bytes:
            least = f"{self.limits.keep_free_bytes:,} bytes (BACKPROP_KEEP_FREE_BYTES)"
            raise Refused(507, f"fewer than {least} are free on the disk")


class Body:
    """The bytes of one body. Called from the event loop alone, apart from `_write`."""

    def __init__(self, spools: Spools, post: Callable[..., object], written: Callable[[Refused | None], None]) -> None:
        """`post` calls a function in the event loop; there `written` is called when a file has got what was waiting."""
        self._spools = spools
        self._post = post
        self._written = written
        self._blocks: list[bytes | bytearray] = []
        self._waiting = 0
        self._in_file = 0
        self._file: BinaryIO | None = None
        self._closed = False
        self.size = 0
        self.writing = False
        self.began = self._marked = time.monotonic()
        self._marked_size = 0

    @property
    def is_ahead(self) -> bool:
        """Whether more bytes are in memory than may be before the file has them."""
        return self._waiting > AHEAD_BYTES

    def add(self, data: bytes) -> None:
        if self._blocks and len(data) < SMALL_BLOCK:  # as objects of their own they took up to 28 times their bytes
            self._joined().extend(data)
        else:
            self._blocks.append(data)
        self.size += len(data)
        self._waiting += len(data)
        self._spools.in_memory += len(data)

    def _joined(self) -> bytearray:
        """Return the last block, to which bytes can be added."""
        last = self._blocks[-1]
        if not isinstance(last, bytearray) or len(last) >= MOST_JOINED:
            last = bytearray()
            self._blocks.append(last)
        return last

    def spill(self, whole: bool = False) -> None:
        """Let a thread write what is in memory, if that is too much, or the rest of a file."""
        if self.writing or not self._blocks:
            return
        is_large = self._waiting > MEMORY_BODY or self._spools.in_memory > MEMORY_IN_ALL
        if not (is_large or (whole and self._file is not None)):
            return
        first = not self._in_file
        self._spools.check(self._waiting, int(first))
        blocks, self._blocks, size, self._waiting = self._blocks, [], self._waiting, 0
        self._spools.in_memory -= size
        self._spools.in_files += size
        self._spools.files += first
        self._in_file += size
        self.writing = True
        self._spools.threads.put(lambda: self._write(blocks))

    def _write(self, blocks: list[bytes | bytearray]) -> None:
        refused = None
        try:
            self._spools.check_disk()
            if self._file is None:
                # a file of the system has no name, so none is left when the process is killed
                self._file = tempfile.TemporaryFile(dir=self._spools.limits.spool_folder)  # noqa: SIM115
            self._file.writelines(blocks)
            self._file.flush()
        except Refused as error:
            refused = error
        except OSError as error:
            refused = Refused(507, f"the body cannot be written: {error.strerror}")
        except Exception:  # whatever it is, the request must be answered
            log.exception("a body cannot be written")
            refused = Refused(500, "the body cannot be written; the service's log says why")
        self._post(self._end_of_write, refused)

    def _end_of_write(self, refused: Refused | None) -> None:
        self.writing = False
        if self._closed:
            self._close_file()
        else:
            self._written(refused)

    def open(self) -> BinaryIO:
        """Return the whole body as a file at its start."""
        if self._file is None:
            return io.BytesIO(b"".join(self._blocks) if len(self._blocks) != 1 else self._blocks[0])
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Forget the bytes; a file of them ends once it is not being written."""
        if self._closed:
            return
        self._closed = True
        del self._written  # it holds the request, which holds this: a cycle would keep both until it is collected
        self._spools.in_memory -= self._waiting
        self._spools.in_files -= self._in_file
        self._spools.files -= bool(self._in_file)
        self._blocks = []
        if not self.writing:
            self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()

    def restart_clock(self) -> None:
        """Measure the rate from now on: what came before was held up by the server."""
        self._marked, self._marked_size = time.monotonic(), self.size

    def check_pace(self, now: float) -> None:
        """Raise `Refused` when the body has taken too long, or too few bytes have come of late."""
        limits = self._spools.limits
        if now - self.began > limits.body_seconds:
            raise Refused(408, f"the body did not end within {limits.body_seconds:g} seconds")
        if now - self._marked < limits.rate_seconds:
            return
        if self.size - self._marked_size < limits.least_rate * limits.rate_seconds:
            raise Refused(
                408,
                f"of the body came fewer than {limits.least_rate:,} bytes a second for {limits.rate_seconds:g} seconds",
            )
        self.restart_clock()
