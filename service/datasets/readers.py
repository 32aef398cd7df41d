"""Which reader reads what. The CSV reader is imported when it is first needed: pyarrow takes a tenth of a second."""

from collections.abc import Callable
from pathlib import Path

from service.data.options import Limits, ReadOptions
from service.data.sniff import CSV, NPZ
from service.definitions.columns import Table

FileReader = Callable[[Path, ReadOptions, Limits, Path], Table]


def reader_of(media_type: str) -> FileReader:
    """The reader of a file of that type; `KeyError` for another."""
    return {CSV: _read_csv, NPZ: _read_npz}[media_type]


FILE_TYPES = (CSV, NPZ)


def _read_csv(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.data.table_csv import read_csv

    return read_csv(path, options, limits, destination)


def _read_npz(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.data.arrays_npz import read_npz

    return read_npz(path, options, limits, destination)
