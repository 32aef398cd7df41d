"""The hash chain over a job's epochs.

The chain after an epoch is the SHA-256 of the chain before it (32 bytes) and of the SHA-256 of the epoch's parameters
(32 bytes); before the first epoch it is empty. It covers the parameters of every epoch, stored or not, and is updated
in the transaction of each flush.
"""

import hashlib
from collections.abc import Iterable, Iterator
from struct import iter_unpack

from sqlalchemy import Connection

from service.store.epochs.epochs import HASHES, rows_from

DIGEST = hashlib.sha256().digest_size

Block = tuple[int, bytes]  # an epoch, and the concatenated hashes from that epoch on


def chained(chain: bytes, hashes: bytes) -> bytes:
    """Return the chain extended by epochs, given their concatenated hashes."""
    sha256 = hashlib.sha256
    for (epoch_hash,) in iter_unpack(f"{DIGEST}s", hashes):
        chain = sha256(chain + epoch_hash).digest()
    return chain


def over(chain: str | None, blocks: Iterable[Block]) -> str | None:
    """Return the chain in hex, extended by consecutive blocks; None while there is no epoch."""
    grown = bytes.fromhex(chain or "")
    for _, hashes in blocks:
        grown = chained(grown, hashes)
    return grown.hex() or None


def stored_blocks(connection: Connection, job: int) -> Iterator[Block]:
    """Yield the stored hashes of a job's epochs in order, a few thousand at a time."""
    for row in rows_from(connection, job, 0, HASHES):
        yield row.first_epoch, bytes(row.sha256)


def of_stored(connection: Connection, job: int) -> str | None:
    """Return the chain computed over the stored hashes of a job's epochs."""
    return over(None, stored_blocks(connection, job))
