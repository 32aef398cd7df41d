"""Writes a result as CSV, JSON Lines, Parquet or NPZ: each yields bytes, and holds some blocks of rows at most."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.datasets.columnar.parquet_writer import Kind, write_parquet
from service.datasets.drained import Drained
from service.models.outputs import harmless, unique
from service.predictions.layout import KeptColumn
from service.predictions.result import EXACT, Block, Result

DAY = 86_400_000_000  # microseconds
PREDICTIONS, LABELS = "predictions", "labels"  # of an NPZ, as an answer to predict has them


def write_csv(result: Result) -> Iterator[bytes]:
    """Write the kept columns, then what an answer to predict has: the label and each class's output, or the values."""
    kept = [column.name for column in result.layout.kept]
    yield _csv_lines([unique(map(harmless, [*kept, *result.outputs.columns()]))])
    for block in result.blocks():
        columns = [_csv_cells(block, place) for place in range(len(kept))]
        if block.labels is not None:
            columns.append([harmless(label) for label in block.labels])
        columns += block.values.T.tolist()
        yield _csv_lines(zip(*columns, strict=True))


def _csv_cells(block: Block, place: int) -> list[Any]:
    cells = block.cells(place)
    if block.layout.kept[place].is_boolean:
        return ["" if cell is None else str(cell).lower() for cell in cells]
    return ["" if cell is None else harmless(cell) for cell in cells]


def _csv_lines(rows: Any) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()


def write_jsonl(result: Result) -> Iterator[bytes]:
    """Write an object a line: the kept columns, then the object that predict answers with for a row."""
    kept = [column.name for column in result.layout.kept]
    names: list[str] | None = None
    for block in result.blocks():
        objects = result.outputs.objects(block.values, block.labels)
        names = names or unique([*kept, *objects[0]])
        cells = [block.cells(place) for place in range(len(kept))]
        rows = zip(*cells, (tuple(each.values()) for each in objects), strict=True)
        lines = (dict(zip(names, (*row[:-1], *row[-1]), strict=True)) for row in rows)
        yield b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def write_parquet_file(result: Result) -> Iterator[bytes]:
    """Write the columns of the CSV with types; dates are text as they were sent."""
    kept, outputs = result.layout.kept, result.outputs
    whole = _whole_columns(result, missing=True)
    kinds = [_kind(column, column.name in whole) for column in kept]
    if outputs.labels is not None:
        kinds.append(Kind.WHOLE if all(isinstance(label, int) for label in outputs.labels) else Kind.TEXT)
    is_single = np.dtype(result.layout.values_dtype).itemsize == 4
    kinds += [Kind.SINGLE if is_single else Kind.NUMBER] * result.layout.values
    names = unique([*(column.name for column in kept), *outputs.columns()])
    return write_parquet(dict(zip(names, kinds, strict=True)), map(_parquet_columns, result.blocks()))


def _kind(column: KeptColumn, is_whole: bool) -> Kind:
    if column.categories is not None or column.is_date:
        return Kind.TEXT
    return Kind.BOOLEAN if column.is_boolean else Kind.WHOLE if is_whole else Kind.NUMBER


def _parquet_columns(block: Block) -> list[Any]:
    columns: list[Any] = []
    for place, column in enumerate(block.layout.kept):
        cells = block.cells(place)
        columns.append([None if cell is None else str(cell) for cell in cells] if column.is_date else cells)
    if block.labels is not None:
        labels = block.layout.outputs.labels or ()
        are_whole = all(isinstance(label, int) for label in labels)
        columns.append(block.labels if are_whole else [str(label) for label in block.labels])
    return columns + [np.ascontiguousarray(values) for values in block.values.T]


def _whole_columns(result: Result, missing: bool) -> set[str]:
    """Return the kept columns of numbers that are whole in all rows, as ids are; with `missing` some may be missing."""
    kept = result.layout.kept
    places = {place for place, column in enumerate(kept) if column.categories is None and not column.is_date}
    for block in result.blocks() if places else ():
        places -= {place for place in places if not _are_whole(block.kept(place), missing)}
    return {kept[place].name for place in places}


def _are_whole(stored: NDArray[Any], missing: bool) -> bool:
    if stored.dtype.kind != "f":
        return True
    present = stored[~np.isnan(stored)] if missing else stored
    return bool(((np.abs(present) < EXACT) & (present == np.floor(present))).all())


def write_npz(result: Result) -> Iterator[bytes]:
    """Write `predictions` (n, values), `labels` (n,) of classes, and each kept column (n,) by its name.

    Missing texts are empty, dates are `datetime64` in microseconds.
    """
    kept, labels = result.layout.kept, result.outputs.labels
    whole = _whole_columns(result, missing=False)
    names = unique([PREDICTIONS, LABELS, *(column.name for column in kept)])
    arrays: list[tuple[str, Callable[[Block], NDArray[Any]]]] = [(names[0], lambda block: block.values)]
    if labels is not None:
        classes = np.array(labels)
        arrays.append((names[1], lambda block: classes[block.classes]))
    for place, column in enumerate(kept):
        arrays.append((names[place + 2], _npz_column(place, column, column.name in whole)))
    drained = Drained()
    with zipfile.ZipFile(drained, "w", zipfile.ZIP_STORED) as archive:
        for name, take in arrays:
            yield from _npz_member(archive, drained, name, take, result)
    yield drained.take()


def _npz_member(
    archive: zipfile.ZipFile, drained: Drained, name: str, take: Callable[[Block], NDArray[Any]], result: Result
) -> Iterator[bytes]:
    info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
    with archive.open(info, "w", force_zip64=True) as member:
        started = False
        for block in result.blocks():
            values = np.ascontiguousarray(take(block))
            if not started:
                header = {
                    "descr": np.lib.format.dtype_to_descr(values.dtype),
                    "fortran_order": False,
                    "shape": (result.prediction.rows, *values.shape[1:]),
                }
                np.lib.format.write_array_header_1_0(member, header)
                started = True
            member.write(values.tobytes())
            yield drained.take()


def _npz_column(place: int, column: KeptColumn, is_whole: bool) -> Callable[[Block], NDArray[Any]]:
    if column.categories is not None:
        texts = np.array([*column.categories, ""])  # the last one stands for missing
        return lambda block: texts[np.nan_to_num(block.kept(place), nan=-1).astype(np.intp)]
    if column.is_date:
        return lambda block: _moments(block.kept(place))
    if column.is_boolean:
        return lambda block: block.kept(place).astype(np.bool_)
    return lambda block: block.kept(place).astype(np.int64) if is_whole else block.kept(place)


def _moments(days: NDArray[Any]) -> NDArray[Any]:
    missing = np.isnan(days)
    moments = np.round(np.where(missing, 0.0, days) * DAY).astype(np.int64).astype("datetime64[us]")
    moments[missing] = np.datetime64("NaT")
    return moments


WRITERS: dict[str, Callable[[Result], Iterator[bytes]]] = {
    "csv": write_csv,
    "npz": write_npz,
    "parquet": write_parquet_file,
    "jsonl": write_jsonl,
}
