"""The compilation of this package's functions, and the folder that caches it."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

# a product and a sum may be fused into one operation; nothing else is rearranged
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}

Function = TypeVar("Function", bound=Callable[..., Any])


def _digest() -> str:
    """Return a digest of all sources of this package, as Numba compares only one file to invalidate its cache."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


numba.config.CACHE_DIR = str(Path(__file__).parent / "__pycache__" / _digest())


def compiled(function: Function) -> Function:
    """Compile a function that other compiled functions call; it is inlined into them or linked with them."""
    result: Function = numba.njit(**OPTIONS)(function)
    return result


def entry(function: Function) -> Function:
    """Compile a function that Python calls: at its first call, and cached for later processes."""
    result: Function = numba.njit(cache=True, **OPTIONS)(function)
    return result
