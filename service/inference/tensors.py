"""Tensors of requests: their elements from JSON or from the bytes that follow it, with bounds on everything."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.guessing import guess, show
from service.errors import Malformed
from service.inference.datatypes import BOOL, DATATYPES, Datatype

MOST_DIMENSIONS = 16
MOST_ELEMENTS = 2**40  # of a shape: far more than a body can hold, so that no product of dimensions grows large
LENGTH = struct.Struct("<I")  # of an element of BYTES, before its bytes


@dataclass(frozen=True)
class Tensor:
    """A tensor of a request. `values` are its elements in row-major order: numbers, or texts; None where missing."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    values: NDArray[Any] | list[str | None]

    @property
    def rows(self) -> int:
        return self.shape[0] if self.shape else 1

    @property
    def is_text(self) -> bool:
        return self.datatype.is_text


def read_datatype(text: object, where: str) -> Datatype:
    """Return the datatype of a name, in capitals or not."""
    if not isinstance(text, str):
        raise Malformed(f"{where}: `datatype` must be one of {', '.join(DATATYPES)}, got {show(text)}")
    found = DATATYPES.get(text.upper())
    if found is None:
        raise Malformed(f"{where}: there is no datatype {show(text)}{guess(text, list(DATATYPES))}")
    return found


def read_shape(value: object, where: str) -> tuple[int, ...]:
    """Return a shape: a list of whole numbers of at least 0."""
    if not isinstance(value, list) or any(type(size) is not int or size < 0 for size in value):
        raise Malformed(f"{where}: `shape` must be a list of whole numbers of at least 0, got {show(value)}")
    if len(value) > MOST_DIMENSIONS:
        raise Malformed(f"{where}: `shape` has {len(value):,} dimensions; at most {MOST_DIMENSIONS} are taken")
    elements_of(value, where)
    return tuple(value)


def elements_of(shape: Sequence[int], where: str) -> int:
    """Return how many elements a shape has; raise `Malformed` for more than any body holds."""
    count = 1
    for size in shape:
        count *= size
        if count > MOST_ELEMENTS:
            raise Malformed(f"{where}: the shape {list(shape)} has more than {MOST_ELEMENTS:,} elements")
    return count


def from_bytes(name: str, datatype: Datatype, shape: tuple[int, ...], data: memoryview, where: str) -> Tensor:
    """Return a tensor of little-endian bytes."""
    count = elements_of(shape, where)
    if datatype.is_text:
        return Tensor(name, datatype, shape, _texts(data, count, where))
    if len(data) != count * datatype.size:
        detail = f"{list(shape)} of {datatype.name} has {count * datatype.size:,} bytes, got {len(data):,}"
        raise Malformed(f"{where}: the shape {detail}")
    return Tensor(name, datatype, shape, datatype.numbers(data))


def _texts(data: memoryview, count: int, where: str) -> list[str | None]:
    """Return texts that each come after their length."""
    if len(data) < count * LENGTH.size:  # before anything is allocated for them
        raise Malformed(f"{where}: {count:,} elements of BYTES have at least {count * LENGTH.size:,} bytes")
    texts: list[str | None] = []
    at, end = 0, len(data)
    for index in range(count):
        if at + LENGTH.size > end:
            raise Malformed(f"{where}: the bytes end before element {index:,} of {count:,}")
        (size,) = LENGTH.unpack_from(data, at)
        at += LENGTH.size
        if size > end - at:
            raise Malformed(f"{where}: element {index:,} has {size:,} bytes, and {end - at:,} are left")
        try:
            texts.append(str(data[at : at + size], "utf-8"))
        except UnicodeDecodeError:
            raise Malformed(f"{where}: element {index:,} is not UTF-8, which texts are sent as") from None
        at += size
    if at != end:
        raise Malformed(f"{where}: {end - at:,} bytes are left behind its {count:,} elements")
    return texts


def from_json(name: str, datatype: Datatype, shape: tuple[int, ...], data: object, where: str) -> Tensor:
    """Return a tensor of the elements in a list of JSON, flat or nested; null is a missing value."""
    flat = _flattened(data, where)
    count = elements_of(shape, where)
    if len(flat) != count:
        raise Malformed(f"{where}: the shape {list(shape)} has {count:,} elements, and `data` {len(flat):,}")
    if datatype.is_text:
        wrong = next((each for each in flat if each is not None and type(each) is not str), None)
        if wrong is not None:
            raise Malformed(f"{where}: elements of BYTES are texts, got {show(wrong)}; send it in quotes")
        return Tensor(name, datatype, shape, flat)
    return Tensor(name, datatype, shape, _numbers(flat, datatype, where))


def _flattened(data: object, where: str) -> list[Any]:
    """Return the elements of nested lists of the same depth."""
    if not isinstance(data, list):
        raise Malformed(f"{where}: `data` must be a list, flat or nested as the shape is, got {show(data)}")
    for _ in range(MOST_DIMENSIONS):
        kinds = set(map(type, data))
        if list not in kinds:
            return data
        if len(kinds) > 1:
            raise Malformed(f"{where}: `data` has lists beside other values")
        data = list(chain.from_iterable(data))
    raise Malformed(f"{where}: `data` is nested more than {MOST_DIMENSIONS} deep")


def _numbers(flat: list[Any], datatype: Datatype, where: str) -> NDArray[Any]:
    kinds = set(map(type, flat))
    allowed = {bool, int, float, type(None)} if datatype is BOOL else {int, float, type(None)}
    if not kinds <= allowed:
        wrong = next(each for each in flat if type(each) not in allowed)
        what = "text needs the datatype BYTES" if isinstance(wrong, str) else f"which is no {datatype.name}"
        raise Malformed(f"{where}: `data` holds {show(wrong)}, {what}")
    try:
        values = np.array(flat, dtype=np.float64)
    except OverflowError:
        raise Malformed(f"{where}: `data` holds a whole number beyond a float64") from None
    limits = (0, 1) if datatype is BOOL else datatype.whole_range
    if limits is not None:
        _check_whole(values, limits, datatype, where)
    return values.astype(np.bool_) if datatype is BOOL and not np.isnan(values).any() else values


def _check_whole(values: NDArray[np.float64], limits: tuple[int, int], datatype: Datatype, where: str) -> None:
    """Raise `Malformed` for a number that a datatype of whole numbers, or BOOL, does not hold; NaN is missing."""
    low, high = limits
    wrong = (values != np.floor(values)) | (values < low) | (values > high)
    wrong &= ~np.isnan(values)
    if wrong.any():
        raise Malformed(f"{where}: {values[wrong.argmax()]:.15g} is no {datatype.name}; send FP64 for other numbers")
