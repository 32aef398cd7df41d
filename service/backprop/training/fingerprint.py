"""The fingerprint of a machine: everything besides program and data that decides the bits of a result.

Processes with equal fingerprints compute equal bits. The number of threads is not included, as batches are split by
their shapes alone.
"""

import ctypes
import importlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from service.backprop.training.kernels import AUTO, NUMPY, resolve

CORE_NAMES = ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename")


def kernels(choice: str = AUTO) -> str:
    """Return the kernels that a value of `BACKPROP_KERNELS` selects; compiled ones with their versions."""
    name = resolve(choice)
    return name if name == NUMPY else " ".join(f"{part} {version(part)}" for part in ("numba", "llvmlite", "scipy"))


@cache
def fingerprint(choice: str = AUTO) -> str:
    """Return the fingerprint of this process as text: versions, BLAS core type, CPU features in use and kernels."""
    blas = _blas()
    parts = {
        "numpy": np.__version__,
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', 'unknown')}",
        "core": _core_type(),
        "features": " ".join(_features()),
        "kernels": kernels(choice),
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def differences(before: str, now: str) -> str:
    """Return a description of the differences between two fingerprints."""
    old, new = before.split("; "), now.split("; ")
    gone = [part for part in old if part not in new]
    come = [part for part in new if part not in old]
    return f"{', '.join(gone)} became {', '.join(come)}"


def _blas() -> dict[str, Any]:
    config: Any = np.show_config(mode="dicts")
    found: dict[str, Any] = (config or {}).get("Build Dependencies", {}).get("blas", {})
    return found


def _core_type() -> str:
    """Return the core type for which the OpenBLAS in NumPy's wheel has chosen its kernels."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            if name := _core_of(path):
                return name
    return "unknown"


def _core_of(path: Path) -> str | None:
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    for name in CORE_NAMES:
        function = getattr(library, name, None)
        if function is not None:
            function.restype = ctypes.c_char_p
            return str(function().decode())
    return None


def _features() -> list[str]:
    """Return the CPU features that NumPy uses: those it has code for, finds here, and that are not disabled."""
    try:
        core: Any = importlib.import_module("numpy._core._multiarray_umath")
        known = {*core.__cpu_baseline__, *core.__cpu_dispatch__}
        return sorted(name for name, there in core.__cpu_features__.items() if there and name in known)
    except (ImportError, AttributeError):
        return ["unknown"]
