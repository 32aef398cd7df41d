"""Compiled steps give the numbers of NumPy's: every activation, loss and optimizer, dense, sparse, small and large."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

from service.backprop.activations import ACTIVATIONS
from service.backprop.compiled import activations as compiled_activations
from service.backprop.compiled import losses as compiled_losses
from service.backprop.compiled import steps as compiled_steps
from service.backprop.compiled.shuffling import orders
from service.backprop.compiled.steps import CompiledSteps
from service.backprop.layers import LAYERS, Dense
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.regularization import Regularization
from service.backprop.schedules import SCHEDULES
from service.backprop.training import trainer
from service.backprop.training.kernels import NUMBA, NUMPY
from service.backprop.training.loop import train
from service.backprop.training.results import EpochRun
from service.backprop.training.rows import ArrayRows, batches
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import TrainingState
from service.backprop.training.stopping import EarlyStopping, Stopping
from service.errors import Diverged
from tests.unit.backprop.epochs import Epoch, epochs_of
from tests.unit.backprop.training.checkpoints import Everywhere

BOUNDS = {"float32": 1e-6, "float64": 1e-12}
SGD, ADAM = OPTIMIZERS["sgd"], OPTIMIZERS["adam"]
OPTIMIZERS_COVERED = {
    "sgd": SGD(learning_rate=0.1),
    "momentum": SGD(learning_rate=0.1, momentum=0.9),
    "nesterov": SGD(learning_rate=0.1, momentum=0.9, nesterov=True),
    "adam": ADAM(),
    "amsgrad": ADAM(amsgrad=True),
    "adamw": OPTIMIZERS["adamw"](weight_decay=0.1),
}


def network_of(inputs: int, *layers: tuple[int, str], precision: str) -> Network:
    network = Network(inputs, [Dense(units, ACTIVATIONS[name]()) for units, name in layers], precision)
    network.initialize(3)
    return network


def rows_of(count: int, inputs: int, outputs: int, precision: str, zeros: float = 0.0) -> ArrayRows:
    random = np.random.default_rng(5)
    X = random.normal(size=(count, inputs)) * (random.random((count, inputs)) >= zeros)
    return ArrayRows(
        X.astype(precision),
        np.eye(max(outputs, 2), dtype=precision)[random.integers(0, max(outputs, 2), count)][:, :outputs],
    )


def settings(**changes: Any) -> TrainingSettings:
    values: dict[str, Any] = {
        "loss": LOSSES["quadratic"](),
        "optimizer": SGD(learning_rate=0.1),
        "epochs": 3,
        "batch_size": 8,
        "shuffle": True,
        "seed": 9,
        "kernels": NUMBA,
    }
    return TrainingSettings(**{**values, **changes})


@pytest.fixture(autouse=True)
def no_fallback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every run of a test with Numba's kernels has to be covered by them."""

    def refuse(course: Any) -> Any:
        assert course.settings.kernels == NUMPY, "not covered"
        return numpy_steps(course)

    numpy_steps = trainer.NumPySteps
    monkeypatch.setattr(trainer, "NumPySteps", refuse)
    yield


def epochs_by(network: Network, chosen: TrainingSettings, *rows: Any, **more: Any) -> list[tuple[Any, ...]]:
    return [
        (result.epoch, result.training_loss, result.training_metrics, result.best_epoch, result.parameters)
        for result in epochs_of(train(network, chosen, *rows, **more))
    ]


def assert_same(precision: str, inputs: int, layers: Any, rows: ArrayRows, chosen: TrainingSettings) -> None:
    ends = []
    for kernels in (NUMPY, NUMBA):
        network = network_of(inputs, *layers, precision=precision)
        run = epochs_by(network, replace(chosen, kernels=kernels), rows)
        ends.append((network.parameters.copy(), np.array([epoch[1] for epoch in run])))
    for numpy, numba in zip(*ends, strict=True):
        assert np.abs(numpy - numba).max() < BOUNDS[precision] * max(1.0, np.abs(numpy).max())


@pytest.mark.parametrize("precision", BOUNDS)
@pytest.mark.parametrize("activation", compiled_activations.CODES)
def test_every_activation(activation: str, precision: str) -> None:
    layers = ((6, activation), (7, activation), (3, activation))
    assert_same(precision, 5, layers, rows_of(37, 5, 3, precision), settings())


@pytest.mark.parametrize("precision", BOUNDS)
@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear"])
@pytest.mark.parametrize("loss", compiled_losses.LOSSES)
def test_every_loss_with_matched_and_other_outputs(loss: str, output: str, precision: str) -> None:
    if "cross_entropy" in loss and output == "linear":
        output = "softplus" if loss == "categorical_cross_entropy" else "sigmoid"
    chosen = settings(loss=LOSSES[loss](), optimizer=SGD(learning_rate=0.01))
    assert_same(precision, 5, ((6, "tanh"), (3, output)), rows_of(37, 5, 3, precision), chosen)


