"""Writes arrays of floats as an HDF5 file, in the groups that their names spell: `layers/dense/vars/0`.

Keras reads the weights of a `.keras` file from one. Of the format this is the part that every reader knows: a
superblock of version 0 and object headers of version 1 with links and contiguous data.
https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html describes it.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89HDF\r\n\x1a\n"
UNDEFINED = 2**64 - 1
SUPERBLOCK_BYTES = 96
ALIGNMENT = 8
DATASPACE, LINK_INFO, DATATYPE, FILL_VALUE, LINK, LAYOUT = 0x1, 0x2, 0x3, 0x5, 0x6, 0x8
# by bytes: bits of exponent and mantissa, and the exponent's bias
FLOATS = {4: (8, 23, 127), 8: (11, 52, 1023)}

Tree = dict[str, Any]  # arrays, and trees of them, by name


def write_hdf5(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Return a file with the arrays, float32 or float64, under their paths."""
    tree: Tree = {}
    for path, array in arrays.items():
        *groups, name = path.split("/")
        group = tree
        for each in groups:
            group = group.setdefault(each, {})
        group[name] = array
    written = bytearray(SUPERBLOCK_BYTES)
    root = _group(written, tree)
    written[:SUPERBLOCK_BYTES] = _superblock(root, len(written))
    return bytes(written)


def _superblock(root: int, end: int) -> bytes:
    """Return the first bytes: versions, widths of addresses and lengths, and the root group's entry."""
    versions = struct.pack("<8B2HI", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0)
    addresses = struct.pack("<4Q", 0, UNDEFINED, end, UNDEFINED)
    entry = struct.pack("<QQII16x", 0, root, 0, 0)
    return SIGNATURE + versions + addresses + entry


def _group(written: bytearray, tree: Tree) -> int:
    """Append a group after all that is in it; return its address."""
    messages = [(LINK_INFO, struct.pack("<BBQQ", 0, 0, UNDEFINED, UNDEFINED))]
    for name, entry in tree.items():
        address = _group(written, entry) if isinstance(entry, dict) else _dataset(written, entry)
        encoded = name.encode("ascii")
        messages.append((LINK, struct.pack("<BBB", 1, 0, len(encoded)) + encoded + struct.pack("<Q", address)))
    return _append(written, _header(messages))


def _dataset(written: bytearray, array: NDArray[Any]) -> int:
    """Append an array and its header; return the header's address."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    data = _append(written, little.tobytes())
    space = struct.pack(f"<BBB5x{array.ndim}Q", 1, array.ndim, 0, *array.shape)
    size = array.dtype.itemsize
    exponent, mantissa, bias = FLOATS[size]
    kind = struct.pack("<BBBBI", 0x11, 0x20, 8 * size - 1, 0, size)  # a little-endian float with an implied first bit
    kind += struct.pack("<HHBBBBI", 0, 8 * size, mantissa, exponent, 0, mantissa, bias)
    messages = [
        (DATASPACE, space),
        (DATATYPE, kind),
        (FILL_VALUE, struct.pack("<BBBB", 2, 2, 2, 0)),
        (LAYOUT, struct.pack("<BBQQ", 3, 1, data, little.nbytes)),
    ]
    return _append(written, _header(messages))


def _header(messages: list[tuple[int, bytes]]) -> bytes:
    """Return an object header of these messages."""
    padded = [(kind, data + bytes(-len(data) % ALIGNMENT)) for kind, data in messages]
    body = b"".join(struct.pack("<HHB3x", kind, len(data), 0) + data for kind, data in padded)
    return struct.pack("<BBHII4x", 1, 0, len(messages), 1, len(body)) + body


def _append(written: bytearray, data: bytes) -> int:
    """Append bytes at the next address that is aligned; return the address."""
    written += bytes(-len(written) % ALIGNMENT)
    address = len(written)
    written += data
    return address
