"""Trained networks that stay loaded between requests."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from service.backprop.network import Network
from service.preprocessing.fit import Preprocessing

MAX_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class TrainedNetwork:
    """A network ready to predict. `version` is None for an epoch of a job."""

    name: str
    version: int | None
    epoch: int
    network: Network
    preprocessing: Preprocessing


@dataclass(frozen=True)
class CacheKey:
    """The source of a trained network of a tenant, which never changes; `version` is None for an epoch of a job.

    A model that was deleted and trained anew starts at version 1 again, but from another job. An epoch of a job belongs
    to the job's `attempt`, None for a version: one that begins again on another machine computes the epoch anew.
    """

    tenant: int | None
    name: str | None
    version: int | None
    job_id: str
    epoch: int
    attempt: int | None = None


class ModelCache:
    """Trained networks by key; beyond `max_bytes` of parameters the least recently used ones are dropped.

    `one_large` is held during a computation that takes many times a large network's memory.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.one_large = threading.Lock()
        self._networks: OrderedDict[CacheKey, TrainedNetwork] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: CacheKey) -> TrainedNetwork | None:
        with self._lock:
            if key in self._networks:
                self._networks.move_to_end(key)
            return self._networks.get(key)

    def put(self, key: CacheKey, trained: TrainedNetwork) -> None:
        with self._lock:
            if key in self._networks:
                return
            self._networks[key] = trained
            self._bytes += trained.network.vector.nbytes
            while self._bytes > self.max_bytes and len(self._networks) > 1:
                _, dropped = self._networks.popitem(last=False)
                self._bytes -= dropped.network.vector.nbytes
