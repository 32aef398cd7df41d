"""The verdict of a replay: whether it reproduces the hashes, figures, stored parameters and hash chain of a record."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain as chain_iterables
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.build import build_network
from service.errors import NotFound
from service.services import Services
from service.store.blobs.placement import read_unchecked
from service.store.database import Connection
from service.store.epoch_records import StoredBlock
from service.store.epochs import epochs, hash_chain, runs
from service.store.epochs.runs import RunRecord
from service.store.jobs import jobs
from service.store.records import JobRecord
from workers.run.recorder import Recorder
from workers.run.replay_figures import FigureComparison, compare_figures


@dataclass(frozen=True)
class Hashes:
    """The SHA-256 (epochs, 32) of the epochs from 0 on, and whether each epoch has one (epochs,)."""

    values: NDArray[np.uint8]
    present: NDArray[np.bool_]

    @classmethod
    def of(cls, found: Iterable[hash_chain.Block], through: int) -> "Hashes":
        values = np.zeros((through + 1, hash_chain.DIGEST), dtype=np.uint8)
        present = np.zeros(through + 1, dtype=np.bool_)
        for first, hashes in found:
            rows = np.frombuffer(hashes, dtype=np.uint8).reshape(-1, hash_chain.DIGEST)[: max(0, through + 1 - first)]
            values[first : first + len(rows)] = rows
            present[first : first + len(rows)] = True
        return cls(values, present)

    def at(self, epoch: int) -> str | None:
        return self.values[epoch].tobytes().hex() if self.present[epoch] else None

    def chain(self) -> str | None:
        """Return the hash chain over the epochs that have a hash."""
        return hash_chain.over(None, [(0, self.values[self.present].tobytes())])

    def first_unlike(self, other: "Hashes") -> int | None:
        """Return the first epoch whose hash differs or is missing on one side only; None when there is none."""
        unlike = (self.present != other.present) | (self.values != other.values).any(axis=1)
        return int(unlike.argmax()) if unlike.any() else None


@dataclass(frozen=True)
class Audit:
    """How many stored epochs of a record had their parameters hashed, and the first whose bytes have changed."""

    checked: int
    damaged: int | None


def also_stored(services: Services, job: JobRecord, check: Callable[[], None]) -> frozenset[int]:
    """Return the epochs that a replay always stores: the record's first one whose stored bytes have changed, if any."""
    if job.replay is None or job.replay_of is None:
        return frozenset()
    with services.database.read() as connection:
        record = jobs.get_job(connection, job.replay_of)
        recorded = Hashes.of(hash_chain.stored_blocks(connection, record.number), job.replay.through)
    damaged = _audit(services, record, recorded, check).damaged
    return frozenset() if damaged is None else frozenset({damaged})


def certify(services: Services, job: JobRecord, recorder: Recorder, check: Callable[[], None]) -> dict[str, Any]:
    """Return the replay's verdict, once its last epoch is computed and before its end is stored.

    It uses several short transactions. `check` is called between blocks of stored parameters, and may raise.
    """
    assert job.replay is not None and job.replay_of is not None
    through = job.replay.through
    with services.database.read() as connection:
        record = jobs.get_job(connection, job.replay_of)
        recorded = Hashes.of(hash_chain.stored_blocks(connection, record.number), through)
        replayed = _replayed_hashes(connection, job, recorder, through)
    audit = _audit(services, record, recorded, check)
    chain = {"recorded": job.replay.chain.recorded, "of_rows": recorded.chain(), "replayed": replayed.chain()}
    unlike = recorded.first_unlike(replayed)
    figures = _compare_figures(services, record, job, recorder)
    epoch = min((each for each in (unlike, audit.damaged) if each is not None), default=None)
    difference = None
    if figures.difference is not None and (epoch is None or figures.difference.epoch < epoch):
        found = figures.difference
        difference = {"epoch": found.epoch, "layer": None, "in": "losses", "values": found.values}
    elif epoch is not None:
        difference = _Difference(services, record, job, recorder, recorded, replayed, chain).at(epoch)
        if figures.difference is not None and figures.difference.epoch == epoch:
            difference["values"] = figures.difference.values
    elif chain["recorded"] not in (None, chain["of_rows"]):
        reason = "every epoch's hash is as it was replayed, and the chain that was stored with them is another one"
        difference = {"epoch": None, "layer": None, "in": "chain", "reason": reason}
    return {
        **job.replay.to_json(),
        "identical": difference is None,
        "first_difference": difference,
        "chain": chain,
        "checked": {
            "epochs": int(recorded.present.sum()),
            "losses": figures.epochs,
            "stored_parameters": audit.checked,
        },
    }


def _replayed_hashes(connection: Connection, job: JobRecord, recorder: Recorder, through: int) -> Hashes:
    def found() -> Iterator[hash_chain.Block]:
        yield from hash_chain.stored_blocks(connection, job.number)
        yield from recorder.buffer.hashes()

    return Hashes.of(found(), through)


