"""Readers by media type. The CSV reader is imported when first needed, as pyarrow takes a tenth of a second."""

from collections.abc import Callable
from pathlib import Path

from service.datasets.media_types import CSV, NPZ
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Table

FileReader = Callable[[Path, ReadOptions, Limits, Path], Table]


def reader_of(media_type: str) -> FileReader:
    """Return the reader of files of that type; `KeyError` for an unknown one."""
    return {CSV: _read_csv, NPZ: _read_npz}[media_type]


FILE_TYPES = (CSV, NPZ)


def _read_csv(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.datasets.csv import read_csv

    return read_csv(path, options, limits, destination)


def _read_npz(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    from service.datasets.npz import read_npz

    return read_npz(path, options, limits, destination)
