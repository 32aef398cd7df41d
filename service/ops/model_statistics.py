"""Counts predictions by version of a model, in memory that the API's processes of one address share.

Each process writes to a file of its own, in the folder and at the place where it counts requests
(`service.ops.request_metrics`), and whoever is asked adds the files up; so a process that is started again counts on.
Without a folder a process counts alone. Counts begin anew when the API is started.
"""

import mmap
import os
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

MOST_VERSIONS = 1 << 16  # that are counted; the memory is taken as it is used
HEAD = struct.Struct("=q")  # how many records there are
KEY = struct.Struct("=64sqq")  # a model's name, its tenant and a version
FIGURES = struct.Struct("=9q")
LAST, ROWS, REQUESTS, NANOSECONDS, FAILURES, FAILED, PARSE, PREDICT, ENCODE = range(9)  # the places of the figures
NUMBER_BYTES = 8  # of each figure; the parts of a record begin at multiples of it
RECORD_BYTES = KEY.size + FIGURES.size
FILE_BYTES = HEAD.size + MOST_VERSIONS * RECORD_BYTES
ENDING = ".models"


class Counted(NamedTuple):
    """A version of a tenant's model."""

    tenant: int
    name: str
    version: int


@dataclass(frozen=True)
class Figures:
    """What was counted of one version: requests and rows, and the nanoseconds that each part took in all."""

    last_milliseconds: int = 0
    rows: int = 0
    requests: int = 0
    nanoseconds: int = 0
    failures: int = 0
    failed_nanoseconds: int = 0
    parse_nanoseconds: int = 0
    predict_nanoseconds: int = 0
    encode_nanoseconds: int = 0

    @property
    def all(self) -> tuple[int, ...]:
        return (
            self.last_milliseconds,
            self.rows,
            self.requests,
            self.nanoseconds,
            self.failures,
            self.failed_nanoseconds,
            self.parse_nanoseconds,
            self.predict_nanoseconds,
            self.encode_nanoseconds,
        )

    def with_others(self, others: tuple[int, ...]) -> "Figures":
        """Return the sums with the figures of another process; of the last moments the later one."""
        return Figures(max(self.last_milliseconds, others[0]), *map(sum, zip(self.all[1:], others[1:], strict=True)))


class ModelStatistics:
    """The counts of this process, and the sums with those of the processes that it shares a folder with."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._folder: Path | None = None
        self._use(mmap.mmap(-1, FILE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))

    def _use(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._numbers = memoryview(memory).cast("q")  # the same bytes, of which one is changed in a tenth of the time
        self._places = {key: offset // NUMBER_BYTES for key, offset in _records(memory)}

    def share(self, folder: Path, place: int) -> None:
        """Count in a folder from now on; `place` is this process's own there. What was counted before is dropped."""
        file = os.open(folder / f"{place}{ENDING}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(file).st_size < FILE_BYTES:
                os.ftruncate(file, FILE_BYTES)
            memory = mmap.mmap(file, FILE_BYTES)
        finally:
            os.close(file)
        with self._turn:
            self._folder = folder
            self._use(memory)

    def count(self, key: Counted, rows: int, parse: int, predict: int, encode: int) -> None:
        """Count a request that was answered: its rows, and the nanoseconds of its parts."""
        now = time.time_ns() // 1_000_000
        with self._turn:
            at = self._place(key)
            if at is None:
                return
            numbers = self._numbers
            numbers[at + LAST] = max(numbers[at + LAST], now)
            numbers[at + ROWS] += rows
            numbers[at + REQUESTS] += 1
            numbers[at + NANOSECONDS] += parse + predict + encode
            numbers[at + PARSE] += parse
            numbers[at + PREDICT] += predict
            numbers[at + ENCODE] += encode

    def count_failure(self, key: Counted, nanoseconds: int) -> None:
        """Count a request to a version that was refused."""
        with self._turn:
            at = self._place(key)
            if at is not None:
                self._numbers[at + FAILURES] += 1
                self._numbers[at + FAILED] += nanoseconds

    def _place(self, key: Counted) -> int | None:
        """Return where the figures of a version begin; None when it is not counted yet and there are too many."""
        place = self._places.get(key)
        return self._new(key) if place is None else place

    def _new(self, key: Counted) -> int | None:
        number = len(self._places)
        if number >= MOST_VERSIONS:
            return None
        at = HEAD.size + number * RECORD_BYTES
        KEY.pack_into(self._memory, at, key.name.encode(), key.tenant, key.version)
        HEAD.pack_into(self._memory, 0, number + 1)  # who reads meanwhile sees the record once it is whole
        self._places[key] = (at + KEY.size) // NUMBER_BYTES
        return self._places[key]

    def of_tenant(self, tenant: int) -> dict[Counted, Figures]:
        """Return the figures of a tenant's versions; of one that is not there nothing was counted."""
        sums: defaultdict[Counted, Figures] = defaultdict(Figures)
        for memory in self._all():
            for key, offset in _records(memory):
                if key.tenant == tenant:
                    sums[key] = sums[key].with_others(FIGURES.unpack_from(memory, offset))
        return dict(sums)

    def _all(self) -> Iterator[bytes | mmap.mmap]:
        if self._folder is None:
            yield self._memory
            return
        for path in sorted(self._folder.glob(f"*{ENDING}")):
            with path.open("rb") as file:
                head = file.read(HEAD.size)
                number = HEAD.unpack(head)[0] if len(head) == HEAD.size else 0
                yield head + file.read(number * RECORD_BYTES)


def _records(memory: bytes | mmap.mmap) -> Iterator[tuple[Counted, int]]:
    """Yield the versions in a file, each with where its figures are."""
    number = HEAD.unpack_from(memory, 0)[0] if len(memory) >= HEAD.size else 0
    for at in range(HEAD.size, HEAD.size + number * RECORD_BYTES, RECORD_BYTES):
        name, tenant, version = KEY.unpack_from(memory, at)
        yield Counted(tenant, name.rstrip(b"\0").decode(), version), at + KEY.size
