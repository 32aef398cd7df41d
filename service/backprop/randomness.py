"""Random numbers as a pure function of (seed, purpose, epoch, batch, part), so that no generator state is stored.

Philox is a counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): its key is
(seed, purpose and epoch), its counter starts at batch and part. A resumed run therefore draws the same numbers as an
uninterrupted one.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """The purposes of random numbers, with the meaning of the other arguments of `generator`."""

    PARAMETERS = 1  # epoch: the layer's index; batch: 0 weights, 1 biases
    SHUFFLE = 2
    SPLIT = 3  # the validation rows
    DROPOUT = 4  # part: the layer's index and the shard
    TEST = 5  # the test rows
    SAMPLE = 6  # the rows on which diagnostics count units


def generator(seed: int, purpose: Purpose, epoch: int = 0, batch: int = 0, part: int = 0) -> np.random.Generator:
    """Return the generator for these numbers; `seed` must be below 2**63, the others below 2**48."""
    key = np.array([seed, (int(purpose) << 48) | epoch], dtype=np.uint64)
    counter = np.array([0, 0, part, batch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(counter=counter, key=key))
