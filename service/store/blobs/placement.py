"""Byte strings that are stored in a row, or as a blob when they are too large for one.

To write, call `place` or `place_written` before the transaction, as it is slow, and `hold` within it. To read, call
`read` with the `StoredBytes` of the row. Call `free` with addresses that rows no longer point to.
"""

import hashlib
import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from service.errors import Damaged, ServiceError
from service.store.blobs import references
from service.store.blobs.folder import FolderBlobs, sha256_of
from service.store.database import Database
from service.store.epoch_records import StoredBytes

# driver and server copy a value several times: 400 MB took PostgreSQL 23 s and 3.3 GB of memory
IN_ROW_BYTES = 8 * 1024 * 1024
WRITTEN_IN_ROW_BYTES = 1024 * 1024  # of values rewritten at every flush: above it a file takes less time and memory

log = logging.getLogger(__name__)


def fits_a_row(size: int) -> bool:
    return size <= IN_ROW_BYTES


def rows_together(size: int) -> int:
    """Return how many byte strings of this size may share a row, at least 1."""
    return max(1, IN_ROW_BYTES // size)


@dataclass(frozen=True)
class Placed:
    """Bytes that are about to be written to the database.

    When they are too large for a row, `address` is that of their blob, and `again` stores the blob once more.
    """

    data: bytes | None
    address: str | None
    again: Callable[[], str]

    def stored(self) -> StoredBytes:
        """Return the columns of the row."""
        if self.address is not None:
            return StoredBytes(sha256_of(self.address), None, self.address)
        assert self.data is not None
        return StoredBytes(hashlib.sha256(self.data).hexdigest(), self.data, None)


def place(blobs: FolderBlobs, data: bytes) -> Placed:
    """Store bytes that are too large for a row as a blob, which no row points to yet."""
    again = partial(blobs.put, data)
    return Placed(data, None if fits_a_row(len(data)) else again(), again)


def place_written(blobs: FolderBlobs, size: int, write: Callable[[BinaryIO], None]) -> Placed:
    """Do as `place` for what `write` writes, about `size` bytes; if they are many, they are never all in memory."""
    if size <= min(IN_ROW_BYTES, WRITTEN_IN_ROW_BYTES):
        stream = io.BytesIO()
        write(stream)
        return place(blobs, stream.getvalue())
    again = partial(blobs.put_written, write)
    return Placed(None, again(), again)


def hold(blobs: FolderBlobs, placed: Sequence[Placed]) -> None:
    """Make sure that blobs still exist, as another job may have freed equal ones; store them again if not.

    To be called in a transaction that has called `references.pointing`.
    """
    for value in placed:
        if value.address is not None and not blobs.touch(value.address):
            value.again()


def size_of(blobs: FolderBlobs, stored: StoredBytes) -> int:
    """Return how many bytes a row or a blob has; a missing blob has none."""
    if stored.bytes is not None:
        return len(stored.bytes)
    try:
        return blobs.path(str(stored.address)).stat().st_size
    except FileNotFoundError:
        return 0


def read_unchecked(blobs: FolderBlobs, data: bytes | None, address: str | None) -> bytes | None:
    """Return the bytes of a row or a blob without checking their hash; None when the blob is missing."""
    if address is None:
        return data
    try:
        return blobs.get(address)
    except FileNotFoundError:
        return None


def read(blobs: FolderBlobs, stored: StoredBytes) -> bytes:
    """Return the bytes of a row or a blob, after checking their SHA-256.

    Raises
    ------
    Damaged
        When the bytes are missing or have changed.
    """
    data = read_unchecked(blobs, stored.bytes, stored.address)
    if data is None:
        raise Damaged(f"the bytes with SHA-256 {stored.sha256} are missing in the data folder's blobs")
    if hashlib.sha256(data).hexdigest() != stored.sha256:
        raise Damaged(f"stored bytes are damaged: their SHA-256 is no longer {stored.sha256}")
    return data


def free(blobs: FolderBlobs, database: Database, addresses: Sequence[str]) -> None:
    """Remove blobs at once unless a row points to them: large jobs replace theirs several times a minute."""
    if not addresses:
        return
    try:
        blobs.remove(addresses, partial(references.referenced, database))
    except ServiceError as error:
        log.warning("the collector will have to free %d blob(s): %s", len(addresses), error.detail)
