"""Files and packed bodies that are not what they say, by name: pickles, lying headers, names that leave the folder."""

import gzip
import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from service.datasets.compression import zstd

HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }"
NUMBERS = struct.pack("<2d", 1.0, 2.0)


class Caller:
    """What a pickle would call when it is loaded."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, ("raise SystemExit('a pickle was loaded')",)


def npy(header: str, data: bytes = NUMBERS, version: bytes = b"\x01\x00") -> bytes:
    """An npy file with any header."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP file of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def npz(member: bytes, name: str = "x.npy") -> bytes:
    return zipped({name: member})


def npz_pickled() -> bytes:
    """An NPZ with an array of objects, which are a pickle that runs code."""
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (2, 1), }"
    return npz(npy(header, pickle.dumps([Caller(), Caller()])))


def pickled() -> bytes:
    return pickle.dumps(Caller())


def npz_of_pickle() -> bytes:
    return npz(pickle.dumps(Caller()))


def npz_huge() -> bytes:
    """An NPZ of two arrays that say they have 32 GiB each."""
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296,), }"
    return zipped({"x.npy": npy(header, b""), "y.npy": npy(header, b"")})


def npz_overflow() -> bytes:
    """An NPZ whose sides multiply to more than 64 bits."""
    return npz(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }"))


def npz_negative() -> bytes:
    return npz(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -1), }"))


def npz_code() -> bytes:
    """An NPZ whose header is an expression that calls something."""
    return npz(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (__import__('os').abort(),), }"))


def npz_fields() -> bytes:
    return npz(npy("{'descr': [('a', '<f8'), ('b', '<f8')], 'fortran_order': False, 'shape': (1,), }"))


def npz_empty_type() -> bytes:
    """An NPZ whose values have no bytes."""
    return npz(npy("{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000000,), }", b""))


def npz_version() -> bytes:
    return npz(npy(HEADER, version=b"\xff\x00"))


def npz_traversal() -> bytes:
    """An NPZ whose arrays are named as files elsewhere; they are arrays all the same."""
    member = npy(HEADER)
    return zipped({"../../x.npy": member, "/etc/y.npy": member, "C:\\z.npy": member})


def npz_twice() -> bytes:
    """An NPZ with two arrays of one name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.npy", npy(HEADER))
        archive.filelist[0].filename = "w.npy"
        archive.NameToInfo.clear()
        archive.writestr("x.npy", npy(HEADER))
        archive.filelist[0].filename = "x.npy"
    return stream.getvalue()


def zip_bomb(size: int) -> bytes:
    """An NPZ whose array unpacks to so many bytes."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size}, 1), }}"
    return zipped({"x.npy": npy(header, b"\0" * size)}, zipfile.ZIP_DEFLATED)


def zip_lying(size: int) -> bytes:
    """The same, with a directory that says its member has 100 bytes."""
    whole = zip_bomb(size)
    real = size + len(npy(f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size}, 1), }}", b""))
    return whole.replace(struct.pack("<I", real), struct.pack("<I", 100))


def zip_encrypted() -> bytes:
    """An NPZ whose member says that it is encrypted."""
    whole = bytearray(npz(npy(HEADER)))
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    return bytes(whole)


def zip_method() -> bytes:
    """An NPZ packed by a method that is not there."""
    whole = bytearray(npz(npy(HEADER)))
    whole[8] = 99
    whole[whole.index(b"PK\x01\x02") + 10] = 99
    return bytes(whole)


