"""What is measured of a run's layers, and what it warns of."""

from typing import Any

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.initializers import INITIALIZERS
from service.backprop.layers import LAYERS, Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import SGD
from service.backprop.training import diagnostics
from service.backprop.training.diagnostics import LayerDiagnostics, plateau, sample_of, stride, warnings_of
from service.backprop.training.loop import train
from service.backprop.training.results import EpochRun
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings

RATE = 0.5


def dense(activation: str, weights: Any, biases: Any) -> Dense:
    W, b = np.array(weights, dtype=float), np.array(biases, dtype=float)
    return Dense(len(b), ACTIVATIONS[activation](), weights=W, biases=b)


def first_epoch(network: Network, X: Any, Y: Any) -> EpochRun:
    """One step over all rows."""
    network.initialize(0)
    settings = TrainingSettings(LOSSES["quadratic"](), SGD(learning_rate=RATE), 1, len(X), False, 0)
    *_, result = train(network, settings, ArrayRows(np.array(X, float), np.array(Y, float)))
    return result


def measured(network: Network, X: Any, Y: Any) -> tuple[LayerDiagnostics, ...]:
    layers = first_epoch(network, X, Y).layers
    assert layers is not None
    return layers


def test_norms_are_those_computed_by_hand() -> None:
    layers = [dense("tanh", [[0.5, -1.0]], [0.1, 0.2]), LAYERS["dropout"](0.0), dense("linear", [[1.0], [2.0]], [0.3])]
    X, Y = np.array([[1.0], [-2.0]]), np.array([[0.5], [1.0]])
    found = measured(Network(1, layers, "float64"), X, Y)
    A = np.tanh(X @ [[0.5, -1.0]] + [0.1, 0.2])
    output = (A @ [[1.0], [2.0]] + 0.3 - Y) / 2  # over two rows
    hidden = output @ [[1.0, 2.0]] * (1 - A**2)
    expected = [(hidden, X, [[0.5, -1.0]], [0.1, 0.2]), (output, A, [[1.0], [2.0]], [0.3])]
    for layer, (delta, before, W, b) in zip((found[0], found[2]), expected, strict=True):
        step = -RATE * np.vstack([before.T @ delta, delta.sum(axis=0)])
        assert layer.delta == pytest.approx(np.linalg.norm(delta.sum(axis=0)))
        assert layer.error == pytest.approx(np.linalg.norm(delta))
        assert layer.updates == pytest.approx(np.linalg.norm(step))
        assert layer.weights == pytest.approx(np.linalg.norm(np.vstack([W, b]) + step))


def test_a_layer_without_parameters_has_a_delta_alone() -> None:
    layers = [dense("linear", [[1.0]], [0.0]), LAYERS["dropout"](0.0), dense("linear", [[1.0]], [0.0])]
    layer = measured(Network(1, layers, "float64"), [[1.0]], [[0.0]])[1]
    assert (layer.weights, layer.updates, layer.saturated, layer.dead) == (None, None, None, None)
    assert layer.delta == pytest.approx(1.0)


def test_saturated_outputs_are_counted() -> None:
    # weighted inputs 0, 0 and 0 in the first unit; 0, 20 and -20 in the second
    layers = [dense("sigmoid", [[0.0, 20.0]], [0.0, 0.0]), dense("linear", [[0.0], [0.0]], [0.0])]
    hidden, output = measured(Network(1, layers, "float64"), [[0.0], [1.0], [-1.0]], [[0.0]] * 3)
    assert hidden.saturated == pytest.approx(2 / 6)
    assert (hidden.dead, output.saturated, output.dead) == (None, None, None)


def test_units_that_no_row_wakes_are_dead() -> None:
    layers = [dense("relu", [[1.0, 1.0, 1.0, 1.0]], [0.0, -3.0, -1.5, -9.0]), dense("linear", [[0.0]] * 4, [0.0])]
    result = first_epoch(Network(1, layers, "float64"), [[1.0], [2.0]], [[0.0]] * 2)
    assert result.layers is not None
    assert (result.layers[0].dead, result.layers[0].saturated) == (0.5, None)
    assert [(warned.code, warned.layer, warned.epoch) for warned in result.warnings] == [("dead_units", 0, 1)]


def test_an_activation_of_its_own_is_looked_at_behind_its_inputs() -> None:
    relu = LAYERS["activation"](ACTIVATIONS["relu"]())
    layers = [dense("linear", [[1.0, 1.0]], [0.0, -3.0]), relu, dense("linear", [[0.0]] * 2, [0.0])]
    assert measured(Network(1, layers, "float64"), [[1.0], [2.0]], [[0.0]] * 2)[1].dead == 0.5
    assert measured(Network(1, [relu, dense("linear", [[0.0]], [0.0])], "float64"), [[-1.0]], [[0.0]])[0].dead == 1.0


def warned(*errors: float | None) -> list[tuple[str, int | None]]:
    network = Network(1, [Dense(1) for _ in errors])
    layers = [LayerDiagnostics(1.0, 1.0, 1.0, None, None, error) for error in errors]
    return [(warning.code, warning.layer) for warning in warnings_of(network, 3, layers)]


