"""Byte strings that go into a row, or into the blobs when they are too large for one.

Writing: `place` or `place_written` before the transaction, as it is slow, and `hold` within it. Reading: `read` what
the store returned. `free` what rows pointed to and no longer do.
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
from service.store.blobs.folder import FolderBlobs
from service.store.database import Database
from service.store.records import StoredBytes

# a value passes several times through the memory of driver and server: 400 MB took PostgreSQL 23 s and 3.3 GB
IN_ROW_BYTES = 8 * 1024 * 1024
WRITTEN_IN_ROW_BYTES = 1024 * 1024  # of what is written anew every flush: beyond it a file takes less time and memory

log = logging.getLogger(__name__)


def fits_a_row(size: int) -> bool:
    return size <= IN_ROW_BYTES


def rows_together(size: int) -> int:
    """How many byte strings of this size may share a row; one that is too large stays alone."""
    return max(1, IN_ROW_BYTES // size)


@dataclass(frozen=True)
class Placed:
    """Bytes on their way into the database.

    When they are too large for a row, `address` says where they lie, and `again` puts them there once more.
    """

    data: bytes | None
    address: str | None
    again: Callable[[], str]

    def stored(self) -> StoredBytes:
        """What the row is to hold."""
        if self.address is not None:
            return StoredBytes(self.address, None, self.address)
        assert self.data is not None
        return StoredBytes(hashlib.sha256(self.data).hexdigest(), self.data, None)


def place(blobs: FolderBlobs, data: bytes) -> Placed:
    """Put bytes that are too large for a row into the blobs; nothing points to them yet."""
    again = partial(blobs.put, data)
    return Placed(data, None if fits_a_row(len(data)) else again(), again)


def place_written(blobs: FolderBlobs, size: int, write: Callable[[BinaryIO], None]) -> Placed:
    """As `place`, what `write` writes, about `size` bytes: where that is large it never is in memory as a whole."""
    if size <= min(IN_ROW_BYTES, WRITTEN_IN_ROW_BYTES):
        stream = io.BytesIO()
        write(stream)
        return place(blobs, stream.getvalue())
    again = partial(blobs.put_written, write)
    return Placed(None, again(), again)


def hold(blobs: FolderBlobs, placed: Sequence[Placed]) -> None:
    """Once the transaction is `pointing`: see that they are still there, as another job may have freed the same."""
    for each in placed:
        if each.address is not None and not blobs.touch(each.address):
            each.again()


def read_unchecked(blobs: FolderBlobs, data: bytes | None, address: str | None) -> bytes | None:
    """What lies in a row or at an address, whatever it is; None when it is gone."""
    if address is None:
        return data
    try:
        return blobs.get(address)
    except FileNotFoundError:
        return None


def read(blobs: FolderBlobs, stored: StoredBytes) -> bytes:
    """The bytes, wherever they lie, their SHA-256 checked."""
    data = read_unchecked(blobs, stored.bytes, stored.address)
    if data is None:
        raise Damaged(f"the bytes with SHA-256 {stored.sha256} are missing in the data folder's blobs")
    if hashlib.sha256(data).hexdigest() != stored.sha256:
        raise Damaged(f"stored bytes are damaged: their SHA-256 is no longer {stored.sha256}")
    return data


def free(blobs: FolderBlobs, database: Database, addresses: Sequence[str]) -> None:
    """Remove at once what large runs leave behind several times a minute, unless another row points to the same."""
    if not addresses:
        return
    try:
        blobs.remove(addresses, partial(references.referenced, database))
    except ServiceError as error:
        log.warning("the collector will have to free %d blob(s): %s", len(addresses), error.detail)
