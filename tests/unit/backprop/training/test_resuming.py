"""A run goes on from any stored state as if it had never stopped, to the last bit, whatever its settings."""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.layers import LAYERS, Dense, Layer
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS, SGD
from service.backprop.regularization import Regularization
from service.backprop.schedules import SCHEDULES
from service.backprop.training import evaluator
from service.backprop.training.kernels import NUMBA, NUMPY, has_numba
from service.backprop.training.loop import train
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import Checkpoint, TrainingState
from service.backprop.training.stopping import EarlyStopping, Stopping
from tests.unit.backprop.epochs import Epoch, epochs_of
from tests.unit.backprop.training.checkpoints import Everywhere

ACCURACY = METRICS["accuracy"]()
METRICS_OF_ALL_KINDS = (ACCURACY, METRICS["roc_auc"](), METRICS["f1"]())


@dataclass(frozen=True)
class Case:
    """A run: its settings, the layers between its inputs and outputs, and the rows it sees."""

    settings: dict[str, Any]
    middle: Callable[[], list[Layer]] = lambda: [Dense(6, ACTIVATIONS["tanh"]())]
    weighted: bool = False
    block_rows: int | None = None
    validation: bool = True
    ends: str | None = field(default=None)

    def network(self, precision: str) -> Network:
        output = Dense(3, ACTIVATIONS["softmax"]())
        network = Network(4, [*self.middle(), output], precision)
        network.initialize(3)
        return network

    def rows(self, count: int, precision: str, seed: int) -> ArrayRows:
        random = np.random.default_rng(seed)
        X = random.normal(size=(count, 4)).astype(precision)
        Y = np.eye(3, dtype=precision)[np.abs(X[:, 0] * 2).astype(int).clip(0, 2)]
        weights = random.uniform(0.2, 2.0, count).astype(precision) if self.weighted else None
        return ArrayRows(X, Y, weights, self.block_rows)

    def chosen(self) -> TrainingSettings:
        values = {"optimizer": SGD(learning_rate=0.3, momentum=0.8), "epochs": 8, "batch_size": 8, **self.settings}
        loss = LOSSES["categorical_cross_entropy"]()
        return TrainingSettings(loss=loss, shuffle=True, seed=9, metrics=METRICS_OF_ALL_KINDS, **values)

    def run(
        self,
        precision: str,
        resume: TrainingState | None = None,
        checkpoint: Checkpoint | None = None,
        network: Network | None = None,
    ) -> Iterator[Epoch]:
        """The rest of the run from `resume`, on a network that is drawn anew."""
        held_out = self.rows(20, precision, 6) if self.validation else None
        rows = self.rows(50, precision, 5)
        trained = self.network(precision) if network is None else network
        yield from epochs_of(train(trained, self.chosen(), rows, held_out, resume=resume, checkpoint=checkpoint))


def normalised() -> list[Layer]:
    relu = LAYERS["activation"](ACTIVATIONS["relu"]())
    return [Dense(6), LAYERS["batch_normalization"](), relu, LAYERS["dropout"](0.3), Dense(5), LAYERS["dropout"](0.1)]


def deep() -> list[Layer]:
    return [Dense(3, ACTIVATIONS["sigmoid"]()) for _ in range(5)]


def with_optimizer(name: str, **settings: Any) -> Case:
    optimizer = OPTIMIZERS[name](**settings)
    return Case({"optimizer": optimizer, **({"batch_size": 50} if optimizer.full_batch else {})})


def with_schedule(name: str, **settings: Any) -> Case:
    return Case({"schedule": SCHEDULES[name](**settings)})


def early(patience: int, monitor: str = "validation_loss", min_delta: float = 0.0) -> Stopping:
    return Stopping(EarlyStopping(monitor, patience, min_delta), metrics=(ACCURACY,))


CASES = {
    **{name: with_optimizer(name) for name in OPTIMIZERS},
    "adam_with_amsgrad_dropout_and_batch_normalization": Case(
        {"optimizer": OPTIMIZERS["adam"](learning_rate=0.02, amsgrad=True)}, middle=normalised
    ),
    "centered_rmsprop_with_momentum": with_optimizer("rmsprop", momentum=0.5, centered=True),
    "step": with_schedule("step", epochs=2, gamma=0.5),
    "exponential": with_schedule("exponential"),
    "polynomial": with_schedule("polynomial", power=2.0),
    "cosine": with_schedule("cosine", warmup_epochs=2),
    "cosine_with_restarts": with_schedule("cosine", restart_epochs=2, restart_factor=2),
    "one_cycle": with_schedule("one_cycle"),
    "reduce_on_plateau": with_schedule("reduce_on_plateau", factor=0.5, patience=0, threshold=0.2, cooldown=1),
    "early_stopping": Case({"stopping": early(3, min_delta=0.05), "epochs": 40}, ends="early_stopping"),
    "early_stopping_by_accuracy": Case(
        {"stopping": early(2, "training_accuracy", 0.01), "epochs": 40}, validation=False, ends="early_stopping"
    ),
    "stop_when": Case({"stopping": Stopping(stop_when=(("training_loss", 0.9),)), "epochs": 40}, ends="stop_when"),
    "sample_weights": Case({}, weighted=True),
    "label_smoothing_and_class_weights": Case({"label_smoothing": 0.1, "class_weights": np.array([0.5, 1.0, 2.0])}),
    "rows_in_blocks": Case({}, block_rows=7),
    "regularization": Case({"regularization": Regularization(0.001, 0.01, max_norm=0.8, clip_norm=0.5)}),
    "plateaus": Case({"optimizer": SGD(learning_rate=1e-9), "epochs": 30}, middle=deep, validation=False),
}