def test_an_error_that_hardly_reaches_a_layer_is_warned_of() -> None:
    assert warned(0.019, 0.021, 1.0) == [("vanishing_gradient", 0)]
    assert warned(51.0, 49.0, 1.0) == [("exploding_gradient", 0)]
    assert warned(1.0, 1.0) == warned(1.0) == warned() == []
    assert warned(None, 1.0) == warned(1.0, None) == []  # from a state of an earlier release


def test_an_output_without_any_error_is_no_reason_to_warn() -> None:
    assert warned(0.0, 0.0) == []


def trained(network: Network, X: Any, Y: Any, epochs: int, rate: float) -> list[EpochRun]:
    """Train with full batches."""
    network.initialize(1)
    rows = ArrayRows(np.array(X, float), np.array(Y, float))
    optimizer = SGD(learning_rate=rate, momentum=0.9)
    settings = TrainingSettings(LOSSES["mean_squared_error"](), optimizer, epochs, len(rows), False, 1)
    return list(train(network, settings, rows))


def test_a_network_that_converges_in_full_batches_is_not_warned_of() -> None:
    random = np.random.default_rng(1)
    X = random.normal(size=(40, 3))
    Y = np.sin(X[:, :1]) + 0.3 * random.normal(size=(40, 1))
    network = Network(3, [Dense(6, ACTIVATIONS["tanh"]()), Dense(1)], "float64")
    runs = trained(network, X, Y, epochs=300, rate=0.1)
    assert runs[-1].training_loss[-1] < 0.1
    measured = [run.layers for run in runs if run.layers is not None]
    assert max(layers[0].delta / layers[1].delta for layers in measured) > 50  # the errors of rows cancel in it
    assert [warned.code for run in runs for warned in run.warnings if warned.code.endswith("gradient")] == []


def test_errors_that_grow_from_layer_to_layer_are_warned_of() -> None:
    random = np.random.default_rng(1)
    X, Y = random.normal(size=(64, 8)), random.normal(size=(64, 1))
    wide = INITIALIZERS["normal"](stddev=4.0)
    layers = [Dense(16, ACTIVATIONS["relu"](), initializer=wide) for _ in range(4)]
    runs = trained(Network(8, [*layers, Dense(1, initializer=wide)], "float64"), X, Y, epochs=1, rate=1e-12)
    warned = [(warning.code, warning.layer) for warning in runs[-1].warnings]
    assert warned == [("exploding_gradient", 0), ("exploding_gradient", 1), ("exploding_gradient", 2)]


def test_units_are_counted_on_rows_of_every_class_where_rows_are_sorted() -> None:
    # the first half of the rows wakes the first unit, the second half the other
    X, Y = np.repeat([[1.0], [-1.0]], 1000, axis=0), np.zeros((2000, 1))
    layers = [dense("relu", [[1.0, -1.0]], [0.0, 0.0]), dense("linear", [[0.0]] * 2, [0.0])]
    assert measured(Network(1, layers, "float64"), X, Y)[0].dead == 0.0


def test_the_rows_units_are_counted_on_depend_on_the_seed_alone() -> None:
    assert sample_of(200, 1).tolist() == list(range(200))
    sample = sample_of(10_000, 1)
    assert sample.tolist() == sorted(set(sample.tolist())) and len(sample) == 256 and sample[-1] < 10_000
    assert sample_of(10_000, 1).tolist() == sample.tolist() != sample_of(10_000, 2).tolist()


def plateaus(values: list[float], epochs: int) -> list[int]:
    memory: dict[str, float] = {}
    found = [plateau(epoch, epochs, [value], memory) for epoch, value in enumerate(values)]
    together = plateau(0, epochs, values, {})
    assert (None if together is None else together.epoch) == (found_epochs(found) or [None])[-1]
    return found_epochs(found)


def found_epochs(found: list[Any]) -> list[int]:
    return [warning.epoch for warning in found if warning is not None]


def test_a_plateau_is_warned_of_once() -> None:
    assert plateaus([1.0] * 100, 100) == [20]
    assert plateaus([1.0] * 1000, 1000) == [100]


def test_a_gain_begins_the_wait_for_a_plateau_anew() -> None:
    assert plateaus([1.0] * 15 + [0.5] * 50, 100) == [35]
    assert plateaus([1.0] * 30 + [0.5] * 50, 100) == [20, 50]


def test_a_gain_of_a_thousandth_is_none() -> None:
    assert plateaus([1.0 - 2e-5 * epoch for epoch in range(40)], 100) == [20]
    assert plateaus([1.0 - 2e-3 * epoch for epoch in range(40)], 100) == []


def test_accuracies_are_watched_with_their_sign_turned() -> None:
    assert plateaus([-0.5] * 40, 100) == [20]
    assert plateaus([-0.5 - 0.01 * epoch for epoch in range(40)], 100) == []


@pytest.mark.parametrize(("rows", "batches", "expected"), [(4, 1, 43), (1000, 100, 4), (50_000, 5000, 1)])
def test_measurements_are_as_far_apart_as_they_are_dear(rows: int, batches: int, expected: int) -> None:
    assert stride(rows, batches) == expected


def test_epochs_that_are_powers_of_two_are_always_measured() -> None:
    due = [epoch for epoch in range(70) if diagnostics.is_due(epoch, 27)]
    assert due == [1, 2, 4, 8, 16, 27, 32, 54, 64]
