"""Datasets as NPZ: a zip archive of `.npy` arrays. It is untrusted: pickles are refused and sizes are measured."""

import errno
import math
import struct
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.media_types import FILE_TYPES, JSON
from service.datasets.options import MIB, TO_HAVE_MORE, Limits, ReadOptions
from service.datasets.signatures import what_zip_is
from service.datasets.table_writer import Plan, TableWriter
from service.definitions.columns import ColumnType, Role, Table, input_names, target_names
from service.definitions.guessing import MOST_LISTED, absent
from service.definitions.how_read import HowRead
from service.errors import MAX_FAULTS, Fault, Invalid, Malformed, TooLarge, UnknownMedia, shortened

INPUTS = ("x_train", "x", "X", "inputs", "X_train")
TARGETS = ("y_train", "y", "targets", "Y", "Y_train")
MAX_MEMBERS = 1000
MAX_HEADER = 10_000
BLOCK_VALUES = MIB
MAX_SIDE = 2**48
# what NumPy's parser of headers, which evaluates a Python literal, can raise for other bytes
NO_HEADER = (ValueError, EOFError, TypeError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError)
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    UnicodeDecodeError,
    NotImplementedError,
    RuntimeError,
)


def read_npz(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    """Store arrays (n, ...) as rows (n, features); members are unpacked into files next to `destination`."""
    with _opened(path) as (archive, names):
        inputs = _choose(options.inputs, INPUTS, names, "inputs")
        targets = _choose(options.targets, TARGETS, names, "targets") if options.target != ("none",) else None
        try:
            X = _unpack(archive, inputs, destination.with_suffix(".inputs"), limits)
            Y = None if targets is None else _unpack(archive, targets, destination.with_suffix(".targets"), limits)
            return _store(X, Y, inputs, targets, options, destination)
        finally:
            for suffix in (".inputs", ".targets"):
                destination.with_suffix(suffix).unlink(missing_ok=True)


def read_array(path: Path, usual: tuple[str, ...], limits: Limits) -> NDArray[Any]:
    """Return the first of the `usual` names as an array (n, ...) in memory."""
    with _opened(path) as (archive, names):
        return np.array(_unpack(archive, _choose(None, usual, names, "inputs"), path.with_suffix(".array"), limits))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, list[str]]]:
    """Yield the open archive and the names of its arrays."""
    with _unpacking():
        archive = zipfile.ZipFile(path)
    with archive:
        members = archive.namelist()
        names = [name.removesuffix(".npy") for name in members if name.endswith(".npy")]
        if not names:
            raise UnknownMedia(f"the file is {what_zip_is(members)}", (JSON, *FILE_TYPES))
        if len(names) > MAX_MEMBERS:
            raise TooLarge(f"the NPZ has {len(names):,} arrays; at most {MAX_MEMBERS:,} are taken")
        name, count = Counter(names).most_common(1)[0]
        if count > 1:
            raise Invalid(f"the file has the array `{shortened(name, 60)}` twice")
        yield archive, names


@contextmanager
def _unpacking() -> Iterator[None]:
    """Translate the exceptions of a damaged archive into `Malformed`; only unpacking may be done in the block."""
    try:
        yield
    except BROKEN as error:
        raise Malformed(f"the NPZ cannot be unpacked: {error}") from None
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # EINVAL is an invalid seek; others are the disk's
            raise
        raise Malformed(f"the NPZ cannot be unpacked: {error}") from None


def _choose(wanted: str | None, usual: tuple[str, ...], names: list[str], what: str) -> str:
    found = next((name for name in ((wanted,) if wanted is not None else usual) if name in names), None)
    if found is not None:
        return found
    if wanted is not None:
        raise Invalid.at(f"?{what}", absent("array", wanted, names))
    raise Invalid(f"say which array holds the {what} with `{what}=`; the file has {', '.join(names[:MOST_LISTED])}")


def _unpack(archive: zipfile.ZipFile, name: str, path: Path, limits: Limits) -> NDArray[Any]:
    """Unpack a member into a file and return it as a memory map; raise `Invalid` if its header states another size."""
    member = archive.getinfo(name + ".npy")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Invalid(f"array `{name}` is packed in a way that is not read here; stored and deflated are")
    with _unpacking():
        with archive.open(member) as stream:
            shape, dtype = _header(stream, name)
        if (width := math.prod(shape[1:])) > limits.max_features:
            detail = f"array `{name}` must have at most {limits.max_features:,} values a row, got {width:,}"
            raise Invalid(f"{detail}: {TO_HAVE_MORE}")
        size = math.prod(shape) * dtype.itemsize
        if size > limits.max_bytes:
            raise TooLarge(f"array `{name}` has {size:,} bytes; at most {limits.max_bytes:,} are taken")
        if size > member.file_size:
            raise Invalid(f"array `{name}` says it has {size:,} bytes, but {member.file_size:,} are there")
        with archive.open(member) as stream, path.open("wb") as file:
            written = _copy(stream, file, size + MAX_HEADER + 256, name)
    if written < size:
        raise Invalid(f"array `{name}` says it has {size:,} bytes, but {written:,} are there")
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except ValueError as error:
        raise Invalid(f"array `{name}` cannot be read: {error}") from None


