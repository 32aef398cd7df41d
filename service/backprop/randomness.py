"""Randomness as a pure function of (seed, purpose, epoch, batch): there is no generator state to save or to lose.

Philox (Salmon et al., 2011) is a cipher in counter mode: a key and a counter give the stream, whatever was drawn before.
Imports NumPy only.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence


class Purpose(IntEnum):
    """What the numbers are for: streams of different purposes never meet. Values are fixed: they make results."""

    PARAMETERS = 1
    SHUFFLE = 2
    SPLIT = 3
    """Rows set aside for validation."""
    DROPOUT = 4


class _Key(ISeedSequence):
    """Hands Philox its key as it is: drawing entropy and hashing it would cost more than a small epoch."""

    def __init__(self, key: Sequence[int]) -> None:
        self._key = np.array(key, np.uint64)

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
        if n_words != 2 or np.dtype(dtype) != np.uint64:
            raise ValueError(f"a key of two uint64 was made, not {n_words} of {np.dtype(dtype)}")
        return self._key


def generator(seed: int, purpose: Purpose, epoch: int = 0, batch: int = 0) -> np.random.Generator:
    """The stream for these four numbers, each from 0 to 2**64 - 1.

    The key is (seed, purpose); epoch and batch are upper words of the counter, so a stream has 2**64 blocks of its own.
    """
    counter = np.array([0, batch, epoch, 0], np.uint64)
    return np.random.Generator(np.random.Philox(_Key((seed, int(purpose))), counter=counter))
