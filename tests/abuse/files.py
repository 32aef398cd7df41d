"""Files and packed bodies that ask for much, by name."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq


def parquet_columns(count: int) -> bytes:
    """A Parquet file of two rows and so many columns."""
    stream = io.BytesIO()
    pq.write_table(_wide(count), stream)
    return stream.getvalue()


def arrow_columns(count: int) -> bytes:
    """An Arrow stream of two rows and so many columns."""
    return _stream(_wide(count))


def arrow_file_columns(count: int) -> bytes:
    """An Arrow file of two rows and so many columns."""
    stream = io.BytesIO()
    table = _wide(count)
    with ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def parquet_dictionary(count: int) -> bytes:
    """A Parquet file with a column of so many different texts, which lie in a dictionary."""
    stream = io.BytesIO()
    pq.write_table(_texts(count), stream, compression="zstd")
    return stream.getvalue()


def arrow_dictionary(count: int) -> bytes:
    """An Arrow stream with a column of two rows over a dictionary of so many texts."""
    indices = pa.array([0, count - 1], pa.int32())
    texts = pa.DictionaryArray.from_arrays(indices, pa.array([f"text {n}" for n in range(count)]))
    return _stream(pa.table({"a": texts, "y": pa.array([1.0, 2.0])}))


def arrow_batches(count: int) -> bytes:
    """An Arrow stream of so many batches of a row each."""
    stream = io.BytesIO()
    batch = pa.record_batch({"a": pa.array([1.0]), "y": pa.array([float("inf")])})
    with ipc.new_stream(stream, batch.schema) as writer:
        for _ in range(count):
            writer.write_batch(batch)
    return stream.getvalue()


def parquet_nested(depth: int) -> bytes:
    """A Parquet file with a column of lists within lists."""
    kind: pa.DataType = pa.float64()
    value: object = 1.0
    for _ in range(depth):
        kind, value = pa.list_(kind), [value]
    stream = io.BytesIO()
    table = pa.Table.from_arrays([pa.array([value], kind), pa.array([1.0])], ["a", "y"])
    pq.write_table(table, stream)
    return stream.getvalue()


def arrow_nested(depth: int) -> bytes:
    """An Arrow stream with a column of structures within structures."""
    kind: pa.DataType = pa.float64()
    for _ in range(depth):
        kind = pa.struct([("a", kind)])
    return _stream(pa.Table.from_arrays([pa.nulls(2, kind), pa.array([1.0, 2.0])], ["a", "y"]))


def parquet_footer(length: int) -> bytes:
    """A Parquet file whose last bytes say that its footer has so many bytes."""
    whole = parquet_columns(2)
    return whole[:-8] + struct.pack("<I", length) + b"PAR1"


def parquet_rows(count: int) -> bytes:
    """A Parquet file of so many equal rows, which takes few bytes."""
    stream = io.BytesIO()
    column = pa.array(np.zeros(count))
    pq.write_table(pa.table({"a": column, "b": column, "y": column}), stream, compression="zstd")
    return stream.getvalue()


def npz_members(count: int) -> bytes:
    """An NPZ of so many arrays."""
    member = _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", b"\0" * 8)
    return _zip({f"a{number}.npy": member for number in range(count)})


def npz_header(length: int) -> bytes:
    """An NPZ whose array has a header of so many bytes."""
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }"
    return _zip({"x.npy": _npy(header.ljust(length), b"\0" * 8)})


def npz_sides(count: int) -> bytes:
    """An NPZ whose array has so many dimensions."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({'1, ' * count}), }}"
    return _zip({"x.npy": _npy(header, b"\0" * 8), "y.npy": _npy(header, b"\0" * 8)})


def npz_columns(count: int) -> bytes:
    """An NPZ with rows of so many numbers."""
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.zeros((2, count), np.uint8), y=np.zeros(2, np.uint8))
    return stream.getvalue()