def _copy(stream: IO[bytes], file: IO[bytes], most: int, name: str) -> int:
    """Copy the bytes of an array with its header; return how many there are."""
    written = 0
    while block := stream.read(MIB):
        written += len(block)
        if written > most:
            raise Invalid(f"array `{name}` has more bytes than its header states")
        file.write(block)
    return written


def _header(member: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(member)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise Invalid(f"array `{name}` has .npy version {version}; 1.0 and 2.0 are read")
        shape, _, dtype = read(member, max_header_size=MAX_HEADER)
    except NO_HEADER as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise Invalid(f"array `{name}` has no .npy header that can be read: {why}") from None
    if dtype.hasobject or dtype.kind not in "biuf" or dtype.itemsize > 8:
        way_out = "; send labels that are text as CSV or Parquet, or number them" if dtype.kind in "OSU" else ""
        raise Invalid(f"array `{name}` must hold numbers of at most 64 bits, got {dtype}{way_out}")
    if any(not 0 <= side <= MAX_SIDE for side in shape):
        raise Invalid(f"array `{name}` has a side that no array has")
    if not shape or 0 in shape:
        raise Invalid(f"array `{name}` is empty or has no rows: its shape is {shape}")
    return shape, dtype


def _store(
    X: NDArray[Any],
    Y: NDArray[Any] | None,
    inputs: str,
    targets: str | None,
    options: ReadOptions,
    destination: Path,
) -> Table:
    rows = len(X)
    width = math.prod(X.shape[1:])
    if Y is not None and len(Y) != rows:
        raise Invalid(f"`{inputs}` has {rows:,} rows, but `{targets}` has {len(Y):,}")
    outputs = 0 if Y is None else math.prod(Y.shape[1:])
    plans = [Plan(name, Role.INPUT, ColumnType.NUMBER) for name in input_names(width)]
    are_boolean = Y is not None and Y.dtype.kind == "b"
    said = options.target_type
    plans += [
        Plan(name, Role.TARGET, ColumnType.NUMBER, None, said, is_boolean=are_boolean) for name in target_names(outputs)
    ]
    step = max(1, BLOCK_VALUES // max(1, width + outputs))
    with TableWriter(destination, plans, _common_dtype(X, Y, step), options.scale) as writer:
        for start in range(0, rows, step):
            blocks = [_block(X, start, step, width, inputs)]
            if Y is not None:
                blocks.append(_block(Y, start, step, outputs, str(targets)))
            writer.append(np.hstack([part.astype(writer.dtype) for part in blocks]))
        return writer.finish(HowRead("npz"))


def _block(array: NDArray[Any], start: int, step: int, width: int, name: str) -> NDArray[Any]:
    block = np.asarray(array[start : start + step]).reshape(-1, width)
    if block.dtype.kind == "f":
        wrong, detail = np.argwhere(~np.isfinite(block)), "must be finite, got {}"
    elif block.dtype.itemsize == 8:
        wrong, detail = _changed_as_floats(block), "is {}, which a float64 cannot hold; `.astype(float)` rounds"
    else:
        return block
    if len(wrong):
        faults = [
            Fault(detail.format(block[row, column]), row=start + int(row) + 1, column=f"{name}[{column}]")
            for row, column in wrong[:MAX_FAULTS]
        ]
        raise Invalid(f"array `{name}`, row {faults[0].row}: {faults[0].detail}", faults)
    return block


def _changed_as_floats(block: NDArray[Any]) -> NDArray[np.intp]:
    """Return the places (n, 2) of whole numbers of 64 bits that a float64 would change."""
    floats = block.astype(np.float64)
    is_beyond = floats >= 2.0 ** (63 if block.dtype.kind == "i" else 64)
    return np.argwhere(is_beyond | (np.where(is_beyond, 0.0, floats).astype(block.dtype) != block))


def _common_dtype(X: NDArray[Any], Y: NDArray[Any] | None, step: int) -> np.dtype[Any]:
    """Return uint8 or float32 if the inputs have that type and it represents the targets exactly, else float64."""
    for kind in (np.uint8, np.float32):
        own = X.dtype in (np.dtype(np.uint8), np.dtype(np.bool_)) if kind is np.uint8 else X.dtype == np.float32
        if own and (Y is None or _fits(Y, kind, step)):
            return np.dtype(kind)
    return np.dtype("<f8")


def _fits(Y: NDArray[Any], kind: type, step: int) -> bool:
    for start in range(0, len(Y), step):
        block = np.asarray(Y[start : start + step])
        with np.errstate(all="ignore"):
            if not np.array_equal(block.astype(kind).astype(np.float64), block.astype(np.float64)):
                return False
    return True
