"""The array types of the engine, and the scratch arrays its steps write into. Imports NumPy only."""

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IndexArray: TypeAlias = NDArray[np.intp]
Precision: TypeAlias = Literal["float32", "float64"]


class Scratch(NamedTuple):
    """Arrays whose contents mean nothing between two calls, so that no step has to allocate.

    `full` and `spare` have the shape of a layer's activations (n_samples, units), `column` is (n_samples, 1).
    """

    full: FloatArray
    spare: FloatArray
    column: FloatArray

    @classmethod
    def like(cls, A: FloatArray) -> "Scratch":
        """Scratch arrays that fit the activations `A`."""
        return cls(np.empty_like(A), np.empty_like(A), np.empty((len(A), 1), A.dtype))


def quiet() -> np.errstate:
    """No NumPy warnings inside: overflow to infinity and underflow to zero are meant, and NaN is looked for by hand.

    A context of the thread that enters it: never held across a `yield`.
    """
    return np.errstate(all="ignore")