def _compare_figures(services: Services, record: JobRecord, job: JobRecord, recorder: Recorder) -> FigureComparison:
    """Compare the figures of all epochs, including the newest ones of the replay, which are still buffered."""
    assert job.replay is not None
    with services.database.read() as connection:
        replayed = chain_iterables(_stored_runs(connection, job), recorder.buffer.runs)
        return compare_figures(_stored_runs(connection, record), replayed, job.replay.through)


def _stored_runs(connection: Connection, job: JobRecord) -> Iterator[RunRecord]:
    return (runs.unpacked(row) for row in epochs.rows_from(connection, job.number, 0, epochs.COLUMNS))


def _audit(services: Services, record: JobRecord, recorded: Hashes, check: Callable[[], None]) -> Audit:
    """Hash all stored parameters of the record, with one block in memory at a time."""
    checked, damaged, after = 0, set(), -1
    while (block := _next_block(services, record, after)) is not None:
        if checked:
            check()
        data = read_unchecked(services.blobs, block.bytes, block.address) or b""
        for index, epoch in enumerate(block.epochs):
            if epoch >= len(recorded.present):
                break  # a paused job may have been resumed since
            piece = data[index * block.size : (index + 1) * block.size]
            checked += 1
            if hashlib.sha256(piece).hexdigest() != recorded.at(epoch):
                damaged.add(epoch)
        after = block.epochs[0]
    return Audit(checked, min(damaged, default=None))


def _next_block(services: Services, record: JobRecord, after: int) -> StoredBlock | None:
    with services.database.read() as connection:
        return epochs.next_block(connection, record.number, after)


@dataclass(frozen=True)
class _Difference:
    """Describes an epoch at which the record and the replay differ."""

    services: Services
    record: JobRecord
    job: JobRecord
    recorder: Recorder
    recorded: Hashes
    replayed: Hashes
    chain: dict[str, str | None]

    def at(self, epoch: int) -> dict[str, Any]:
        stored, mine = self._stored(self.record, epoch), self._mine(epoch)
        hashes = {
            "recorded": self.recorded.at(epoch),
            "stored": None if stored is None else hashlib.sha256(stored).hexdigest(),
            "replayed": self.replayed.at(epoch),
        }
        described = {"epoch": epoch, "layer": None, "in": self._kind(hashes), "sha256": hashes}
        if stored is None or mine is None:
            where = "the record" if stored is None else "the replay"
            return {**described, "reason": f"{where} has no parameters of this epoch, so no layer can be named"}
        place = first_unlike(self.record, stored, mine)
        if place is None:
            return {**described, "reason": "the stored parameters are the replay's, and their recorded hash is not"}
        return {**described, **place}

    def _kind(self, hashes: dict[str, str | None]) -> str:
        """Return where the difference lies, as far as hashes show."""
        recorded, stored, replayed = (hashes[name] for name in ("recorded", "stored", "replayed"))
        if recorded is None or replayed is None:
            return "length"
        if recorded == replayed:
            return "stored_parameters"
        if stored == replayed:
            return "recorded_sha256"
        if self.chain["recorded"] != self.chain["replayed"]:
            return "computation"
        return "recorded_sha256" if stored is None else "stored_parameters and recorded_sha256"

    def _stored(self, job: JobRecord, epoch: int) -> bytes | None:
        """Return a job's parameters after an epoch as stored, unchecked; None where they are not stored."""
        with self.services.database.read() as connection:
            try:
                found = epochs.load_parameters(connection, job.number, epoch)
            except NotFound:
                return None
        return read_unchecked(self.services.blobs, found.bytes, found.address)

    def _mine(self, epoch: int) -> bytes | None:
        at_hand = self.recorder.bytes_of(epoch)
        return self._stored(self.job, epoch) if at_hand is None else at_hand


def first_unlike(record: JobRecord, stored: bytes, replayed: bytes) -> dict[str, Any] | None:
    """Return the first parameter, in the order they are stored, that differs in any bit; None when none does."""
    network = build_network(record.network, record.training.precision)
    at, size = 0, network.dtype.itemsize
    for placed in network.layers:
        for name, array in placed.values.items():
            ours, theirs = (_bits(data[at : at + array.nbytes], size) for data in (stored, replayed))
            at += array.nbytes
            if len(ours) != array.size or len(theirs) != array.size:
                return {"layer": placed.index, "parameter": name, "index": None}
            unlike = ours != theirs
            if unlike.any():
                index = np.unravel_index(int(unlike.argmax()), array.shape)
                return {"layer": placed.index, "parameter": name, "index": [int(step) for step in index]}
    return None if len(stored) == len(replayed) == at else {"layer": None, "parameter": None, "index": None}


def _bits(data: bytes, size: int) -> NDArray[Any]:
    """Return numbers as integers, so that -0.0 is not 0.0."""
    whole = len(data) // size * size
    return np.frombuffer(data[:whole], dtype=f"<u{size}")
