"""The loss along parameters is what a whole pass with the moved parameter gives."""

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.inspection.landscape import Landscape
from service.backprop.inspection.parameter_index import Place, place_at, position, stored_position
from service.backprop.layers import LAYERS, Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.training.row_weights import Weighing

RANDOM = np.random.default_rng(2)
X, Y, SAMPLES = RANDOM.normal(size=(7, 3)), np.eye(2)[RANDOM.integers(0, 2, 7)], RANDOM.uniform(0.5, 2, 7)
LOSS = LOSSES["quadratic"]()
TANH, SOFTMAX = ACTIVATIONS["tanh"](), ACTIVATIONS["softmax"]()
NETWORKS = {
    "dense": [Dense(4, TANH), Dense(5, TANH), Dense(2, SOFTMAX)],
    "softmax inside": [Dense(4, SOFTMAX), Dense(2)],
    "every kind": [
        Dense(4),
        LAYERS["batch_normalization"](),
        LAYERS["activation"](TANH),
        LAYERS["dropout"](0.3),
        Dense(5, TANH),
        LAYERS["layer_normalization"](),
        Dense(2, ACTIVATIONS["sigmoid"]()),
    ],
    "ends in another layer": [Dense(2), LAYERS["layer_normalization"](), LAYERS["activation"](SOFTMAX)],
    "one layer": [Dense(2)],
}


@pytest.fixture(params=list(NETWORKS))
def network(request: pytest.FixtureRequest) -> Network:
    made = Network(3, NETWORKS[request.param], "float64")
    made.initialize(1)
    made.parameters[...] += np.random.default_rng(4).normal(0.0, 0.3, made.parameters.size)
    return made


def cost(network: Network, moves: dict[int, float]) -> float:
    original = network.parameters.copy()
    for at, value in moves.items():
        network.parameters[at] = value
    found = LOSS.total(network.predict(X), Y, SAMPLES) / SAMPLES.sum()
    network.parameters[...] = original
    return float(found)


def test_slopes_and_tangents(network: Network) -> None:
    land = Landscape(network, Weighing(LOSS), X, Y, SAMPLES)
    assert land.loss == pytest.approx(cost(network, {}), rel=1e-14)
    for at in range(network.parameters.size):
        place = place_at(network, at)
        values = land.value(place) + np.linspace(-1, 1, 5)
        expected = [cost(network, {at: float(value)}) for value in values]
        np.testing.assert_allclose(land.along(place, values), expected, rtol=1e-12)
        near = land.along(place, land.value(place) + np.array([1e-5, -1e-5]))
        assert land.gradient(place) == pytest.approx((near[0] - near[1]) / 2e-5, abs=1e-8)


def test_surfaces(network: Network) -> None:
    land = Landscape(network, Weighing(LOSS), X, Y, SAMPLES)
    random = np.random.default_rng(8)
    for _ in range(20):
        a, b = (int(at) for at in random.choice(network.parameters.size, 2, replace=False))
        x, y = place_at(network, a), place_at(network, b)
        xs, ys = land.value(x) + np.linspace(-1, 1, 3), land.value(y) + np.linspace(-2, 2, 4)
        expected = [[cost(network, {a: float(at), b: float(value)}) for value in ys] for at in xs]
        np.testing.assert_allclose(land.over(x, y, xs, ys), expected, rtol=1e-12)
        pairs = [(float(xs[0]), float(ys[3])), (float(xs[2]), float(ys[1]))]
        np.testing.assert_allclose(land.at(x, y, pairs), [expected[0][3], expected[2][1]], rtol=1e-12)
    np.testing.assert_array_equal(land.network.parameters, network.parameters)


def test_many_points_are_worked_on_in_parts(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    land = Landscape(network, Weighing(LOSS), X, Y, SAMPLES)
    place, values = place_at(network, 1), np.linspace(-1, 1, 23)
    whole = land.along(place, values)
    monkeypatch.setattr("service.backprop.inspection.landscape.CHUNK_NUMBERS", 100)
    np.testing.assert_allclose(land.along(place, values), whole, rtol=1e-14)


def test_places_are_found_where_parameters_lie_and_where_they_are_stored() -> None:
    network = Network(3, NETWORKS["every kind"], "float64")
    network.vector[...] = np.arange(network.vector.size)
    stored = np.frombuffer(network.stored_bytes())
    for at in range(network.parameters.size):
        place = place_at(network, at)
        assert position(network, place) == at
        assert network.layers[place.layer].values[place.name][place.index] == at
        assert stored[stored_position(network, place)] == at
    assert place_at(network, 5) == Place(0, "weights", (1, 1))
