"""Limits on requests and predictions a second, by the generic cell rate algorithm (ITU-T I.371), without the database.

Each rate of each tenant is one number, the moment until which it has been used, in a file that all API processes of
this host map into memory: so a limit is one for all of them, and survives their restarts. `time.monotonic` is one clock
for all processes of a host. After a restart of the host, moments that lie too far ahead are taken for unused.
"""

import fcntl
import math
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

SLOTS = 1 << 16  # tenants whose numbers differ by a multiple of it share their rates
MOMENT = struct.Struct("<d")


class Kind(IntEnum):
    """What is limited."""

    REQUESTS = 0
    PREDICTIONS = 1

    @property
    def word(self) -> str:
        return self.name.lower()


TENANT_BYTES = len(Kind) * MOMENT.size


class Taken(NamedTuple):  # which is made several times faster than a dataclass, at each request
    """The outcome: whether it is within the limit, what is left of the quota, and the seconds until all of it is back.

    `retry_after` is in how many seconds one more is within the limit, 0 if it is now.
    """

    kind: Kind
    quota: int
    window: int
    is_allowed: bool
    left: int
    back_in: float
    retry_after: float


@lru_cache(maxsize=1024)
def quota_of(rate: float) -> tuple[int, int]:
    """Return a quota and its window of whole seconds which are that rate: 0.5 a second is 1 in 2 s."""
    window = 1 if rate >= 1 else math.ceil(1 / rate)
    return max(1, round(rate * window)), window


def take(used_until: float, now: float, rate: float, count: int) -> tuple[float, bool]:
    """Return until when the rate is used once `count` more are taken, and whether they are within the limit.

    Within a window's quota they may come at once. Several at once are taken if one is within the limit, and those
    after them wait the longer. A count of 0 asks whether one more would be.
    """
    quota, _ = quota_of(rate)
    burst = quota / rate
    begin = now if used_until < now or used_until > now + max(burst, 3600.0) * 2 else used_until
    if begin + 1 / rate > now + burst + 1e-9:
        return begin, False
    return begin + count / rate, True


def _taken(kind: Kind, rate: float, is_allowed: bool, ahead: float) -> Taken:
    quota, window = quota_of(rate)
    used = max(0.0, ahead)
    left = max(0, math.floor(quota - used * rate + 1e-6))
    return Taken(kind, quota, window, is_allowed, left, used, max(0.0, used + 1 / rate - quota / rate))


class Rates:
    """The rates of all tenants, shared by the processes of a host; the file is opened at the first use."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = folder / "rates", clock
        self._turn = threading.Lock()
        self._file: int | None = None
        self._map: mmap.mmap | None = None

    def take(self, tenant: int, kind: Kind, rate: float, count: int = 1) -> Taken:
        """Take requests or predictions of a tenant from its rate; a count of 0 asks whether one more would be taken."""
        return self.take_all(tenant, ((kind, rate, count),))[0]

    def take_all(self, tenant: int, wanted: Iterable[tuple[Kind, float, int]]) -> list[Taken]:
        """Take from several rates of a tenant, each given with its count, under one lock; end with one that refuses."""
        at, found = self._place(tenant), list[Taken]()
        with self._turn:
            memory, file = self._opened()
            fcntl.lockf(file, fcntl.LOCK_EX, TENANT_BYTES, at)
            try:
                now = self._clock()
                for kind, rate, count in wanted:
                    place = at + kind * MOMENT.size
                    (before,) = MOMENT.unpack_from(memory, place)
                    until, is_allowed = take(before, now, rate, count)
                    MOMENT.pack_into(memory, place, until)
                    found.append(_taken(kind, rate, is_allowed, until - now))
                    if not is_allowed:
                        break
            finally:
                fcntl.lockf(file, fcntl.LOCK_UN, TENANT_BYTES, at)
        return found

    def allows(self, tenant: int, kind: Kind, rate: float) -> bool:
        """Return whether one more seems to be within a rate. Others may take from it until it is taken."""
        if self._map is None:
            with self._turn:
                self._opened()
        assert self._map is not None
        (before,) = MOMENT.unpack_from(self._map, self._place(tenant) + kind * MOMENT.size)
        return take(before, self._clock(), rate, 0)[1]

    @staticmethod
    def _place(tenant: int) -> int:
        return tenant % SLOTS * TENANT_BYTES

    def _opened(self) -> tuple[mmap.mmap, int]:
        if self._map is None or self._file is None:
            size = SLOTS * TENANT_BYTES
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            if os.fstat(self._file).st_size < size:
                os.ftruncate(self._file, size)  # sparse: it takes a few blocks of the disk
            self._map = mmap.mmap(self._file, size)
        return self._map, self._file
