"""The rows of an Arrow stream whose columns are known, such as a model's inputs, and predictions as such a stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
from numpy.typing import NDArray

from service.datasets.columnar.arrow_cells import days_of_times, decoded, floats_of, is_number, is_text, is_time
from service.datasets.columnar.reader import StreamSource, batches_of, damage
from service.datasets.columnar.typed_columns import FIRST_DAY, LAST_DAY
from service.datasets.options import Limits
from service.definitions.columns import ColumnKind
from service.errors import Fault, Invalid, TooLarge


@dataclass(frozen=True)
class ArrowRows:
    """The rows of an Arrow stream by column.

    Attributes
    ----------
    names
        All columns of the stream in their order.
    numbers
        The known columns of numbers and of dates (as days since 1970-01-01) that the stream has, NaN for null.
    texts
        The known columns of categories that the stream has, None for null.
    """

    names: tuple[str, ...]
    rows: int
    numbers: dict[str, NDArray[np.float64]]
    texts: dict[str, list[str | None]]


def read_rows(path: Path, kinds: Mapping[str, ColumnKind], limits: Limits) -> ArrowRows:
    """Read the Arrow stream at `path`; `kinds` are the known columns and what they are.

    Raises
    ------
    Invalid
        With the columns whose types do not go with what they are, or row and column of an infinite number.
    """
    with damage(StreamSource.word):
        source = StreamSource(path, limits.max_bytes)
        names = tuple(source.schema.names)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid.from_faults([Fault("comes twice", column=twice)])
    known = [name for name in kinds if name in set(names)]
    if faults := [fault for name in known if (fault := _fault(source.schema.field(name), kinds[name]))]:
        raise Invalid.from_faults(faults)
    rows, parts = 0, {name: list[Any]() for name in known}
    for _, batch in batches_of(source, known or list(names[:1])):
        rows += batch.num_rows
        if rows * max(1, len(known)) > limits.max_bytes // 8:
            raise TooLarge(f"the {source.word} has more rows than are taken")
        for name in known:
            parts[name].append(batch.column(name))
    if not rows:
        raise Invalid(f"the {source.word} has no rows")
    texts = {name: _texts(parts[name]) for name in known if kinds[name] is ColumnKind.CATEGORY}
    numbers = {name: _numbers(name, parts[name], kinds[name]) for name in known if name not in texts}
    return ArrowRows(names, rows, numbers, texts)


def _fault(field: "pa.Field[Any]", kind: ColumnKind) -> Fault | None:
    """Return what is wrong with the type of a column, if anything is."""
    held = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if kind is ColumnKind.CATEGORY:
        if is_text(held) or pa.types.is_boolean(held) or is_number(held):
            return None
        return Fault(f"has Arrow's type {held}, and the model was trained on text there", column=field.name)
    if kind is ColumnKind.DATE and is_time(held):
        return None
    if is_number(held) and not pa.types.is_dictionary(field.type):
        return None
    wanted = "dates, or numbers of days since 1970-01-01" if kind is ColumnKind.DATE else "numbers"
    return Fault(f"has Arrow's type {held}, and the model was trained on {wanted} there", column=field.name)


def _texts(parts: Sequence[Any]) -> list[str | None]:
    return [text for part in parts for text in decoded(part).to_pylist()]


def _numbers(name: str, parts: Sequence[Any], kind: ColumnKind) -> NDArray[np.float64]:
    values = np.concatenate([days_of_times(part) if is_time(part.type) else floats_of(part) for part in parts])
    wrong, detail = np.isinf(values), "must be a finite number"
    if kind is ColumnKind.DATE:
        wrong |= (values < FIRST_DAY) | (values >= LAST_DAY + 1)
        detail = "must be a date in the years 1 to 9999"
    if wrong.any():
        raise Invalid.from_faults([Fault(detail, row=int(wrong.argmax()) + 1, column=name)])
    return values


def stream_of(columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> bytes:
    """Return columns of the same length as an Arrow stream of one batch."""
    batch = pa.record_batch({name: pa.array(values) for name, values in columns.items()})
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data
