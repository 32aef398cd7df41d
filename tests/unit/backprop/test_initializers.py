"""Initial values have the means, variances and shapes that their names promise."""

from typing import Any

import numpy as np
import pytest

from service.backprop.initializers import INITIALIZERS
from service.backprop.layers import Dense
from service.backprop.network import Network

FAN_IN, FAN_OUT = 300, 200
VARIANCE: dict[str, tuple[dict[str, Any], float, float]] = {  # by name: settings, mean, variance
    "zeros": ({}, 0.0, 0.0),
    "constant": ({"value": 0.3}, 0.3, 0.0),
    "normal": ({"mean": 0.5, "stddev": 2.0}, 0.5, 4.0),
    "uniform": ({"minimum": -1.0, "maximum": 3.0}, 1.0, 16 / 12),
    # a normal cut off at two standard deviations keeps 0.7737 of its variance
    "truncated_normal": ({"mean": -1.0, "stddev": 0.5}, -1.0, 0.25 * 0.773741),
    "orthogonal": ({"gain": 2.0}, 0.0, 4.0 / FAN_IN),
    "glorot_uniform": ({}, 0.0, 2 / (FAN_IN + FAN_OUT)),
    "glorot_normal": ({}, 0.0, 2 / (FAN_IN + FAN_OUT)),
    "he_uniform": ({}, 0.0, 2 / FAN_IN),
    "he_normal": ({}, 0.0, 2 / FAN_IN),
    "lecun_uniform": ({}, 0.0, 1 / FAN_IN),
    "lecun_normal": ({}, 0.0, 1 / FAN_IN),
}


def drawn(name: str, shape: tuple[int, ...] = (FAN_IN, FAN_OUT), **settings: Any) -> Any:
    return INITIALIZERS[name](**settings).draw(np.random.default_rng(2), shape, FAN_IN, FAN_OUT)


def test_every_initializer_is_looked_at() -> None:
    assert set(VARIANCE) == set(INITIALIZERS)


@pytest.mark.parametrize("name", list(VARIANCE))
def test_mean_and_variance_are_as_documented(name: str) -> None:
    settings, mean, variance = VARIANCE[name]
    values = drawn(name, **settings)
    assert values.shape == (FAN_IN, FAN_OUT)
    assert values.mean() == pytest.approx(mean, abs=5 * (variance / values.size) ** 0.5 + 1e-12)
    assert values.var() == pytest.approx(variance, rel=0.03, abs=1e-20)


@pytest.mark.parametrize("name", ["glorot_uniform", "he_uniform", "lecun_uniform"])
def test_uniform_values_fill_their_interval_evenly(name: str) -> None:
    bound = (3 * VARIANCE[name][2]) ** 0.5
    counts, _ = np.histogram(drawn(name), bins=10, range=(-bound, bound))
    assert counts.sum() == FAN_IN * FAN_OUT
    assert counts.min() > 0.95 * counts.mean()


def test_truncated_values_lie_within_two_deviations() -> None:
    distance = np.abs(drawn("truncated_normal", mean=3.0, stddev=0.5) - 3.0)
    assert 0.99 < distance.max() <= 1.0


@pytest.mark.parametrize(("rows", "columns"), [(30, 20), (20, 30), (25, 25)])
def test_orthogonal_rows_or_columns_are_orthonormal_times_the_gain(rows: int, columns: int) -> None:
    W = drawn("orthogonal", (rows, columns), gain=3.0)
    product = W.T @ W if rows >= columns else W @ W.T
    np.testing.assert_allclose(product, 9.0 * np.eye(min(rows, columns)), atol=1e-12)


def test_orthogonal_biases_are_a_vector_as_long_as_the_gain() -> None:
    assert np.linalg.norm(drawn("orthogonal", (7,), gain=3.0)) == pytest.approx(3.0)


@pytest.mark.parametrize("name", list(VARIANCE))
def test_both_precisions_start_from_the_same_draw(name: str) -> None:
    initializer = INITIALIZERS[name](**VARIANCE[name][0])
    starts = {}
    for precision in ("float32", "float64"):
        layer = Dense(5, initializer=initializer, bias_initializer=initializer)
        network = Network(4, [layer, layer], precision)
        network.initialize(11)
        starts[precision] = network.parameters
    np.testing.assert_array_equal(starts["float64"].astype("float32"), starts["float32"])


def test_layers_weights_and_biases_are_drawn_apart() -> None:
    normal = INITIALIZERS["normal"]()
    network = Network(3, [Dense(3, initializer=normal, bias_initializer=normal) for _ in range(2)], "float64")
    network.initialize(11)
    assert len(np.unique(network.parameters)) == network.parameters.size
