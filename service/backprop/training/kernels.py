"""The choice of what computes the steps of training: NumPy, or compiled code if Numba is installed.

Importing this module imports neither.
"""

from importlib.util import find_spec

AUTO, NUMPY, NUMBA = "auto", "numpy", "numba"


def has_numba() -> bool:
    """Return whether compiled steps are available, without importing Numba."""
    return all(find_spec(name) is not None for name in ("numba", "scipy"))  # Numba calls the BLAS through SciPy


def resolve(choice: str) -> str:
    """Return the kernels that `auto`, `numpy` or `numba` selects on this machine."""
    if choice == AUTO:
        return NUMBA if has_numba() else NUMPY
    return choice
