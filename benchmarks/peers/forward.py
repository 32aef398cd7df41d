"""A dense network of ReLU units with a softmax, in a few lines of NumPy, for the servers that `make bench-serve` runs.

It needs NumPy alone, so that it can be imported in every environment.
"""

from pathlib import Path
from typing import Any

import numpy as np


class Forward:
    def __init__(self, layers: list[tuple[Any, Any]]) -> None:
        self._layers = layers
        self.shape = (-1, len(layers[0][0]))

    def __call__(self, X: Any) -> Any:
        A = X
        for W, b in self._layers[:-1]:
            A = np.maximum(A @ W + b, 0)
        W, b = self._layers[-1]
        Z = A @ W + b
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)


def read_networks(folder: Path) -> dict[str, Forward]:
    """Return the networks of a folder by name; each is an NPZ file of float32 arrays: weights, biases, weights, ..."""
    return {path.stem: Forward(_layers(np.load(path))) for path in sorted(folder.glob("*.npz"))}


def _layers(arrays: Any) -> list[tuple[Any, Any]]:
    return [(arrays[f"W{index}"], arrays[f"b{index}"]) for index in range(len(arrays.files) // 2)]
