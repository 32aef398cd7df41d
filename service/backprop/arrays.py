"""The array types and precisions of the engine."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[Any]  # float32 or float64, the network's precision
IndexArray = NDArray[np.intp]

CACHE_LINE = 64  # bytes

PRECISIONS: dict[str, np.dtype[Any]] = {"float32": np.dtype("<f4"), "float64": np.dtype("<f8")}


def aligned_zeros(size: int, dtype: np.dtype[Any]) -> FloatArray:
    """Return a vector (size,) of zeros that begins at a cache line, so that no SIMD load crosses two of them."""
    room = np.zeros(size * dtype.itemsize + CACHE_LINE, dtype=np.uint8)
    begin = -room.ctypes.data % CACHE_LINE
    return room[begin : begin + size * dtype.itemsize].view(dtype)
