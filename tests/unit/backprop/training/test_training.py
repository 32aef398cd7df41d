"""Training runs: learning, resuming, stopping, diverging, and the same bits whatever the threads."""

import hashlib

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import Dense
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.network import Network
from service.backprop.optimizers import SGD
from service.backprop.randomness import Purpose, generator
from service.backprop.training import numpy_steps
from service.backprop.training.loop import train
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import TrainingState
from service.errors import Diverged
from tests.unit.backprop.epochs import Epoch, epochs_of

XOR = ArrayRows(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float), np.array([[0], [1], [1], [0]], float))


def network_of(inputs: int, *layers: tuple[int, str], precision: str = "float64", seed: int = 3) -> Network:
    network = Network(inputs, [Dense(units, ACTIVATIONS[name]()) for units, name in layers], precision)
    network.initialize(seed)
    return network


def rows(count: int, inputs: int, precision: str = "float64") -> ArrayRows:
    random = np.random.default_rng(5)
    X = random.normal(size=(count, inputs)).astype(precision)
    return ArrayRows(X, np.eye(3, dtype=precision)[np.abs(X[:, 0] * 2).astype(int).clip(0, 2)])


def settings(**changes: object) -> TrainingSettings:
    values: dict[str, object] = {
        "loss": LOSSES["categorical_cross_entropy"](),
        "optimizer": SGD(learning_rate=0.2, momentum=0.8, nesterov=True),
        "epochs": 6,
        "batch_size": 8,
        "shuffle": True,
        "seed": 9,
        "metrics": (METRICS["accuracy"](),),
    }
    return TrainingSettings(**{**values, **changes})  # type: ignore[arg-type]


def digest(result: Epoch) -> str:
    return hashlib.sha256(result.parameters).hexdigest()


def test_xor_is_learned() -> None:
    network = network_of(2, (4, "sigmoid"), (1, "sigmoid"))
    chosen = settings(
        loss=LOSSES["quadratic"](), optimizer=SGD(learning_rate=0.5, momentum=0.9), epochs=2000, batch_size=4
    )
    results = list(epochs_of(train(network, chosen, XOR)))
    assert [result.epoch for result in results] == list(range(2001))
    assert results[-1].training_metrics == {"accuracy": 1.0}
    assert results[-1].training_loss < 0.01 < results[0].training_loss


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_resuming_after_any_epoch_gives_the_same_bits(precision: str) -> None:
    data, held_out = rows(50, 4, precision), rows(20, 4, precision)

    def fresh() -> Network:
        return network_of(4, (5, "tanh"), (3, "softmax"), precision=precision)

    states, undisturbed = [], []
    for result in epochs_of(train(fresh(), settings(), data, held_out)):
        states.append(TrainingState.from_bytes(result.state().to_bytes()))
        undisturbed.append((result.epoch, digest(result), result.training_loss, result.best_epoch))
    for state in states:
        resumed = [
            (result.epoch, digest(result), result.training_loss, result.best_epoch)
            for result in epochs_of(train(fresh(), settings(), data, held_out, resume=state))
        ]
        assert resumed == undisturbed[state.epoch + 1 :]


def test_the_number_of_threads_never_changes_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_steps, "SHARD_FROM", 1)
    digests = []
    for threads in (1, 2):
        network = network_of(40, (64, "relu"), (3, "softmax"), precision="float32")
        run = train(network, settings(batch_size=33, threads=threads), rows(100, 40, "float32"))
        digests.append([digest(result) for result in epochs_of(run)])
    assert digests[0] == digests[1]


def test_shards_add_up_to_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = []
    for bound in (1, 10**12):
        monkeypatch.setattr(numpy_steps, "SHARD_FROM", bound)
        network = network_of(40, (16, "tanh"), (3, "softmax"))
        list(train(network, settings(batch_size=33), rows(100, 40)))
        ends.append(network.parameters.copy())
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-10)


def test_a_stop_in_the_middle_of_an_epoch_leaves_that_epoch_out() -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 10

    run = train(network_of(4, (5, "tanh"), (3, "softmax")), settings(), rows(50, 4), should_stop=stop)
    results = list(epochs_of(run))
    assert [result.epoch for result in results] == [0, 1]


def test_divergence_names_the_last_finite_epoch() -> None:
    network = network_of(4, (5, "linear"), (3, "linear"))
    chosen = settings(loss=LOSSES["quadratic"](), optimizer=SGD(learning_rate=1e5), epochs=500)
    seen = []
    with pytest.raises(Diverged) as caught:
        for result in epochs_of(train(network, chosen, rows(50, 4))):
            seen.append(result.epoch)
    assert caught.value.epoch == seen[-1]


def test_the_callers_arrays_are_not_changed() -> None:
    data = rows(30, 4)
    X, Y = data.X.copy(), data.Y.copy()
    list(train(network_of(4, (5, "tanh"), (3, "softmax")), settings(epochs=2), data))
    np.testing.assert_array_equal(X, data.X)
    np.testing.assert_array_equal(Y, data.Y)


def test_best_epoch_is_the_earliest_lowest_validation_loss() -> None:
    run = train(network_of(4, (5, "tanh"), (3, "softmax")), settings(epochs=20), rows(50, 4), rows(20, 4))
    results = list(epochs_of(run))
    losses = [result.validation_loss for result in results]
    assert results[-1].best_epoch == losses.index(min(losses))  # type: ignore[type-var]


def test_both_precisions_start_from_the_same_draw() -> None:
    double = network_of(4, (5, "tanh"), precision="float64").parameters
    single = network_of(4, (5, "tanh"), precision="float32").parameters
    np.testing.assert_array_equal(double.astype("float32"), single)


def test_randomness_is_a_pure_function_of_its_four_numbers() -> None:
    draws = {
        (seed, purpose, epoch, batch): generator(seed, purpose, epoch, batch).integers(0, 2**60)
        for seed in (0, 2**63 - 1)
        for purpose in (Purpose.SHUFFLE, Purpose.PARAMETERS)
        for epoch in (0, 1)
        for batch in (0, 1)
    }
    assert len(set(draws.values())) == len(draws)
    assert all(generator(*key).integers(0, 2**60) == value for key, value in draws.items())


def test_a_training_state_survives_its_bytes_to_the_last_bit() -> None:
    vector, slots = np.array([-0.0, 1e-300, np.pi]), {"velocity": np.array([1.0, -0.0, 2.0])}
    state = TrainingState(3, 12, 2, 0.1, vector, slots, {"schedule.best": 0.25, "stopping.waited": 3.0})
    copy = TrainingState.from_bytes(state.to_bytes())
    assert copy.vector.tobytes() == state.vector.tobytes()
    assert copy.slots["velocity"].tobytes() == state.slots["velocity"].tobytes()
    assert (copy.epoch, copy.steps, copy.best_epoch, copy.best_value) == (3, 12, 2, 0.1)
    assert copy.memory == state.memory