def all_but_seconds(result: Epoch) -> tuple[Any, ...]:
    """All that an epoch says of itself but its duration."""
    return (
        result.epoch,
        hashlib.sha256(result.parameters).hexdigest(),
        result.training_loss,
        result.validation_loss,
        result.training_metrics,
        result.validation_metrics,
        result.learning_rate,
        result.best_epoch,
        result.stopped,
        result.layers,
        result.warnings,
    )


def undisturbed(case: Case, precision: str) -> list[tuple[tuple[Any, ...], TrainingState]]:
    return [
        (all_but_seconds(result), TrainingState.from_bytes(result.state().to_bytes())) for result in case.run(precision)
    ]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", list(CASES))
def test_from_every_state_the_run_goes_on_the_same(name: str, precision: str) -> None:
    whole = undisturbed(CASES[name], precision)
    seen = [epoch for epoch, _ in whole]
    for epoch, state in whole[:-1]:
        assert [all_but_seconds(result) for result in CASES[name].run(precision, state)] == seen[epoch[0] + 1 :]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", list(CASES))
def test_a_resumed_runs_states_are_the_undisturbed_runs(name: str, precision: str) -> None:
    whole = undisturbed(CASES[name], precision)
    middle = whole[len(whole) // 2][1]
    resumed = [result.state().to_bytes() for result in CASES[name].run(precision, middle)]
    assert resumed == [state.to_bytes() for _, state in whole[middle.epoch + 1 :]]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", list(CASES))
def test_from_every_batch_the_run_goes_on_the_same(name: str, precision: str) -> None:
    case, stored = CASES[name], Everywhere()
    seen = [all_but_seconds(result) for result in case.run(precision, checkpoint=stored)]
    steps = -(-50 // case.chosen().batch_size)
    within = {state.partial_epoch.batches for state in stored.states if state.partial_epoch is not None} - {steps}
    assert len(within) == (0 if case.settings.get("batch_size") == 50 else 6)
    for state in stored.states[:: max(1, len(stored.states) // 20)]:
        assert [all_but_seconds(result) for result in case.run(precision, state)] == seen[state.epoch + 1 :]


class CountedRows(ArrayRows):
    """Rows that count how many were read."""

    read = 0

    def gather(self, indices: IndexArray, X: FloatArray, Y: FloatArray) -> None:
        self.read += len(indices)
        super().gather(indices, X, Y)


@pytest.mark.parametrize("kernels", [NUMPY, *([NUMBA] if has_numba() else [])])
@pytest.mark.parametrize("validated", [0, 60, 120, 180])
def test_a_run_that_stopped_within_a_validation_computes_only_what_is_left(
    monkeypatch: pytest.MonkeyPatch, kernels: str, validated: int
) -> None:
    monkeypatch.setattr(evaluator, "EVALUATE_ROWS", 60)
    case = Case({"kernels": kernels, "epochs": 3, "optimizer": OPTIMIZERS["adam"]()})

    def run(**more: Any) -> tuple[list[tuple[Any, ...]], list[int], int]:
        drawn, held_out = case.rows(50, "float32", 5), case.rows(200, "float32", 6)
        rows, counted = CountedRows(drawn.X, drawn.Y), CountedRows(held_out.X, held_out.Y)
        epochs, reads = [], []
        for epoch in epochs_of(train(case.network("float32"), case.chosen(), rows, counted, **more)):
            epochs.append(all_but_seconds(epoch))
            reads.append(rows.read)
        return epochs, reads, counted.read

    stored = Everywhere()
    whole, reads, _ = run(checkpoint=stored)
    chosen = [
        state
        for state in stored.states
        if state.partial_epoch is not None
        and (state.partial_epoch.batches, state.partial_epoch.validated_rows) == (7, validated)
    ]
    assert [state.epoch for state in chosen] == [0, 1, 2]
    for state in chosen:
        epochs, reads_left, evaluated = run(resume=state)
        assert epochs == whole[state.epoch + 1 :]
        assert evaluated == 200 - validated + 200 * (2 - state.epoch)
        assert reads_left == [read - reads[state.epoch + 1] for read in reads[state.epoch + 1 :]]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.ends])
def test_the_runs_that_end_early_do(name: str) -> None:
    ends = [epoch[8] for epoch, _ in undisturbed(CASES[name], "float64")]
    assert ends[-1] == CASES[name].ends
    assert 3 < len(ends) < 40 and not any(ends[:-1])


def test_the_run_of_plateaus_warns_of_one() -> None:
    warnings = [warned.code for epoch, _ in undisturbed(CASES["plateaus"], "float64") for warned in epoch[10]]
    assert warnings.count("plateau") == 1
    assert "vanishing_gradient" in warnings


def test_the_schedule_that_looks_at_losses_reduces_more_than_once() -> None:
    rates = {epoch[6] for epoch, _ in undisturbed(CASES["reduce_on_plateau"], "float64")}
    assert len(rates) > 2


def test_a_state_is_not_changed_by_the_epochs_after_it() -> None:
    run = CASES["adam"].run("float64")
    state = next(run).state()
    before = state.to_bytes()
    for _ in run:
        assert math.isfinite(state.best_value)
    assert state.to_bytes() == before


def test_a_state_of_views_is_the_copy_until_the_next_epoch_and_takes_no_memory() -> None:
    network = CASES["adam"].network("float64")
    for result in CASES["adam"].run("float64", network=network):
        views, copy = result.state(copied=False), result.state()
        assert views.to_bytes() == copy.to_bytes() and views.nbytes == copy.nbytes
        assert views.vector is network.vector and copy.vector is not network.vector
