"""The space on the disks that are written to: when uploads, new jobs and running jobs stop, and when jobs go on.

Commands that end or remove something have a reserve, a file whose space is released when the disk is full.
"""

import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import text

from service.errors import OutOfSpace, ServiceError
from service.store.blobs.folder import FolderBlobs, out_of_space
from service.store.database import Database

T = TypeVar("T")

MIB = 1024 * 1024
# At most, and half of the space that is kept free. A flush may have left as much in SQLite's log, for which its
# file has yet to grow before the log can be used again.
RESERVE_BYTES = 16 * MIB
LEAST_FILES = 100  # that can still be made, on filesystems whose number of files is bounded
UPLOADS_STOP = 4  # uploads are refused below this multiple of the free space that jobs need
GOES_ON = 1.25  # jobs go on when this multiple of the space at which they stop is free, so that they do not flutter
PROBE_BYTES = MIB
PROBE_SECONDS = 10.0  # between two attempts to write, after the disk refused to although space seems to be free
SETTING = "BACKPROP_KEEP_FREE_BYTES"

log = logging.getLogger(__name__)


class Space:
    """The disks of one service: that of its data folder, and that of SQLite's file where it is another one.

    A quota, or the disk of a PostgreSQL server, cannot be seen from here. When one of them refuses what a run writes,
    `record_refusal` is called, and no job goes on in this process until a probe has been written.
    """

    def __init__(self, database: Database, blobs: FolderBlobs, data_dir: Path, keep_free_bytes: int) -> None:
        self.database, self.blobs, self.keep_free_bytes = database, blobs, keep_free_bytes
        self.folders = [data_dir]
        if database.is_sqlite:
            self.folders.append(Path(str(database.url.database)).parent)
        self.reserve = data_dir / "reserve"
        self._needed = 0.0  # what must be free before a job goes on, after a run could not write what it had
        self._refused = False
        self._probed_at = 0.0
        self._probing = threading.Lock()

    def free_bytes(self) -> int:
        """Return the number of bytes free on the fuller of the disks."""
        return min([self.blobs.free_bytes(), *(shutil.disk_usage(_existing(path)).free for path in self.folders[1:])])

    def shortage(self, least: float) -> str | None:
        """Return what is short when fewer than `least` bytes, or hardly any files, can still be stored."""
        free = self.free_bytes()
        if free < least:
            return f"{free:,} bytes are free on the disk, fewer than {least:,.0f}"
        for folder in self.folders:
            status = os.statvfs(_existing(folder))
            if least and status.f_files and status.f_favail < LEAST_FILES:
                return f"{status.f_favail} more files can be made on the disk of {folder}, fewer than {LEAST_FILES}"
        return None

    def check(self, least: float) -> None:
        """Raise `OutOfSpace` when fewer than `least` bytes are free."""
        if short := self.shortage(least):
            raise OutOfSpace(f"{short} (BACKPROP_KEEP_FREE_BYTES); nothing was stored, and deleting frees space")

    def is_short(self) -> bool:
        """Return whether running jobs are to stop now."""
        return self.shortage(self.keep_free_bytes) is not None

    def waits_for(self) -> str | None:
        """Return why no job is begun or goes on in this process; None when one may."""
        if short := self.shortage(max(self.keep_free_bytes * GOES_ON, self._needed)):
            return f"{short} ({SETTING} is {self.keep_free_bytes:,}); it goes on by itself when there is space"
        self._needed = 0.0
        if self._refused and not self._has_been_freed():
            return "a disk or a quota is full; it goes on by itself when there is space"
        return None

    def check_writing(self, size: int) -> None:
        """Raise `OutOfSpace` unless a run may write `size` bytes: half of the space that is kept free stays.

        SQLite writes each page twice, into its log and from there into its file.
        """
        least = self.keep_free_bytes / 2 + 2 * size
        if self.keep_free_bytes and (short := self.shortage(least)):
            self._needed = least
            raise OutOfSpace(f"{short}, which the run needs; nothing was stored")

    def record_refusal(self) -> None:
        """Record that what a run wrote was refused for want of space."""
        self._refused, self._probed_at = True, time.monotonic()

    def _has_been_freed(self) -> bool:
        """Write a probe if that is due; return whether there is space again."""
        with self._probing:
            if self._refused and time.monotonic() - self._probed_at >= PROBE_SECONDS:
                self._probed_at = time.monotonic()
                try:
                    self.probe()
                    self._refused = False
                except ServiceError as error:
                    log.info("no job goes on yet: %s", error.detail)
            return not self._refused

    def probe(self) -> None:
        """Write some bytes and remove them; raise `OutOfSpace` when that is refused."""
        for folder in self.folders:
            with out_of_space(), tempfile.TemporaryFile(dir=_existing(folder)) as file:
                file.write(os.urandom(PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        if not self.database.is_sqlite:
            rows = "SELECT repeat(md5(random()::text), 32) AS filling FROM generate_series(1, 1024)"
            with self.database.begin() as connection:
                connection.execute(text(f"CREATE TEMPORARY TABLE space_probe ON COMMIT DROP AS {rows}"))

    def keep_reserve(self) -> None:
        """Make the reserve if it is missing and there is space for it."""
        size = min(RESERVE_BYTES, self.keep_free_bytes // 2)
        if not size or self.reserve.exists() or self.shortage(self.keep_free_bytes + size):
            return
        partial = self.reserve.with_name(f"reserve-{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(os.urandom(size))  # a filesystem that compresses would keep no space for zeros
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.reserve)
        except OSError as error:
            log.warning("the reserve %s cannot be made: %s", self.reserve, error.strerror)
        finally:
            partial.unlink(missing_ok=True)

    def spend(self, act: Callable[[], T]) -> T:
        """Do what ends or removes something; when the disk is full, release the reserve and do it again."""
        try:
            return act()
        except OutOfSpace:
            log.warning("the disk is full: the reserve is released")
            self.reserve.unlink(missing_ok=True)
            return act()


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())
