"""Reads arrays of a `.keras` file's weights, which are HDF5: only what stands in the file itself, and not packed."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from service.errors import Invalid, Malformed

FAULTS = (OSError, KeyError, ValueError, TypeError, RuntimeError, OverflowError)  # that h5py has for damaged files


@contextmanager
def opened_hdf5(data: bytes) -> Iterator["h5py.File"]:
    """Open the bytes of a file; raise `Malformed` where they are damaged."""
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            yield file
    except FAULTS as error:
        raise Malformed(f"the weights in the file are damaged: {str(error)[:200]}") from None


def read_array(file: "h5py.File", path: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the array at a path, which has to have that shape.

    Links to other places and files are refused, and what is packed or not stored whole: a small file could stand for
    a large array.
    """
    found: Any = file
    for name in path.split("/"):
        if not isinstance(found, h5py.Group) or name not in found:
            raise Invalid(f"the weights have no `{path}`")
        if not isinstance(found.get(name, getlink=True), h5py.HardLink):
            raise Invalid(f"`{path}` of the weights is a link to another place")
        found = found[name]
    if not isinstance(found, h5py.Dataset) or found.dtype.kind != "f":
        raise Invalid(f"`{path}` of the weights holds no numbers")
    if found.shape != shape:
        wanted, got = (" x ".join(map(str, each)) for each in (shape, found.shape))
        raise Invalid(f"`{path}` of the weights must be {wanted} numbers, got {got}")
    if found.external or found.is_virtual or found.chunks or found.id.get_storage_size() != found.nbytes:
        raise Invalid(f"`{path}` of the weights is not stored whole in the file; save the model as Keras does")
    return np.asarray(found[()])
