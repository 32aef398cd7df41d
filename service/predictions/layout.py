"""What the stored rows of a result hold: kept columns as the dataset has them, the class, and the network's outputs.

Rows have a fixed size, so that a result's bytes are known before anything is computed.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from service.backprop.network import PREDICT_ROWS
from service.definitions.columns import Column, ColumnType, Table
from service.models.cache import TrainedNetwork
from service.models.outputs import OutputNames

KEPT, LABEL, VALUES = "kept", "label", "values"  # fields of a stored row
PART_BYTES = 4 * 1024 * 1024
PART_WORK = 10_000_000_000  # multiplications of one part: about a second, which is what a kill costs


@dataclass(frozen=True)
class KeptColumn:
    """A column of the dataset that goes into the result; its stored numbers mean what they mean there."""

    name: str
    categories: tuple[str, ...] | None
    is_date: bool
    is_boolean: bool

    @classmethod
    def of(cls, column: Column) -> "KeptColumn":
        categories = (column.categories or ()) if column.type is ColumnType.CATEGORY else None
        return cls(column.name, categories, column.is_date, column.is_boolean)


@dataclass(frozen=True)
class Layout:
    """The columns of a result, and how its rows are cut into parts.

    Attributes
    ----------
    kept, kept_dtype
        The kept columns, and the NumPy type of the dataset's numbers.
    outputs, values, values_dtype
        What the values mean, how many a row has, and their NumPy type.
    rows_a_part
        A multiple of the rows that a network computes together: so each row is computed among the same rows, and to the
        same bits, whichever part an attempt begins with.
    """

    kept: tuple[KeptColumn, ...]
    kept_dtype: str
    outputs: OutputNames
    values: int
    values_dtype: str
    rows_a_part: int

    @classmethod
    def of(cls, trained: TrainedNetwork, table: Table, keep: Sequence[str]) -> "Layout":
        """Return the layout of the result of a network for a dataset."""
        columns = {column.name: column for column in table.columns}
        kept = tuple(KeptColumn.of(columns[name]) for name in keep)
        outputs = np.zeros((1, trained.preprocessing.outputs), dtype=trained.network.dtype)
        values = trained.preprocessing.restore(outputs)
        names = OutputNames.of(trained)
        row = _dtype(kept, table.dtype, names, values.shape[1], values.dtype.str)
        most = min(PART_BYTES // row.itemsize, PART_WORK // max(1, trained.network.parameters.size))
        rows = max(1, most // PREDICT_ROWS) * PREDICT_ROWS
        return cls(kept, table.dtype, names, values.shape[1], values.dtype.str, rows)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a stored row."""
        return _dtype(self.kept, self.kept_dtype, self.outputs, self.values, self.values_dtype)

    def to_bytes(self) -> bytes:
        """Return the layout as JSON, the same bytes for the same layout."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Layout":
        record = json.loads(data)
        kept = tuple(KeptColumn(**{**column, "categories": _tuple(column["categories"])}) for column in record["kept"])
        outputs = record["outputs"]
        names = OutputNames(**{**outputs, "targets": tuple(outputs["targets"]), "labels": _tuple(outputs["labels"])})
        return cls(**{**record, "kept": kept, "outputs": names})


def _dtype(
    kept: Sequence[KeptColumn], kept_dtype: str, outputs: OutputNames, values: int, values_dtype: str
) -> np.dtype[Any]:
    fields: list[Any] = [(KEPT, np.dtype(kept_dtype).newbyteorder("<"), (len(kept),))] if kept else []
    if outputs.labels is not None:
        fields.append((LABEL, "<i4"))
    return np.dtype([*fields, (VALUES, np.dtype(values_dtype).newbyteorder("<"), (values,))])


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)
