"""Trained networks that stay in memory between requests, up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from service.backprop.network import Network
from service.backprop.prediction import Predictor
from service.models.directory import Directory
from service.models.memory import bytes_of
from service.preprocessing.fit import Preprocessing

MAX_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class TrainedNetwork:
    """A network ready to predict.

    `version` is None for an epoch of a job, and `epoch` for a version of parameters that a client sent.
    """

    name: str
    version: int | None
    epoch: int | None
    network: Network
    preprocessing: Preprocessing

    @cached_property
    def predictor(self) -> Predictor:
        """Computes outputs in buffers that stay with the network."""
        return Predictor(self.network)


class CacheKey(NamedTuple):  # which is hashed and compared several times faster than a dataclass, at each request
    """The source of a trained network of a tenant, which never changes; `version` is None for an epoch of a job.

    A model that was deleted and made anew starts at version 1 again, but that one was made at another time. An epoch of
    a job belongs to the job's `attempt`, None for a version: one that begins again on another machine computes the
    epoch anew.
    """

    tenant: int | None
    name: str | None
    version: int | None
    job_id: str | None
    epoch: int | None
    attempt: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Held:
    """A trained network in memory, and how many bytes it takes with everything that belongs to it."""

    trained: TrainedNetwork
    bytes: int


class ModelCache:
    """Trained networks by key. Beyond `max_bytes` those go first that were used least recently.

    The one used last stays even if it is larger by itself, as it would be read again for each request.

    Attributes
    ----------
    directory
        What names mean in this process; None where the database is asked for each.
    one_large
        Held during a computation that takes many times a large network's memory.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, directory: Directory | None = None) -> None:
        self.max_bytes, self.directory = max_bytes, directory
        self.one_large = threading.Lock()
        self._held: OrderedDict[CacheKey, Held] = OrderedDict()
        self._loading: dict[CacheKey, Future[TrainedNetwork]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """How many bytes the networks take that are held now."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._held)

    def get_or_load(self, key: CacheKey, load: Callable[[], TrainedNetwork]) -> TrainedNetwork:
        """Return the network of a key; the first that asks loads it, and others that ask meanwhile wait for that.

        No lock is held while it is loaded. An error of `load` is raised for all that waited, and is not remembered.
        """
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
                return held.trained
            loading = self._loading.get(key)
            if loading is None:
                mine = self._loading[key] = Future()
        if loading is not None:
            return loading.result()
        try:
            trained = load()
            self._hold(key, Held(trained, bytes_of(trained) + trained.predictor.most_bytes))
        except BaseException as error:
            self._forget_loading(key)
            mine.set_exception(error)
            raise
        self._forget_loading(key)
        mine.set_result(trained)
        return trained

    def drop(self, tenant: int | None, name: str) -> None:
        """Drop the versions of a tenant's model; one that is being loaded stays."""
        with self._lock:
            for key in [key for key in self._held if (key.tenant, key.name) == (tenant, name)]:
                self._bytes -= self._held.pop(key).bytes

    def _forget_loading(self, key: CacheKey) -> None:
        with self._lock:
            del self._loading[key]

    def _hold(self, key: CacheKey, held: Held) -> None:
        with self._lock:
            self._held[key] = held
            self._bytes += held.bytes
            while self._bytes > self.max_bytes and len(self._held) > 1:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= dropped.bytes
