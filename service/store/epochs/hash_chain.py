"""The chain over a job's epochs: SHA-256 of the chain before and the epoch's own SHA-256, 32 bytes each.

Before the first epoch the chain is empty, so that the first is SHA-256 of that epoch's SHA-256. It covers every epoch's
parameters, stored or not, and grows by each flush in the flush's own transaction.
"""

import hashlib
from collections.abc import Iterable, Iterator
from heapq import merge
from struct import iter_unpack

from sqlalchemy import Connection, select

from service.store.epochs import runs as epoch_runs
from service.store.epochs.runs import RunRecord
from service.store.records import EpochRecord
from service.store.tables import epochs

DIGEST = hashlib.sha256().digest_size
TOGETHER = 5000  # rows

Block = tuple[int, bytes]  # an epoch, and the hashes of that one and those after it


def chained(chain: bytes, hashes: bytes) -> bytes:
    """The chain over more epochs, whose hashes follow each other."""
    sha256 = hashlib.sha256
    for (each,) in iter_unpack(f"{DIGEST}s", hashes):
        chain = sha256(chain + each).digest()
    return chain


def digest(text: str) -> bytes:
    """The bytes of a hash in hex; of what is none, zeros."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    return data if len(data) == DIGEST else bytes(DIGEST)


def over(chain: str | None, blocks: Iterable[Block]) -> str | None:
    """The chain in hex, grown by blocks that follow each other; None as long as there is no epoch."""
    grown = bytes.fromhex(chain or "")
    for _, hashes in blocks:
        grown = chained(grown, hashes)
    return grown.hex() or None


def blocks_of(records: Iterable[EpochRecord], runs: Iterable[RunRecord]) -> Iterator[Block]:
    """Hashes of epochs that are at hand, in order."""
    alone = ((record.epoch, digest(record.sha256)) for record in records)
    return merge(alone, ((run.first_epoch, run.sha256.tobytes()) for run in runs))


def stored_blocks(connection: Connection, job: int) -> Iterator[Block]:
    """Hashes of a job's epochs as its rows have them, in order, a few thousand at a time."""
    return merge(_alone(connection, job), _in_runs(connection, job))


def _alone(connection: Connection, job: int) -> Iterator[Block]:
    after = -1
    query = select(epochs.c.epoch, epochs.c.sha256).where(epochs.c.job == job).order_by(epochs.c.epoch)
    while rows := list(connection.execute(query.where(epochs.c.epoch > after).limit(TOGETHER))):
        yield from ((row.epoch, digest(row.sha256)) for row in rows)
        after = rows[-1].epoch


def _in_runs(connection: Connection, job: int) -> Iterator[Block]:
    after = -1
    while (run := epoch_runs.next_run(connection, job, after)) is not None:
        yield run.first_epoch, run.sha256.tobytes()
        after = run.last_epoch


def of_stored(connection: Connection, job: int) -> str | None:
    """The chain over a job's rows as they are."""
    return over(None, stored_blocks(connection, job))
