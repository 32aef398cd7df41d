"""Recognising what a body is by its first bytes."""

import io
import json
import pickle
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from service.datasets.media_types import (
    ARROW_FILE,
    ARROW_STREAM,
    CSV,
    JSON,
    JSONL,
    NPZ,
    PARQUET,
    guess_media_type,
    looks_like,
)
from service.datasets.signatures import what_it_is, what_zip_is

TABLE = pa.table({"a": [1, 2], "y": ["p", "q"]})


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(TABLE, stream)
    return stream.getvalue()


def arrow_stream() -> bytes:
    stream = io.BytesIO()
    with ipc.new_stream(stream, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return stream.getvalue()


def arrow_file() -> bytes:
    stream = io.BytesIO()
    with ipc.new_file(stream, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return stream.getvalue()


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, x=np.zeros(2))
    return stream.getvalue()


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(2))
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("iris.csv"), io.BytesIO(b""))
    return stream.getvalue()


def zipped(*members: str, content: str = "x") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in members:
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"a,y\n1,2\n", CSV),
        (b"", CSV),
        (b"\xef\xbb\xbfa,y\n", CSV),
        (b"PAR1,PAR2,y\n1,2,3\n", CSV),
        (b'{"inputs": [[1]]}', JSON),
        (b'\xef\xbb\xbf {"inputs": [[1]]}', JSON),
        (b'[{"a": 1}]', JSON),
        (b'{\n "rows": [\n  {"a": 1}\n ]\n}', JSON),
        (b'{"a": 1}\n', JSON),
        (b'{"a": 1}\n{"a": 2}\n', JSONL),
        (b'{"a": "}\\n{"}\r\n\r\n{"a": 2}\r\n', JSONL),
        (b'{"a": 1\n{"a": 2}', JSON),
        (parquet(), PARQUET),
        (arrow_stream(), ARROW_STREAM),
        (arrow_file(), ARROW_FILE),
        (npz(), NPZ),
    ],
)
def test_the_first_bytes_show_the_type(data: bytes, kind: str) -> None:
    assert guess_media_type(data) == kind
    assert what_it_is(data) is None


def test_what_could_be_csv_is_not_surely_another_type() -> None:
    for data in (b"[a],y\n1,2\n", b"{a},y\n", b"[1,2]\n", b"a,y\n", b"PAR1,y\n", b'"{""a""}",y\n'):
        assert looks_like(data) is None
    assert looks_like(b'[{"a": 1}]') == JSON
    assert looks_like(b'{"a": 1}\n{"a": 2}') == JSONL


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
        (zipped("_rels/.rels", "xl/workbook.xml"), "an Excel workbook"),
        (zipped("mimetype", content="application/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "Excel workbook of the old form"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
        (b"GIF89a\x01\0", "a GIF picture"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP picture"),
        (npy(), "a single NumPy array"),
        (pickle.dumps({"a": [1]}, 2), "a pickle"),
        (pickle.dumps({"a": [1]}), "a pickle"),
        (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file"),
        (b"SQLite format 3\0\x10", "an SQLite database"),
        (b"ORC\x0a\x03\0\0\0\x12", "an ORC file"),
        (b"Obj\x01\x04\x14avro", "an Avro file"),
        (b"FEA1\0\0\0\0", "a Feather file of version 1"),
        (b"BZh91AY&SY\0", "packed with bzip2"),
        (b"\xfd7zXZ\0\0", "packed with xz"),
        (b"\x1f\x8b\x08\0", "packed twice"),
        (tar(), "a tar archive"),
        (b"\0\0\x08\x03\0\0\xea\x60", "an IDX file"),
        (b"MATLAB 5.0 MAT-file, Platform", "a MATLAB file"),
        (b'\x40\0\0\0\0\0\0\0{"w":', "a safetensors file"),
        (b"\n<!DOCTYPE html>\n<html>", "an HTML page"),
        (b'<table border="1">\n<tr><td>1</td></tr></table>', "an HTML page"),
        (b"<html lang=en>", "an HTML page"),
        (b'<?xml version="1.0"?>\n<rows/>', "XML"),
        (b"% Iris\n@RELATION iris\n", "an ARFF file"),
        (b"1 1:0.5 7:2.25\n0 2:1\n", "LIBSVM"),
    ],
)
def test_what_is_no_table_is_named_with_the_way_out(data: bytes, words: str) -> None:
    what = what_it_is(data)
    assert what is not None and words in what
    assert any(word in what for word in ("save", "write", "read", "send", "unpack", "export"))


@pytest.mark.parametrize(
    "header",
    [
        b"ORC,ELF,y\n1,2,3\n",
        b"FEA1,FEA2\n1,2\n",
        b"BZh9,y\n",
        b"X,y\n1,2\n",
        b"MM,y\n",
        b"1,2,3\n",
        b"GIF8,y\n",
        b"1 2:x\n",
    ],
)
def test_a_header_that_begins_like_a_signature_is_csv(header: bytes) -> None:
    assert what_it_is(header) is None and guess_media_type(header) == CSV


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (["train.csv"], "perhaps `train.csv`"),
        (["docProps/app.xml", "xl/workbook.xml"], "an Excel workbook"),
        (["mimetype", "content.xml"], "an OpenDocument file"),
        (["archive/data.pkl", "archive/data/0"], "torch.save"),
        ([], "nothing in it"),
        (["folder/"], "nothing in it"),
    ],
)
def test_a_zip_archive_without_arrays_is_named(members: list[str], words: str) -> None:
    assert words in what_zip_is(members)


def test_a_json_line_longer_than_what_is_looked_at_is_taken_as_json() -> None:
    line = json.dumps({"a": "x" * 100_000})
    assert guess_media_type(f"{line}\n{line}\n".encode()[:65536]) == JSON