@pytest.mark.parametrize("precision", BOUNDS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS_COVERED)
def test_every_optimizer_with_penalties(optimizer: str, precision: str) -> None:
    chosen = settings(optimizer=OPTIMIZERS_COVERED[optimizer], regularization=Regularization(l1=0.01, l2=0.1))
    assert_same(precision, 5, ((6, "tanh"), (3, "sigmoid")), rows_of(37, 5, 3, precision), chosen)


@pytest.mark.parametrize("precision", BOUNDS)
@pytest.mark.parametrize("zeros", [0.0, 0.8, 1.0])
@pytest.mark.parametrize("units", [1, 15, 16, 17, 33, 64, 65, 130])
def test_every_width_with_dense_and_sparse_inputs(units: int, zeros: float, precision: str) -> None:
    rows = rows_of(21, 19, 2, precision, zeros)
    assert_same(precision, 19, ((units, "sigmoid"), (2, "sigmoid")), rows, settings(optimizer=ADAM()))


@pytest.mark.parametrize("precision", BOUNDS)
def test_products_large_enough_for_the_blas(precision: str) -> None:
    rows = rows_of(200, 100, 3, precision)
    chosen = settings(batch_size=100, optimizer=SGD(learning_rate=0.01))
    assert_same(precision, 100, ((90, "tanh"), (80, "tanh"), (3, "softmax")), rows, chosen)


def test_a_schedule_by_batch_and_validation() -> None:
    chosen = settings(schedule=SCHEDULES["one_cycle"](), metrics=(METRICS["accuracy"](),))
    rows, held_out = rows_of(37, 5, 3, "float64"), rows_of(11, 5, 3, "float64")
    runs = []
    for kernels in (NUMPY, NUMBA):
        network = network_of(5, (6, "tanh"), (3, "sigmoid"), precision="float64")
        results = list(epochs_of(train(network, replace(chosen, kernels=kernels), rows, held_out)))
        runs.append([(result.learning_rate, result.training_metrics, result.validation_metrics) for result in results])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 64, 1000, 70_000])
@pytest.mark.parametrize("seed", [0, 12345678901, 2**63 - 1])
def test_compiled_orders_are_those_of_numpy(count: int, seed: int) -> None:
    rows = ArrayRows(np.zeros((count, 1)), np.zeros((count, 1)))
    for first in (1, 1_000_000):
        by_numpy = [np.concatenate(list(batches(rows, 7, True, seed, first + number))) for number in range(3)]
        assert np.array_equal(orders(count, True, seed, first, 3), by_numpy)


