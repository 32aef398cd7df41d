"""Predictions as files: CSV, NPZ, an Arrow stream, or the bytes of raw float32 numbers."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.columnar.rows import stream_of
from service.models import raw_numbers
from service.models.cache import TrainedNetwork
from service.models.outputs import OutputNames, harmless, unique

Labels = Sequence[str | int] | None


def as_csv(trained: TrainedNetwork, values: NDArray[Any], labels: Labels) -> bytes:
    """Write one row for each prediction: the label and each class's output, or each target's value.

    A class that is called like the target, or like another one once it is quoted, gets a number behind its name.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(unique(map(harmless, OutputNames.of(trained).columns())))
    for index, row in enumerate(values.tolist()):
        writer.writerow(row if labels is None else [harmless(labels[index]), *row])
    return stream.getvalue().encode()


def as_npz(trained: TrainedNetwork, values: NDArray[Any], labels: Labels) -> bytes:
    """Write the outputs as an array, and the labels of classes as another one."""
    stream = io.BytesIO()
    arrays: dict[str, NDArray[Any]] = {"predictions": values}
    if labels is not None:
        arrays["labels"] = np.array(labels)
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def as_arrow(trained: TrainedNetwork, values: NDArray[Any], labels: Labels) -> bytes:
    """Write the columns that CSV has, with their types, as an Arrow stream."""
    columns: list[Any] = [] if labels is None else [list(labels)]
    columns += list(np.ascontiguousarray(values.T))
    return stream_of(dict(zip(unique(OutputNames.of(trained).columns()), columns, strict=True)))


def as_raw(_: TrainedNetwork, values: NDArray[Any], labels: Labels) -> bytes:
    """Write the outputs row by row, without names."""
    return raw_numbers.bytes_of_values(values)


WRITERS = {"csv": as_csv, "npz": as_npz, "arrow": as_arrow, "raw": as_raw}
