"""The orders of rows in many epochs, computed in one call: the same as those of `rows.batches`.

This is NumPy's shuffle with a Philox generator (Salmon et al. 2011), whose key and counter are those of
`randomness.generator`.
"""

from typing import Any

import numpy as np

from service.backprop.arrays import IndexArray
from service.backprop.compiled.building import compiled, entry
from service.backprop.randomness import Purpose

ROUNDS = 10
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
PURPOSE = np.uint64(int(Purpose.SHUFFLE) << 48)


@compiled
def _high(a: Any, b: Any) -> Any:
    """Return the upper 64 bits of the product of two 64-bit numbers."""
    a0, a1, b0, b1 = a & LOW, a >> HALF, b & LOW, b >> HALF
    middle = a1 * b0 + ((a0 * b0) >> HALF)
    return a1 * b1 + (middle >> HALF) + ((a0 * b1 + (middle & LOW)) >> HALF)


@compiled
def _block(counter: Any, key_0: Any, key_1: Any, words: Any) -> None:
    """Compute Philox4x64-10 of the counter (counter, 0, 0, 0) into `words` (4,)."""
    c0, c1, c2, c3 = counter, np.uint64(0), np.uint64(0), np.uint64(0)
    for number in range(ROUNDS):
        if number:
            key_0 += WEYL_0
            key_1 += WEYL_1
        high_0, low_0 = _high(MULTIPLIER_0, c0), MULTIPLIER_0 * c0
        high_1, low_1 = _high(MULTIPLIER_1, c2), MULTIPLIER_1 * c2
        c0, c1, c2, c3 = high_1 ^ c1 ^ key_0, low_1, high_0 ^ c3 ^ key_1, low_0
    words[0], words[1], words[2], words[3] = c0, c1, c2, c3


@entry
def orders(count: int, shuffle: bool, seed: int, first: int, epochs: int) -> IndexArray:
    """Return the orders (epochs, count) of `count` rows in the epochs from `first` on; `count` must be below 2**32."""
    result = np.empty((epochs, count), dtype=np.intp)
    words = np.empty(4, dtype=np.uint64)
    for number in range(epochs):
        order = result[number]
        for i in range(count):
            order[i] = i
        if not shuffle:
            continue
        counter, used = np.uint64(0), 8  # halves of words
        for i in range(count - 1, 0, -1):
            mask = np.uint64(i)
            for shift in (1, 2, 4, 8, 16):
                mask |= mask >> np.uint64(shift)
            j = np.uint64(i + 1)
            while j > np.uint64(i):
                if used == 8:
                    counter += np.uint64(1)
                    _block(counter, np.uint64(seed), PURPOSE | np.uint64(first + number), words)
                    used = 0
                word = words[used // 2]
                j = ((word >> HALF) if used % 2 else (word & LOW)) & mask
                used += 1
            order[i], order[np.intp(j)] = order[np.intp(j)], order[i]
    return result
