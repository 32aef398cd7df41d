"""How many bytes of memory an object takes together with everything that it alone leads to."""

import gc
import sys
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)  # of the program, not of an object


def bytes_of(value: object) -> int:
    """Return the bytes of an object and of what it refers to, each counted once: arrays, texts, tuples, dicts.

    What several objects share, such as a text that both have, is counted for each of them: the sum over objects is
    rather too large.
    """
    seen, waiting, total = set[int](), [value], 0
    while waiting:
        item: Any = waiting.pop()
        if id(item) in seen or isinstance(item, SHARED):
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        if isinstance(item, np.ndarray):
            if item.base is not None:  # a view: the numbers are the other array's, which is found only here
                waiting.append(item.base)
        else:
            waiting += gc.get_referents(item)
    return total
