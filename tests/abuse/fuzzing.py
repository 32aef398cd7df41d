"""Readers of files given bytes that are almost right: whole files, damaged in a few places.

`python -m tests.abuse.fuzzing --examples 5000` tries many more than `make test` does.
"""

import argparse
import gzip
import io
import json
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.config import Settings
from service.datasets.compression import unpacked, zstd
from service.datasets.media_types import ARROW_FILE, ARROW_STREAM, CSV, JSONL, NPZ, PARQUET
from service.datasets.options import Limits, ReadOptions
from service.datasets.readers import reader_of
from service.datasets.strict_json import parse_json
from service.definitions.network import NetworkRequest
from service.definitions.validation import check
from service.errors import Invalid, Malformed, TooLarge, UnknownMedia
from service.preprocessing.batches import open_rows
from service.store.migrate import migrate

LIMITS = Limits(max_bytes=1024 * 1024)
REFUSED = (Invalid, Malformed, TooLarge, UnknownMedia)  # what a client's bytes may be answered with
NUMBERS = [[index / 4, index * 3.0, float(index % 3)] for index in range(40)]
TABLE = "a,b,y\n" + "".join(f"{a},{b},{y}\n" for a, b, y in NUMBERS)
OBJECTS = [dict(zip("aby", row, strict=True)) for row in NUMBERS]
KERAS = Path(__file__).parents[1] / "data" / "keras" / "every_layer.json"
BOUNDARY = "what-parts-fields"
FIELDS = (('name="target"', "y"), ('name="file"; filename="a.csv"', TABLE), ('name="types"', "a:number"))
Reader = Callable[[bytes, Path], None]


def of_file(kind: str, plainly: Callable[[bytes], np.ndarray] | None) -> Reader:
    """Return a reader of files of that type, whose stored rows are compared with those of a plain reading."""

    def read(data: bytes, folder: Path) -> None:
        (folder / "in").write_bytes(data)
        reader_of(kind)(folder / "in", ReadOptions(), LIMITS, folder / "out.npy")
        if plainly is None:
            return
        stored = np.array(open_rows(folder / "out.npy"), float)
        np.testing.assert_array_equal(stored, plainly(data))

    return read


def of_packed(coding: str, plainly: Callable[[bytes], bytes]) -> Reader:
    def read(data: bytes, folder: Path) -> None:
        found = b"".join(unpacked(iter([data]), coding))
        assert found == (plainly(data) if data else b"")  # nothing at all is an empty body

    return read


def of_json(data: bytes, folder: Path) -> None:
    assert parse_json(data) == json.loads(data)


def of_keras(data: bytes, folder: Path) -> None:
    check(NetworkRequest, parse_json(data))


def plain_npz(data: bytes) -> np.ndarray:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return np.column_stack([arrays["x"].reshape(len(arrays["y"]), -1), arrays["y"]]).astype(float)


def plain_table(table: pa.Table) -> np.ndarray | None:
    """Return the numbers of a table; None where a column is of something else, which is stored in another way."""
    if not all(pa.types.is_floating(kind) or pa.types.is_integer(kind) for kind in table.schema.types):
        return None
    return np.column_stack([column.to_numpy().astype(float) for column in table.columns])


def of_columns(kind: str, plainly: Callable[[pa.BufferReader], pa.Table]) -> Reader:
    def read(data: bytes, folder: Path) -> None:
        of_file(kind, None)(data, folder)
        expected = plain_table(plainly(pa.BufferReader(data)))
        if expected is not None:
            np.testing.assert_array_equal(np.array(open_rows(folder / "out.npy"), float), expected)

    return read


class Forms:
    """Forms sent to the whole application, on a database in the folder; to be closed."""

    def __init__(self, folder: Path) -> None:
        self.app = create_app(Settings(data_dir=folder / "service", queue_url="memory://", auth="off"))
        self.database = self.app.extensions["services"].database
        migrate(self.database)
        self.client = self.app.test_client()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.dispose()

    def read(self, data: bytes, _: Path) -> None:
        """Store a form's file; raise `Invalid` where it is refused. A form without its end must be."""
        answer = self.client.post("/v1/datasets", data=data, content_type=f"multipart/form-data;boundary={BOUNDARY}")
        if answer.status_code in (400, 409, 413, 415, 422):
            raise Invalid(answer.json["detail"])
        assert answer.status_code == 201, answer.text
        assert f"--{BOUNDARY}--".encode() in data


