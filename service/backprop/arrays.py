"""The array types and precisions of the engine."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[Any]  # float32 or float64, the network's precision
IndexArray = NDArray[np.intp]

PRECISIONS: dict[str, np.dtype[Any]] = {"float32": np.dtype("<f4"), "float64": np.dtype("<f8")}
