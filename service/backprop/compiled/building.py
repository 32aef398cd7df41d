"""The compilation of this package's functions, and the folder that caches it."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

# a product and a sum may become one fused operation; nothing else is rearranged
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}

Function = TypeVar("Function", bound=Callable[..., Any])


def _digest() -> str:
    """A digest of all of this package's sources: Numba itself compares one file alone to find its cache old."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


numba.config.CACHE_DIR = str(Path(__file__).parent / "__pycache__" / _digest())


def compiled(function: Function) -> Function:
    """A function that others of this package call; it becomes part of them."""
    result: Function = numba.njit(**OPTIONS)(function)
    return result


def entry(function: Function) -> Function:
    """A function that is called from outside: compiled at its first call and cached for later processes."""
    result: Function = numba.njit(cache=True, **OPTIONS)(function)
    return result