@cache
def whole(form: str) -> bytes:
    """Return a good file of that form."""
    stream = io.BytesIO()
    table = pa.table({name: [row[index] for row in NUMBERS] for index, name in enumerate("aby")})
    if form == "npz":
        np.savez_compressed(stream, x=np.array(NUMBERS)[:, :2], y=np.array(NUMBERS)[:, 2])
    elif form == "parquet":
        pq.write_table(table, stream, row_group_size=16)
    elif form in ("arrow stream", "arrow file"):
        with (ipc.new_stream if form == "arrow stream" else ipc.new_file)(stream, table.schema) as writer:
            writer.write_table(table, max_chunksize=16)
    texts = {
        "csv": TABLE.encode(),
        "jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in OBJECTS),
        "json": json.dumps({"rows": OBJECTS, "target": ["y"]}).encode(),
        "keras": KERAS.read_bytes(),
        "multipart": "".join(
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; {named}\r\n\r\n{value}\r\n" for named, value in FIELDS
        ).encode()
        + f"--{BOUNDARY}--\r\n".encode(),
        "gzip": gzip.compress(TABLE.encode(), mtime=0) * 2,
        "deflate": zlib.compress(TABLE.encode()),
        "zstd": zstd.compress(TABLE.encode()),
    }
    return texts.get(form) or stream.getvalue()


READERS: dict[str, Reader] = {
    "csv": of_file(CSV, None),
    "jsonl": of_file(JSONL, None),
    "npz": of_file(NPZ, plain_npz),
    "parquet": of_columns(PARQUET, pq.read_table),
    "arrow stream": of_columns(ARROW_STREAM, lambda stream: ipc.open_stream(stream).read_all()),
    "arrow file": of_columns(ARROW_FILE, lambda stream: ipc.open_file(stream).read_all()),
    "json": of_json,
    "keras": of_keras,
    "gzip": of_packed("gzip", gzip.decompress),
    "deflate": of_packed("deflate", zlib.decompress),
    "zstd": of_packed("zstd", zstd.decompress),
}


MULTIPART = "multipart"
KINDS = (*READERS, MULTIPART)


@st.composite
def damaged(draw: st.DrawFn, form: str) -> bytes:
    """Draw a good file with up to four places flipped, cut, doubled, moved or with another length."""
    data = bytearray(whole(form))
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        start = draw(st.integers(0, len(data) - 1))
        end = draw(st.integers(start, min(len(data), start + 64)))
        change = draw(st.sampled_from(["flip", "set", "cut", "remove", "double", "move", "length"]))
        if change == "flip":
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif change == "set":
            data[start] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x0A, 0x2C]))
        elif change == "cut":
            del data[start:]
        elif change == "remove":
            del data[start:end]
        elif change == "double":
            data[start:start] = data[start:end]
        elif change == "move":
            data[: end - start], data[start:end] = data[start:end], data[: end - start]
        else:
            number = draw(st.sampled_from([0, 1, 2**31 - 1, 2**32 - 1, 2**63 - 1]))
            size = 8 if number > 2**32 else 4
            data[start : start + size] = number.to_bytes(size, "little")
    return bytes(data)


@contextmanager
def opened(form: str, folder: Path) -> Iterator[Reader]:
    """Open the reader of a form."""
    if form != MULTIPART:
        yield READERS[form]
        return
    with Forms(folder) as forms:
        yield forms.read


def read_damaged(reader: Reader, folder: Path, data: bytes) -> bool:
    """Read a damaged file; return whether it was accepted. Whatever else than a refusal is raised is a fault."""
    try:
        reader(data, folder)
    except REFUSED:
        return False
    return True


def fuzz(form: str, folder: Path, examples: int, derandomize: bool) -> tuple[int, int]:
    """Try damaged files; return how many were refused and how many were read."""
    counts = [0, 0]

    def one(data: bytes) -> None:
        counts[read_damaged(reader, folder, data)] += 1

    kept = settings(
        max_examples=examples,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with opened(form, folder) as reader:
        kept(given(damaged(form))(one))()
    return counts[0], counts[1]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=5000, help="damaged files of each form")
    parser.add_argument("--only", default="", help="a part of the names of the forms to try")
    chosen = parser.parse_args(arguments)
    for form in KINDS:
        if chosen.only in form:
            with tempfile.TemporaryDirectory() as folder:
                refused, read = fuzz(form, Path(folder), chosen.examples, derandomize=False)
            print(f"{form}: {refused:,} refused, {read:,} read", flush=True)


if __name__ == "__main__":
    main()
