"""Reads the stored result of a prediction: its layout, and its rows block by block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import Conflict
from service.models.outputs import OutputNames
from service.predictions.layout import KEPT, LABEL, VALUES, KeptColumn, Layout
from service.preprocessing.dates import date_of
from service.services import Services
from service.store.blobs.folder import sha256_of
from service.store.blobs.placement import read as read_bytes
from service.store.epoch_records import StoredBytes
from service.store.prediction_records import PredictionRecord
from service.store.predictions import parts, predictions
from service.store.records import Status

BLOCK_ROWS = 2048
EXACT = 2.0**53  # whole numbers below it are exactly a float64


@dataclass(frozen=True)
class Block:
    """Some rows of a result."""

    layout: Layout
    rows: NDArray[Any]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def values(self) -> NDArray[Any]:
        """What was predicted: probabilities, or values in the target's units (rows, values)."""
        found: NDArray[Any] = self.rows[VALUES]
        return found

    @property
    def classes(self) -> NDArray[Any]:
        """The index of each row's class (rows,); only where classes are predicted."""
        found: NDArray[Any] = self.rows[LABEL]
        return found

    @property
    def labels(self) -> list[str | int] | None:
        """The class of each row; None for values."""
        names = self.layout.outputs.labels
        return None if names is None else [names[index] for index in self.classes.tolist()]

    def kept(self, place: int) -> NDArray[Any]:
        """Return the stored numbers of a kept column (rows,)."""
        found: NDArray[Any] = self.rows[KEPT][:, place]
        return found

    def cells(self, place: int) -> list[Any]:
        """Return a kept column as it was sent: texts, dates, booleans and numbers; None where a value is missing."""
        return cells_of(self.layout.kept[place], self.kept(place))


def cells_of(column: KeptColumn, stored: NDArray[Any]) -> list[Any]:
    """Return stored numbers of a column as the values that were sent."""
    if column.categories is not None:
        texts = column.categories
        return [None if code != code else texts[int(code)] for code in stored.tolist()]
    if column.is_date:
        return [None if day != day else date_of(day) for day in stored.tolist()]
    if column.is_boolean:
        return [None if value != value else bool(value) for value in stored.tolist()]
    if stored.dtype.kind != "f":
        return list(stored.tolist())
    return [_number(value) for value in stored.tolist()]


def _number(value: float) -> int | float | None:
    if value != value:
        return None
    return int(value) if value.is_integer() and abs(value) < EXACT else value


class Result:
    """The result of a prediction that has succeeded."""

    def __init__(self, services: Services, prediction: PredictionRecord, addresses: Sequence[str]) -> None:
        self.prediction = prediction
        self._services, self._addresses = services, tuple(addresses)

    @cached_property
    def layout(self) -> Layout:
        return Layout.from_bytes(self._read(self._addresses[0]))

    @property
    def outputs(self) -> OutputNames:
        return self.layout.outputs

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in the order of the dataset's."""
        dtype = self.layout.dtype
        for address in self._addresses[1:]:
            rows = np.frombuffer(self._read(address), dtype=dtype)
            for start in range(0, len(rows), BLOCK_ROWS):
                yield Block(self.layout, rows[start : start + BLOCK_ROWS])

    def _read(self, address: str) -> bytes:
        return read_bytes(self._services.blobs, StoredBytes(sha256_of(address), None, address))


def open_result(services: Services, prediction_id: str) -> Result:
    """Open a result; raise `Conflict` when there is none (yet)."""
    with services.database.read(snapshot=True) as connection:
        found = predictions.get_prediction(connection, prediction_id)
        if not found.status.ended:
            raise Conflict(f"prediction `{prediction_id}` is {found.status}; its result is there once it has succeeded")
        if found.status is not Status.SUCCEEDED:
            raise Conflict(f"prediction `{prediction_id}` has no result: it is {found.status}")
        return Result(services, found, parts.addresses_of(connection, found.number))
