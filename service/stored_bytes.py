"""Byte strings that go into a row, or into the blobs when they are too large for one.

Writing: `place` before the transaction, as it is slow, and `hold` within it. Reading: `read` what the store returned.
`free` what rows pointed to and no longer do.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from service.blobs import FolderBlobs
from service.errors import Damaged, ServiceError
from service.parts import Parts
from service.store import references
from service.store.records import StoredBytes

# a value passes several times through the memory of driver and server: 400 MB took PostgreSQL 23 s and 3.3 GB
IN_ROW_BYTES = 8 * 1024 * 1024

log = logging.getLogger(__name__)


def fits_a_row(size: int) -> bool:
    return size <= IN_ROW_BYTES


def rows_together(size: int) -> int:
    """How many byte strings of this size may share a row; one that is too large stays alone."""
    return max(1, IN_ROW_BYTES // size)


@dataclass(frozen=True)
class Placed:
    """Bytes on their way into the database: `address` says where they lie when they are too large for a row."""

    data: bytes
    address: str | None

    def stored(self) -> StoredBytes:
        """What the row is to hold."""
        if self.address is not None:
            return StoredBytes(self.address, None, self.address)
        return StoredBytes(hashlib.sha256(self.data).hexdigest(), self.data, None)


def place(blobs: FolderBlobs, data: bytes) -> Placed:
    """Put bytes that are too large for a row into the blobs; nothing points to them yet."""
    return Placed(data, None if fits_a_row(len(data)) else blobs.put(data))


def hold(blobs: FolderBlobs, placed: Sequence[Placed]) -> None:
    """Once the transaction is `pointing`: see that they are still there, as another job may have freed the same."""
    for each in placed:
        if each.address is not None and not blobs.touch(each.address):
            blobs.put(each.data)


def read(blobs: FolderBlobs, stored: StoredBytes) -> bytes:
    """The bytes, wherever they lie, their SHA-256 checked."""
    data = stored.bytes
    if data is None:
        assert stored.address is not None
        try:
            data = blobs.get(stored.address)
        except FileNotFoundError:
            raise Damaged(f"the bytes with SHA-256 {stored.sha256} are missing in the data folder's blobs") from None
    if hashlib.sha256(data).hexdigest() != stored.sha256:
        raise Damaged(f"stored bytes are damaged: their SHA-256 is no longer {stored.sha256}")
    return data


def free(parts: Parts, addresses: Sequence[str]) -> None:
    """Remove at once what large runs leave behind several times a minute, unless another row points to the same."""
    if not addresses:
        return
    try:
        parts.blobs.remove(addresses, partial(references.kept, parts.database))
    except ServiceError as error:
        log.warning("the collector will have to free %d blob(s): %s", len(addresses), error.detail)