def gzip_bomb(size: int) -> bytes:
    return gzip.compress(b"1,2\n" * (size // 4), 9)


def gzip_sum() -> bytes:
    """gzip whose checksum is of something else."""
    whole = bytearray(gzip.compress(b"a,b\n1,2\n3,4\n"))
    whole[-6] ^= 255
    return bytes(whole)


def gzip_rest() -> bytes:
    return gzip.compress(b"a,b\n1,2\n3,4\n") + b"and more"


def zstd_bomb(size: int) -> bytes:
    return zstd.compress(b"1,2\n" * (size // 4))


def zstd_window() -> bytes:
    """zstd that asks for a window of 2 EiB."""
    return b"\x28\xb5\x2f\xfd\x00\xf8" + b"\x01\x00\x00" + b"a,b\n"


def zstd_dictionary() -> bytes:
    """zstd that needs a dictionary."""
    return b"\x28\xb5\x2f\xfd\x23\x01\x02\x03\x04\x04\x21\x00\x00a,b\n"


def deflate_bomb(size: int) -> bytes:
    return zlib.compress(b"[" + b" " * size + b"]", 9)


def parquet_magic() -> bytes:
    return b"PAR1" + b"\0" * 40 + b"PAR1"


def parquet_encrypted() -> bytes:
    return b"PAR1" + b"\0" * 40 + struct.pack("<I", 8) + b"PARE"


def parquet_counts() -> bytes:
    """A Parquet file whose footer says that it has far more rows than it has."""
    stream = io.BytesIO()
    pq.write_table(pa.table({"a": [1.0] * 77, "y": [2.0] * 77}), stream, compression="none")
    whole = stream.getvalue()
    (length,) = struct.unpack("<I", whole[-8:-4])
    footer = whole[-8 - length : -8]
    return whole[: -8 - length] + footer.replace(b"\x9a\x01", b"\xfe\x7f") + whole[-8:]


def parquet_bomb(count: int) -> bytes:
    """A Parquet file of so many equal texts, which are one in its dictionary."""
    stream = io.BytesIO()
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array(["x" * 10_000]))
    pq.write_table(pa.table({"a": text, "y": pa.array(np.zeros(count))}), stream, compression="zstd")
    return stream.getvalue()


def arrow_offsets() -> bytes:
    """An Arrow stream of texts whose offsets lead out of their buffer."""
    return _texts().replace(struct.pack("<3i", 0, 5, 11), struct.pack("<3i", 0, 5, 2_000_000_000))


def arrow_backwards() -> bytes:
    """An Arrow stream of texts whose offsets go back."""
    return _texts().replace(struct.pack("<3i", 0, 5, 11), struct.pack("<3i", 9, 5, -7))


def arrow_indices() -> bytes:
    """An Arrow stream of a dictionary with indices that it does not have."""
    indices = pa.Array.from_buffers(pa.int32(), 2, [None, pa.py_buffer(struct.pack("<2i", 7, -5))])
    texts = pa.DictionaryArray.from_arrays(indices, pa.array(["a", "b"]), safe=False)
    return _stream(pa.record_batch([texts, pa.array([1.0, 2.0])], ["a", "y"]))


def arrow_lengths() -> bytes:
    """An Arrow stream whose batch says that it has a billion rows."""
    whole = _stream(pa.record_batch([pa.array([1.0] * 77), pa.array([2.0] * 77)], ["a", "y"]))
    return whole.replace(struct.pack("<q", 77), struct.pack("<q", 1_000_000_000))


def arrow_utf8() -> bytes:
    offsets = pa.py_buffer(struct.pack("<3i", 0, 2, 4))
    texts = pa.Array.from_buffers(pa.utf8(), 2, [None, offsets, pa.py_buffer(b"\xff\xfe\x80a")])
    return _stream(pa.record_batch([texts, pa.array([1.0, 2.0])], ["a", "y"]))


def arrow_metadata() -> bytes:
    """An Arrow stream whose first message says that it has 2 GiB of metadata."""
    return b"\xff\xff\xff\xff" + struct.pack("<i", 2**31 - 1) + b"\0" * 64


def keras_lambda() -> bytes:
    """A Sequential model with a layer of marshalled code."""
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAAAAAAAAEAAAA=", "defaults": None}}
    layer = {"class_name": "Lambda", "config": {"name": "evil", "function": code}}
    return json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}}).encode()


def keras_module() -> bytes:
    """A Sequential model with a layer of a module of the system."""
    layer = {"module": "os", "class_name": "system", "config": "id", "registered_name": "os.system"}
    return json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}}).encode()


def _texts() -> bytes:
    return _stream(pa.record_batch([pa.array(["hello", " world"]), pa.array([1.0, 2.0])], ["a", "y"]))


def _stream(batch: pa.RecordBatch) -> bytes:
    stream = io.BytesIO()
    with ipc.new_stream(stream, batch.schema) as writer:
        writer.write_batch(batch)
    return stream.getvalue()


FILES: dict[str, Callable[..., bytes]] = {
    maker.__name__: maker
    for maker in (
        npz_pickled,
        pickled,
        npz_of_pickle,
        npz_huge,
        npz_overflow,
        npz_negative,
        npz_code,
        npz_fields,
        npz_empty_type,
        npz_version,
        npz_traversal,
        npz_twice,
        zip_bomb,
        zip_lying,
        zip_encrypted,
        zip_method,
        gzip_bomb,
        gzip_sum,
        gzip_rest,
        zstd_bomb,
        zstd_window,
        zstd_dictionary,
        deflate_bomb,
        parquet_magic,
        parquet_encrypted,
        parquet_counts,
        parquet_bomb,
        arrow_offsets,
        arrow_backwards,
        arrow_indices,
        arrow_lengths,
        arrow_utf8,
        arrow_metadata,
        keras_lambda,
        keras_module,
    )
}
