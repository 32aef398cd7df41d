"""What computes the steps of training: NumPy, or what Numba compiles where that is installed.

Importing this imports neither.
"""

from importlib.util import find_spec

AUTO, NUMPY, NUMBA = "auto", "numpy", "numba"


def has_numba() -> bool:
    """Whether compiled steps can be had; nothing of it is imported yet."""
    return all(find_spec(name) is not None for name in ("numba", "scipy"))  # Numba calls the BLAS through SciPy


def resolve(choice: str) -> str:
    """The kernels that `auto`, `numpy` or `numba` means here."""
    if choice == AUTO:
        return NUMBA if has_numba() else NUMPY
    return choice
