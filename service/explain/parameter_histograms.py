"""Histograms of a network's parameters, layer by layer, whose bins fit those of other epochs."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from service.backprop.arrays import FloatArray
from service.backprop.network import Network
from service.explain.answers import LayerHistograms, ParameterHistogram

BLOCK = 1_000_000  # values that are converted at once
FINEST = 2.0**-20  # the least spread, as a share of the largest value, that bins resolve
LEAST_SPREAD = 2.0**-30

Numbers = NDArray[np.float64]


def layer_histograms(network: Network, bins: int, interval: tuple[float, float] | None) -> list[LayerHistograms]:
    """Count the parameters of each layer in at most `bins` bins, or in exactly so many within an interval."""
    return [
        {
            "layer": placed.index,
            "type": placed.layer.name,
            "parameters": {name: _histogram(values, bins, interval) for name, values in placed.values.items()},
        }
        for placed in network.layers
    ]


def _histogram(values: FloatArray, bins: int, interval: tuple[float, float] | None) -> ParameterHistogram:
    """Count the values of one array; those outside of an interval are `below` or `above`."""
    flat = values.reshape(-1)
    size, total, low, high = 0, 0.0, math.inf, -math.inf
    for block in _blocks(flat):
        size, total = size + len(block), total + float(block.sum())
        low, high = min(low, float(block.min())), max(high, float(block.max()))
    mean = total / size if size else 0.0
    if interval is None:
        edges = aligned_edges(low, high, bins) if size else np.zeros(0)
    else:
        edges = np.linspace(*interval, bins + 1)
    squares, below, above, counts = 0.0, 0, 0, np.zeros(max(len(edges) - 1, 0), dtype=np.int64)
    for block in _blocks(flat):
        squares += float(((block - mean) ** 2).sum())
        below, above = below + int((block < edges[0]).sum()), above + int((block > edges[-1]).sum())
        counts += np.histogram(block, edges)[0]
    return {
        "size": values.size,
        "minimum": low if size else None,
        "maximum": high if size else None,
        "mean": mean if size else None,
        "standard_deviation": math.sqrt(squares / size) if size else None,
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "below": below,
        "above": above,
        "not_finite": values.size - size,
    }


def _blocks(values: FloatArray) -> Iterator[Numbers]:
    """Yield the finite values in blocks, as float64."""
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK].astype(np.float64)
        finite = block[np.isfinite(block)]
        if len(finite):
            yield finite


def aligned_edges(low: float, high: float, bins: int) -> Numbers:
    """Return the edges of at most `bins` bins, of the least width that is a power of two, at multiples of the width.

    Two histograms of any ranges can so be compared: the bins of the one with the smaller width lie within those of the
    other, and their counts add up.
    """
    spread = max(high - low, FINEST * max(abs(low), abs(high)), LEAST_SPREAD)
    width = 2.0 ** math.ceil(math.log2(spread / bins))
    while math.floor(high / width) - math.floor(low / width) >= bins:
        width *= 2
    first, last = math.floor(low / width), math.floor(high / width) + 1
    return np.arange(first, last + 1, dtype=np.float64) * width
