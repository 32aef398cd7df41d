"""Histograms of parameters: bins of different epochs fit into each other, and ranges are kept to."""

import numpy as np
import pytest

from service.definitions.build import build_network
from service.explain.parameter_histograms import aligned_edges, layer_histograms

DENSE = {"type": "dense", "units": 3, "activation": "tanh"}


@pytest.mark.parametrize("bins", [2, 3, 50, 1000])
@pytest.mark.parametrize(
    "low, high", [(-0.3, 0.7), (0.0, 0.0), (1.0, 1.0), (-1e-12, 1e30), (5.0, 5.0 + 1e-9), (-2.0, 2.0), (0.25, 0.5)]
)
def test_bins_are_multiples_of_a_power_of_two_and_hold_the_ends(low: float, high: float, bins: int) -> None:
    edges = aligned_edges(low, high, bins)
    assert 2 <= len(edges) <= bins + 1
    width = edges[1] - edges[0]
    assert np.frexp(width)[0] == 0.5 and (np.diff(edges) == width).all() and (edges % width == 0).all()
    assert edges[0] <= low and high < edges[-1]


def test_bins_of_a_smaller_range_lie_within_those_of_a_larger_one() -> None:
    random = np.random.default_rng(1)
    small, large = random.normal(scale=0.1, size=1000), random.normal(scale=3, size=1000)
    fine = aligned_edges(small.min(), small.max(), 50)
    coarse = aligned_edges(large.min(), large.max(), 50)
    within = coarse[(coarse > fine[0]) & (coarse < fine[-1])]
    assert len(within) and np.isin(within, fine).all()


def test_each_array_of_each_layer_is_counted() -> None:
    layers = [DENSE, {"type": "batch_normalization"}, {"type": "dropout", "rate": 0.5}, DENSE]
    network = build_network({"inputs": 4, "layers": layers}, "float32")
    network.initialize(1)
    first, normalization, dropout, last = layer_histograms(network, 20, None)
    assert (first["layer"], first["type"], dropout["parameters"]) == (0, "dense", {})
    assert set(first["parameters"]) == {"weights", "biases"} and len(normalization["parameters"]) > 2
    weights = first["parameters"]["weights"]
    assert weights["size"] == sum(weights["counts"]) == 12 and len(weights["counts"]) <= 20
    assert last["parameters"]["weights"]["size"] == 9


def test_values_outside_of_a_range_are_below_or_above_and_others_in_exactly_so_many_bins() -> None:
    network = build_network({"inputs": 3, "layers": [DENSE]}, "float64")
    network.initialize(1)
    network.layers[0].values["weights"][...] = np.array([[-2, -1, -0.5], [0, 0.5, 1], [2, 3, np.inf]])
    [layer] = layer_histograms(network, 4, (-1.0, 1.0))
    weights = layer["parameters"]["weights"]
    assert weights["edges"] == [-1, -0.5, 0, 0.5, 1] and weights["counts"] == [1, 1, 1, 2]
    assert (weights["below"], weights["above"], weights["not_finite"]) == (1, 2, 1)
    assert (weights["minimum"], weights["maximum"], weights["mean"]) == (-2.0, 3.0, 0.375)
