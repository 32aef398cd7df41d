"""Writes rows into a `.npy` file block by block, with the columns' statistics and the content's SHA-256."""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import MAX_WHOLE_VALUES, SUM_TOLERANCE, Column, ColumnType, Role, Table
from service.definitions.how_read import HowRead
from service.errors import Invalid

HASHED = ("name", "role", "type", "categories", "class_or_value")
LONG_ROW = 1024  # values; NumPy takes shorter rows one by one, at a cost beyond that of their values
NEGATIVE_ZERO = np.iinfo(np.int64).min  # its bits as a whole number

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """A column to be written, whose statistics are not known yet."""

    name: str
    role: Role
    type: ColumnType
    categories: tuple[str, ...] | None = None
    class_or_value: str | None = None
    is_date: bool = False
    is_boolean: bool = False  # no part of the hash, which did not cover it when such arrays were numbers alone

    def to_hash(self) -> dict[str, Any]:
        """Return the fields that the hash of a dataset covers; later fields only if they are set."""
        later = {"is_date": True} if self.is_date else {}
        return {name: getattr(self, name) for name in HASHED} | later


class TableWriter:
    """Writer of rows: call `append` for blocks (k, columns) with NaN for missing values, then `finish`."""

    def __init__(self, path: Path, plans: Sequence[Plan], dtype: np.dtype[Any], scale: float) -> None:
        self.plans, self.dtype, self.scale = tuple(plans), dtype, scale
        self.units = np.array([scale if plan.role is Role.INPUT else 1.0 for plan in plans])
        self.rows = 0
        self.stream: BinaryIO = path.open("wb")
        self.beside = ThreadPoolExecutor(1, "store")
        self._header()
        self.bytes = hashlib.sha256()
        width = len(plans)
        self.count = np.zeros(width, dtype=np.int64)
        self.mean, self.squares = np.zeros(width), np.zeros(width)
        self.low, self.high = np.full(width, np.inf), np.full(width, -np.inf)
        targets = [i for i, plan in enumerate(plans) if plan.role is Role.TARGET and plan.type is ColumnType.NUMBER]
        self.whole: dict[int, set[float] | None] = {index: set() for index in targets}
        several = len(targets) > 1 and len(targets) == sum(plan.role is Role.TARGET for plan in plans)
        self.target_sums_are_one = True if several else None

    def __enter__(self) -> "TableWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.beside.shutdown()
        self.stream.close()

    def _header(self) -> None:
        # NumPy pads headers, so that one with the final number of rows can replace the first one
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(self.stream, {**header, "shape": (self.rows, len(self.plans))})

    def append(self, block: NDArray[Any]) -> None:
        """Write rows and include them in the statistics."""
        if not len(block):
            return
        data = np.ascontiguousarray(block, dtype=self.dtype)
        stored = self.beside.submit(self._store, data.reshape(-1).data)
        self.rows += len(data)
        values = data.astype(np.float64, copy=False)
        with np.errstate(over="ignore"):
            divided = values / self.units if self.scale < 1 else values
        if np.isinf(divided).any():
            raise Invalid(f"a number divided by the scale {self.scale:g} is beyond what a float64 holds")
        self._measure(values)
        if self.target_sums_are_one:
            targets = values[:, list(self.whole)]
            within = ((targets >= 0) & (targets <= 1)).all()
            self.target_sums_are_one = bool(within and (abs(targets.sum(axis=1) - 1) <= SUM_TOLERANCE).all())
        stored.result()

    def _store(self, data: memoryview) -> None:
        """Write and hash numbers, while others are measured: neither needs the interpreter."""
        self.stream.write(data)
        self.bytes.update(data)

    @np.errstate(over="ignore", invalid="ignore")  # squares of numbers beyond 1e154 are reported as null
    def _measure(self, values: NDArray[np.float64]) -> None:
        """Update count, mean and sum of squares of each column over its present values (Chan et al. 1979)."""
        low, high = _extreme(np.minimum, values), _extreme(np.maximum, values)
        if np.isnan(low).any():
            self._measure_present(values)
        else:
            mean = values.sum(axis=0) / len(values)
            squares = values - mean
            squares *= squares
            self._include(np.full(len(mean), len(values)), mean, squares.sum(axis=0), low, high)
        for index, seen in self.whole.items():
            if seen is not None:
                distinct = np.unique(values[:, index])
                seen.update(distinct[~np.isnan(distinct)].tolist())
                if len(seen) > MAX_WHOLE_VALUES or not all(value.is_integer() for value in seen):
                    self.whole[index] = None

    def _measure_present(self, values: NDArray[np.float64]) -> None:
        """Update the statistics from values of which some are missing."""
        present = ~np.isnan(values)
        count = _by_column(np.add, present)
        mean = np.where(present, values, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(present, values - mean, 0.0)
        squares *= squares
        low = _extreme(np.minimum, np.where(present, values, np.inf))
        high = _extreme(np.maximum, np.where(present, values, -np.inf))
        self._include(count, mean, squares.sum(axis=0), low, high)

    def _include(self, count: NDArray[np.int64], mean: Numbers, squares: Numbers, low: Numbers, high: Numbers) -> None:
        """Update the statistics by those of a block."""
        total = np.maximum(self.count + count, 1)
        shift = mean - self.mean
        self.squares += squares + shift**2 * self.count * count / total
        self.mean += shift * count / total
        self.count += count
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)

    def finish(self, read: HowRead | None = None, warnings: Sequence[str] = ()) -> Table:
        """Write the final header; return what the file holds, how it was read, and warnings for the client."""
        if self.rows == 0:
            raise Invalid("the dataset has no rows")
        self.stream.seek(0)
        self._header()
        size = self.stream.seek(0, 2)
        columns = tuple(self._column(index, plan) for index, plan in enumerate(self.plans))
        sha256 = self._sha256()
        sums = self.target_sums_are_one
        all_warnings = (*warnings, *(warning for plan in self.plans for warning in _alike(plan)))
        return Table(self.rows, columns, self.dtype.name, self.scale, sha256, size, read, all_warnings, sums)

    def _column(self, index: int, plan: Plan) -> Column:
        missing = int(self.rows - self.count[index])
        whole = self.whole.get(index)
        numbers: dict[str, Any] = {}
        if plan.type is ColumnType.NUMBER and self.count[index]:
            deviation = np.sqrt(self.squares[index] / self.count[index])
            numbers = {
                "minimum": float(self.low[index]),
                "maximum": float(self.high[index]),
                "mean": _or_none(self.mean[index]),
                "standard_deviation": _or_none(deviation),
                "whole_values": tuple(sorted(whole)) if whole and not missing else None,
            }
        return Column(**_fields(plan), missing=missing, **numbers)

    def _sha256(self) -> str:
        """Return the hash of plans and rows: the same rows with other roles or types are different content."""
        header = {"columns": [plan.to_hash() for plan in self.plans], "scale": self.scale, "dtype": self.dtype.name}
        whole = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
        whole.update(self.bytes.digest())
        return whole.hexdigest()


