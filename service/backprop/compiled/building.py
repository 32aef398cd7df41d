"""How this package's functions are compiled, and where what was compiled is kept."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

# a product and a sum may become one fused operation; nothing else is rearranged
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}

Function = TypeVar("Function", bound=Callable[..., Any])


def _digest() -> str:
    """Of this package's sources: Numba looks at one file alone to tell whether what it kept is out of date."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


numba.config.CACHE_DIR = str(Path(__file__).parent / "__pycache__" / _digest())


def compiled(function: Function) -> Function:
    """A function that others of this package call; it becomes part of them."""
    result: Function = numba.njit(**OPTIONS)(function)
    return result


def entry(function: Function) -> Function:
    """A function that is called from outside: compiled at its first call and kept for later processes."""
    result: Function = numba.njit(cache=True, **OPTIONS)(function)
    return result
