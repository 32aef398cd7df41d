"""The shapes of stored jobs, read once in each process: neither jobs nor datasets change what they are made of."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.definitions.columns import Table
from service.definitions.job_columns import JobColumns, view
from service.estimates.shapes import Data, Machine, Shape, data_of
from service.store import outlook
from service.store.database import Connection
from service.store.outlook import Definition

MOST_SHAPES, MOST_DATA = 2_000, 500  # held, of a few hundred bytes each
MOST_READ = 32  # jobs that one estimate reads; the next one reads further ones
MOST_TABLES = 8  # datasets that one estimate reads

HELD_OUT = ("validation", "test")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class DataKey:
    """A dataset's hash, and the columns that a job chose of it."""

    sha256: str
    columns: JobColumns | None = None

    def __hash__(self) -> int:
        return hash(self.sha256)


class Newest(Generic[K, V]):
    """A mapping of at most `most` values, which forgets the least recently used one. Threads may share it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._turn = threading.Lock()

    def get(self, key: K) -> V | None:
        """Return a value, which counts as used now; None where there is none."""
        with self._turn:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Hold a value, in place of the one that was not used for longest if there are too many."""
        with self._turn:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self.most:
                self._values.popitem(last=False)


class KnownShapes:
    """The shapes of stored jobs by their number, and the data of datasets by their hash."""

    def __init__(self) -> None:
        self._shapes: Newest[tuple[int, Machine], Shape] = Newest(MOST_SHAPES)
        self._data: Newest[DataKey, Data] = Newest(MOST_DATA)

    def of(self, connection: Connection, numbers: Sequence[int], machine: Machine) -> dict[int, Shape]:
        """Return the shapes of jobs, as far as they are known or among the first few that are not."""
        missing = [number for number in numbers if self._shapes.get((number, machine)) is None][:MOST_READ]
        if missing:
            self._read(connection, outlook.definitions(connection, missing), machine)
        found = ((number, self._shapes.get((number, machine))) for number in numbers)
        return {number: shape for number, shape in found if shape is not None}

    def rows(self, connection: Connection, hashes: Mapping[str, str]) -> dict[str, int]:
        """Return how many rows datasets have, by the keys of `hashes`."""
        unread = [sha256 for sha256 in hashes.values() if self._data.get(DataKey(sha256)) is None]
        for sha256, table in outlook.contents(connection, unread).items():
            self._data.put(DataKey(sha256), data_of(table))
        found = ((part, self._data.get(DataKey(sha256))) for part, sha256 in hashes.items())
        return {part: data.rows for part, data in found if data is not None}

    def _read(self, connection: Connection, definitions: Sequence[Definition], machine: Machine) -> None:
        keys = [key for each in definitions for key in _keys(each) if key is not None]
        unread = dict.fromkeys(key.sha256 for key in keys if self._data.get(key) is None)
        tables = outlook.contents(connection, list(unread)[:MOST_TABLES])
        for each in definitions:
            trains, *others = (None if key is None else self._data_of(key, tables) for key in _keys(each))
            if trains is not None:
                rows = {part: data.rows for part, data in zip(HELD_OUT, others, strict=True) if data is not None}
                shape = Shape.of(each.network, each.training, trains, rows, machine)
                self._shapes.put((each.number, machine), shape)

    def _data_of(self, key: DataKey, tables: dict[str, Table]) -> Data | None:
        """Return the data of a dataset; None where its columns are not read now."""
        known = self._data.get(key)
        if known is None and (table := tables.get(key.sha256)) is not None:
            known = data_of(table if key.columns is None else view(table, key.columns))
            self._data.put(key, known)
        return known


def _keys(each: Definition) -> tuple[DataKey, DataKey | None, DataKey | None]:
    """Return the keys of the datasets that train, validate and test; of the last two the rows alone matter."""
    trains, *others = each.hashes
    validates, tests = (None if sha256 is None else DataKey(sha256) for sha256 in others)
    return DataKey(trains, each.columns), validates, tests