def npz_nan(count: int) -> bytes:
    """An NPZ of so many numbers that are none."""
    stream = io.BytesIO()
    np.savez_compressed(stream, x=np.full((count // 10, 10), np.nan), y=np.zeros(count // 10))
    return stream.getvalue()


def npz_promise(count: int) -> bytes:
    """An NPZ whose array says that it has so many numbers, and has one."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count}, 1), }}"
    return _zip({"x.npy": _npy(header, b"\0" * 8)})


def gzip_zeros(size: int) -> bytes:
    """gzip of so many spaces, a thousandth as large."""
    return gzip.compress(b" " * size, 1)


def gzip_of_gzip(size: int) -> bytes:
    """gzip of gzip of so many spaces."""
    return gzip.compress(gzip.compress(b" " * size, 9), 9)


def gzip_members(count: int) -> bytes:
    """So many empty members of gzip."""
    return gzip.compress(b"") * count


def gzip_objects(size: int) -> bytes:
    """gzip of a prediction of so many bytes of empty objects."""
    return gzip.compress(b'{"instances": [' + b"{}," * (size // 3) + b"{}]}", 1)


def deflated_csv(size: int) -> bytes:
    """gzip of a CSV of so many bytes whose last row is short."""
    row = b"1.5,2.5,3\n"
    return gzip.compress(b"a,b,y\n" + row * (size // len(row)) + b"1\n", 1)


def multipart_parts(count: int) -> bytes:
    """A form of so many parts."""
    part = b'--b\r\nContent-Disposition: form-data; name="drop"\r\n\r\na\r\n'
    return part * count + b"--b--\r\n"


def multipart_name(size: int) -> bytes:
    """A form with a field whose name has so many characters."""
    return b'--b\r\nContent-Disposition: form-data; name="' + b"a" * size + b'"\r\n\r\na\r\n--b--\r\n'


def multipart_field(size: int) -> bytes:
    """A form with a field, which is no file, of so many bytes."""
    return b'--b\r\nContent-Disposition: form-data; name="drop"\r\n\r\n' + b"a" * size + b"\r\n--b--\r\n"


def multipart_nameless() -> bytes:
    """Return a form with a file, and a field that has no name."""
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,y\n1,2\n\r\n'
    return file + b'--b\r\nContent-Disposition: form-data: name="types"\r\n\r\na:number\r\n--b--\r\n'


def multipart_headers(count: int) -> bytes:
    """A form whose part has so many headers."""
    many = b"".join(b"X-%d: a\r\n" % number for number in range(count))
    return b'--b\r\nContent-Disposition: form-data; name="drop"\r\n' + many + b"\r\na\r\n--b--\r\n"


def keras_layers(count: int) -> bytes:
    """A Sequential model of so many layers of a class that is not known."""
    layer = {"class_name": "Conv7D", "config": {"units": 1}}
    model = {"class_name": "Sequential", "config": {"name": "m", "layers": [layer] * count}}
    return json.dumps(model).encode()


def keras_config(count: int) -> bytes:
    """A Sequential model with a layer of so many settings."""
    layer = {"class_name": "Dense", "config": {"units": 1, **{f"setting_{n}": n for n in range(count)}}}
    return json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}}).encode()


def keras_nested(depth: int) -> bytes:
    """A Sequential model whose layer is a Sequential model, and so on."""
    inner = '{"class_name": "Dense", "config": {"units": 1}}'
    around = '{"class_name": "Sequential", "config": {"layers": ['
    return (around * depth + inner + "]}}" * depth).encode()


def _wide(count: int) -> pa.Table:
    column = pa.array([1.0, 2.0])
    return pa.Table.from_arrays([column] * count, [f"c{n}" for n in range(count)])


def _texts(count: int) -> pa.Table:
    texts = pa.array([f"text number {n}" for n in range(count)])
    return pa.table({"a": texts, "y": pa.array(np.zeros(count))})


def _stream(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    with ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def _npy(header: str, data: bytes) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text + data


def _zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def zlib_json(size: int) -> bytes:
    """zlib of a number of so many digits."""
    return zlib.compress(b"[" + b"9" * size + b"]")


FILES: dict[str, Callable[..., bytes]] = {
    maker.__name__: maker
    for maker in (
        parquet_columns,
        arrow_columns,
        arrow_file_columns,
        parquet_dictionary,
        arrow_dictionary,
        arrow_batches,
        parquet_nested,
        arrow_nested,
        parquet_footer,
        parquet_rows,
        npz_members,
        npz_header,
        npz_sides,
        npz_columns,
        npz_nan,
        npz_promise,
        gzip_zeros,
        gzip_of_gzip,
        gzip_members,
        gzip_objects,
        deflated_csv,
        multipart_parts,
        multipart_name,
        multipart_field,
        multipart_headers,
        multipart_nameless,
        keras_layers,
        keras_config,
        keras_nested,
        zlib_json,
    )
}