@pytest.mark.parametrize("batch_size", [4, 3])
def test_epochs_passed_together_are_those_passed_alone(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> None:
    rows = ArrayRows(np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([[0], [1], [1], [0.0]]))
    chosen = settings(
        epochs=3000, batch_size=batch_size, optimizer=SGD(learning_rate=0.5, momentum=0.9), metrics=(METRICS["mae"](),)
    )
    runs = []
    for most in (compiled_steps.MOST_TOGETHER, 1):
        monkeypatch.setattr(compiled_steps, "MOST_TOGETHER", most)
        runs.append(epochs_by(network_of(2, (4, "sigmoid"), (1, "sigmoid"), precision="float64"), chosen, rows))
    assert [epoch[0] for epoch in runs[0]] == list(range(3001))
    for together, alone in zip(*runs, strict=True):
        assert together[1] == pytest.approx(alone[1], rel=1e-12)
        assert together[2] == pytest.approx(alone[2])
        assert together[3] in (None, alone[3])
        assert together[4] == alone[4]
    assert runs[0][-1][1] < 0.01


def test_a_run_resumed_at_any_epoch_it_can_go_on_from_has_the_same_bits() -> None:
    rows = rows_of(5, 3, 2, "float32")
    chosen = settings(epochs=2500, optimizer=ADAM())

    def fresh() -> Network:
        return network_of(3, (4, "tanh"), (2, "sigmoid"), precision="float32")

    states, undisturbed = [], []
    for result in epochs_of(train(fresh(), chosen, rows)):
        if result.state is not None:
            states.append(TrainingState.from_bytes(result.state().to_bytes()))
        undisturbed.append((result.epoch, result.training_loss, result.parameters))
    assert 10 < len(states) < 100
    for state in states:
        resumed = epochs_of(train(fresh(), chosen, rows, resume=state))
        assert [(result.epoch, result.training_loss, result.parameters) for result in resumed] == undisturbed[
            state.epoch + 1 :
        ]


@pytest.mark.parametrize("stopping", [Stopping(), Stopping(EarlyStopping("training_loss", 1000, 0.0))])
def test_a_run_paused_at_every_epoch_has_the_same_losses_and_best_epoch(stopping: Stopping) -> None:
    """Losses are sums of floats: were one epoch added up in another order than several, early stopping might differ."""
    rows, metrics = rows_of(30, 2, 2, "float64"), (METRICS["mae"](), METRICS["rmse"]())
    chosen = settings(epochs=40, batch_size=5, stopping=stopping, metrics=metrics)

    def fresh() -> Network:
        return network_of(2, (4, "sigmoid"), (2, "sigmoid"), precision="float64")

    def figures(run: EpochRun) -> list[tuple[Any, ...]]:
        return [(each.training_loss, each.training_metrics, each.parameters) for each in epochs_of([run])]

    whole = [(figures(run), run.best_epoch) for run in train(fresh(), chosen, rows)]
    paused: list[tuple[Any, ...]] = []
    state = None
    for epoch in range(41):
        run = next(train(fresh(), chosen, rows, resume=state, pause_at=epoch))
        assert (run.first_epoch, len(run)) == (epoch, 1) and run.state is not None
        state = TrainingState.from_bytes(run.state().to_bytes())
        paused += figures(run)
    assert max(len(run) for run, _ in whole) > 5
    assert paused == [each for run, _ in whole for each in run]
    assert run.best_epoch == whole[-1][1]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_resumed_within_an_epoch_has_the_same_bits(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(compiled_steps, "CHUNK_BYTES", 700)  # 4 batches of 8 rows
    chosen = settings(optimizer=ADAM(), metrics=(METRICS["accuracy"](),), threads=threads)
    rows, layers = rows_of(100, 5, 3, "float32", zeros=0.7), ((6, "relu"), (3, "sigmoid"))

    def run(**more: Any) -> list[tuple[Any, ...]]:
        network = network_of(5, *layers, precision="float32")
        return [
            (result.epoch, result.training_loss, result.training_metrics, result.parameters)
            for result in epochs_of(train(network, chosen, rows, **more))
        ]

    stored = Everywhere()
    whole = run(checkpoint=stored)
    assert [state.partial_epoch.batches for state in stored.states if state.partial_epoch] == [4, 8, 12] * 3
    for state in stored.states:
        assert run(resume=state) == whole[state.epoch + 1 :]


def test_early_stopping_ends_at_an_epoch_passed_with_later_ones() -> None:
    rows = rows_of(5, 3, 2, "float64")
    chosen = settings(epochs=5000, stopping=Stopping(EarlyStopping("training_loss", 3, 1e-4)))
    last: list[Epoch] = list(epochs_of(train(network_of(3, (2, "sigmoid"), precision="float64"), chosen, rows)))
    assert last[-1].stopped == "early_stopping"
    assert last[-1].epoch < 5000
    alone = replace(chosen, epochs=last[-1].epoch, stopping=Stopping())
    again = list(epochs_of(train(network_of(3, (2, "sigmoid"), precision="float64"), alone, rows)))
    assert again[-1].parameters == last[-1].parameters


def test_diverging_names_the_last_finite_epoch() -> None:
    rows = rows_of(5, 3, 2, "float32")
    chosen = settings(epochs=5000, optimizer=SGD(learning_rate=50.0), loss=LOSSES["mean_squared_error"]())
    network = network_of(3, (8, "relu"), (2, "linear"), precision="float32")
    seen = []
    with pytest.raises(Diverged) as failure:
        for result in epochs_of(train(network, chosen, rows)):
            seen.append(result.epoch)
    assert failure.value.epoch == seen[-1]


def test_what_is_not_covered_goes_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    network = Network(3, [Dense(4, ACTIVATIONS["tanh"]()), LAYERS["dropout"](0.5), Dense(2)], "float64")
    made = trainer.Trainer(network, settings(), rows_of(9, 3, 2, "float64"), None)
    assert isinstance(made.steps, trainer.NumPySteps)
    dense = network_of(3, (2, "tanh"), precision="float64")
    assert isinstance(trainer.Trainer(dense, settings(), rows_of(9, 3, 2, "float64"), None).steps, CompiledSteps)


@pytest.mark.parametrize("zeros", [0.0, 0.8])
@pytest.mark.parametrize("units", [40, 130])
def test_two_threads_give_the_bits_of_one(monkeypatch: pytest.MonkeyPatch, units: int, zeros: float) -> None:
    monkeypatch.setattr(compiled_steps, "PARTS_FROM", 1)
    rows = rows_of(201, 50, 3, "float32", zeros)
    runs = []
    for threads in (1, 2):
        network = network_of(50, (units, "relu"), (33, "tanh"), (3, "softmax"), precision="float32")
        chosen = settings(batch_size=20, optimizer=ADAM(), threads=threads, regularization=Regularization(l2=0.01))
        runs.append(epochs_by(network, chosen, rows))
    assert runs[0] == runs[1]


def test_a_step_in_parts_gives_the_numbers_of_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_steps, "PARTS_FROM", 1)
    rows = rows_of(201, 150, 3, "float64", 0.8)
    chosen = settings(batch_size=60, optimizer=ADAM())
    assert_same("float64", 150, ((130, "tanh"), (120, "sigmoid"), (3, "softmax")), rows, chosen)
