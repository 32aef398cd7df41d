"""The chain over a job's epochs: SHA-256 of the chain before and the epoch's own SHA-256, 32 bytes each.

Before the first epoch the chain is empty, so that the first is SHA-256 of that epoch's SHA-256. It covers every epoch's
parameters, stored or not, and grows by each flush in the flush's own transaction.
"""

import hashlib
from collections.abc import Iterable, Iterator
from struct import iter_unpack

from sqlalchemy import Connection

from service.store.epochs.epochs import HASHES, rows_from

DIGEST = hashlib.sha256().digest_size

Block = tuple[int, bytes]  # an epoch, and the hashes of that one and those after it


def chained(chain: bytes, hashes: bytes) -> bytes:
    """The chain over more epochs, whose hashes follow each other."""
    sha256 = hashlib.sha256
    for (each,) in iter_unpack(f"{DIGEST}s", hashes):
        chain = sha256(chain + each).digest()
    return chain


def over(chain: str | None, blocks: Iterable[Block]) -> str | None:
    """The chain in hex, grown by blocks that follow each other; None as long as there is no epoch."""
    grown = bytes.fromhex(chain or "")
    for _, hashes in blocks:
        grown = chained(grown, hashes)
    return grown.hex() or None


def stored_blocks(connection: Connection, job: int) -> Iterator[Block]:
    """Yield the hashes of a job's epochs as its rows have them, in order, a few thousand at a time."""
    for row in rows_from(connection, job, 0, HASHES):
        yield row.first_epoch, bytes(row.sha256)


def of_stored(connection: Connection, job: int) -> str | None:
    """The chain over a job's rows as they are."""
    return over(None, stored_blocks(connection, job))
