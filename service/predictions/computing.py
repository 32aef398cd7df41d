"""Computes the rows of a result from the stored rows of a dataset, part by part."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.backprop.network import PREDICT_ROWS
from service.definitions.columns import Table
from service.errors import Fault, Invalid
from service.models.cache import TrainedNetwork
from service.predictions.inputs import Inputs
from service.predictions.layout import KEPT, LABEL, VALUES, Layout
from service.preprocessing.row_selection import Pages


@dataclass(frozen=True)
class Source:
    """A network, and the memory map of a dataset's rows with how its inputs are found in them."""

    trained: TrainedNetwork
    table: Table
    array: NDArray[Any]
    inputs: Inputs
    layout: Layout

    @cached_property
    def kept(self) -> NDArray[np.intp]:
        """The indices of the kept columns among the stored ones."""
        places = {column.name: index for index, column in enumerate(self.table.columns)}
        return np.array([places[column.name] for column in self.layout.kept], dtype=np.intp)

    @cached_property
    def pages(self) -> Pages:
        return Pages(self.array)

    @cached_property
    def classes(self) -> dict[str | int, int]:
        """The index of each class."""
        return {label: index for index, label in enumerate(self.layout.outputs.labels or ())}


def compute_part(source: Source, start: int, stop: int, check: Callable[[], None]) -> bytes:
    """Return the result's rows from `start` to `stop`; `check` is called before each block of them, and may raise.

    Blocks are those of a request with all rows of the dataset, so the numbers are what that would be answered with.

    Raises
    ------
    Invalid
        With the row in which a number is not finite.
    """
    part = np.empty(stop - start, dtype=source.layout.dtype)
    for first in range(start, stop, PREDICT_ROWS):
        check()
        last = min(first + PREDICT_ROWS, stop)
        _compute_block(source, first, np.array(source.array[first:last]), part[first - start : last - start])
        source.pages.read((last - first) * source.array.strides[0])
    return part.tobytes()


def _compute_block(source: Source, first: int, stored: NDArray[Any], block: NDArray[Any]) -> None:
    trained = source.trained
    X = np.empty((len(stored), trained.preprocessing.features), dtype=trained.network.dtype)
    source.inputs.transform(stored, trained.preprocessing, X)
    _check_finite(X, first, f"holds a number beyond a {X.dtype.name}, the network's precision")
    A = trained.network.predict(X)
    _check_finite(A, first, f"leads to a number beyond a {A.dtype.name}, the network's precision")
    if len(source.kept):
        block[KEPT] = stored[:, source.kept]
    labels = trained.preprocessing.label_of(A)
    if labels is not None:
        block[LABEL] = [source.classes[label] for label in labels]
    with np.errstate(all="ignore"):
        values = trained.preprocessing.restore(A)
    if values is not A:
        _check_finite(values, first, f"leads to a number beyond a {values.dtype.name}")
    block[VALUES] = values


def _check_finite(values: NDArray[Any], first: int, detail: str) -> None:
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise Invalid.from_faults([Fault(detail, row=first + int(finite.argmin()) + 1)])
