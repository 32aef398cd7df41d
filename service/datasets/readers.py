"""Readers by media type, each imported when first needed, as pyarrow takes a tenth of a second."""

from collections.abc import Callable
from pathlib import Path

from service.datasets.media_types import ARROW_FILE, ARROW_STREAM, CSV, JSONL, NDJSON, NPZ, PARQUET
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Table

FileReader = Callable[[Path, ReadOptions, Limits, Path], Table]


def reader_of(media_type: str) -> FileReader:
    """Return the reader of files of that type; `KeyError` for an unknown one."""
    return READERS[media_type]


def _read_csv(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.datasets.csv.reader import read_csv

    return read_csv(path, options, limits, destination)


def _read_parquet(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.datasets.columnar.reader import read_parquet

    return read_parquet(path, options, limits, destination)


def _read_arrow_stream(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.datasets.columnar.reader import read_arrow_stream

    return read_arrow_stream(path, options, limits, destination)


def _read_arrow_file(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.datasets.columnar.reader import read_arrow_file

    return read_arrow_file(path, options, limits, destination)


def _read_jsonl(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.datasets.jsonl import read_jsonl

    return read_jsonl(path, options, limits, destination)


def _read_npz(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.datasets.npz import read_npz

    return read_npz(path, options, limits, destination)


READERS: dict[str, FileReader] = {
    CSV: _read_csv,
    PARQUET: _read_parquet,
    ARROW_STREAM: _read_arrow_stream,
    ARROW_FILE: _read_arrow_file,
    JSONL: _read_jsonl,
    NDJSON: _read_jsonl,
    NPZ: _read_npz,
}
