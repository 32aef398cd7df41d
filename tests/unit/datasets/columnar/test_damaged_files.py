"""Damaged Parquet and Arrow files, cut off or with flipped bytes: each is refused or read, and nothing else happens."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from service.datasets.columnar import reader as columnar
from service.datasets.options import Limits, ReadOptions
from service.errors import Invalid, Malformed, TooLarge

LIMITS = Limits(max_bytes=16 * 1024 * 1024)
REFUSED = (Invalid, Malformed, TooLarge)


def table() -> pa.Table:
    return pa.table(
        {
            "a": pa.array([1, None, 3, 4] * 8),
            "f": pa.array(np.arange(32) / 7),
            "when": pa.array(range(32), pa.timestamp("ms")),
            "s": ["x", "yy", None, "zzz"] * 8,
            "c": pa.array(["lo", "hi", "lo", None] * 8).dictionary_encode(),
            "b": [True, False, None, True] * 8,
            "y": pa.array([5, 6, 7, 8] * 8),
        }
    )


def parquet(compression: str) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table(), stream, compression=compression, row_group_size=16)
    return stream.getvalue()


def arrow(new, compression: str | None) -> bytes:  # type: ignore[no-untyped-def]
    stream = io.BytesIO()
    with new(stream, table().schema, options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table(), max_chunksize=16)
    return stream.getvalue()


FILES = {
    "parquet": (columnar.read_parquet, lambda: parquet("snappy")),
    "parquet-plain": (columnar.read_parquet, lambda: parquet("none")),
    "stream": (columnar.read_arrow_stream, lambda: arrow(ipc.new_stream, None)),
    "stream-zstd": (columnar.read_arrow_stream, lambda: arrow(ipc.new_stream, "zstd")),
    "file": (columnar.read_arrow_file, lambda: arrow(ipc.new_file, None)),
}


@pytest.mark.parametrize("form", FILES)
def test_a_file_that_is_cut_off_is_refused(form: str, tmp_path: Path) -> None:
    reader, written = FILES[form]
    whole = written()
    lengths = {*range(0, len(whole), max(1, len(whole) // 60)), *range(len(whole) - 12, len(whole))}
    for length in sorted(lengths):
        (tmp_path / "in").write_bytes(whole[:length])
        with pytest.raises(REFUSED):
            reader(tmp_path / "in", ReadOptions(), LIMITS, tmp_path / "out.npy")


@pytest.mark.parametrize("form", FILES)
def test_a_file_with_flipped_bytes_is_refused_or_read(form: str, tmp_path: Path) -> None:
    reader, written = FILES[form]
    whole, random = written(), np.random.default_rng(13)
    refused = 0
    for _ in range(250):
        data = bytearray(whole)
        for place in random.integers(0, len(data), size=random.integers(1, 4)):
            data[place] ^= 1 << random.integers(0, 8) if random.random() < 0.5 else 0xFF
        (tmp_path / "in").write_bytes(data)
        try:
            reader(tmp_path / "in", ReadOptions(), LIMITS, tmp_path / "out.npy")
        except REFUSED:
            refused += 1
    assert refused > 50