def _extreme(function: np.ufunc, values: Numbers) -> Numbers:
    """Return the least or the greatest number of each column, NaN for a column in which one is missing."""
    found = _by_column(function, values)
    if (values[:, found == 0].view(np.int64) == NEGATIVE_ZERO).any():  # which of two zeros is found is up to the order
        return np.asarray(function.reduce(values, axis=0))
    return found


def _by_column(function: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
    """Return the reduction of each column by a function for which the order does not matter, several rows at once."""
    width = values.shape[1]
    several = max(LONG_ROW // width, 1)
    whole = len(values) // several * several
    if whole == 0:
        return np.asarray(function.reduce(values, axis=0))
    long = function.reduce(values[:whole].reshape(-1, several * width), axis=0)
    return np.asarray(function.reduce(np.concatenate([long.reshape(several, width), values[whole:]]), axis=0))


def _alike(plan: Plan) -> tuple[str, ...]:
    """Return a warning about the first labels that differ in case only."""
    seen: dict[str, str] = {}
    for label in (plan.categories or ()) if plan.role is Role.TARGET else ():
        other = seen.setdefault(label.casefold(), label)
        if other != label:
            words = f"column `{plan.name}` has the labels `{other[:40]}` and `{label[:40]}`"
            return (f"{words}, which differ in case only and are two classes",)
    return ()


def _or_none(value: float) -> float | None:
    """Return a finite number, or None, as JSON has no infinities."""
    return float(value) if np.isfinite(value) else None


def _fields(plan: Plan) -> dict[str, Any]:
    """Return a plan's fields, as `Column` takes them."""
    return {name: getattr(plan, name) for name in (*HASHED, "is_date", "is_boolean")}
