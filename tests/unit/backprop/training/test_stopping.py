"""Training ends when what is watched has stopped getting better, or is good enough."""

import pytest

from service.backprop.metrics import METRICS
from service.backprop.training.stopping import EarlyStopping, Memory, Stopping

BOTH = (METRICS["accuracy"](), METRICS["mae"]())


def ended(stopping: Stopping, name: str, values: list[float]) -> int | None:
    """The epoch at whose end training stopped; the first value is epoch 0's."""
    memory = Memory()
    for epoch, value in enumerate(values):
        if stopping.reason(epoch, {name: value}, memory) is not None:
            return epoch
    return None


def early(monitor: str, patience: int, min_delta: float = 0.0) -> Stopping:
    return Stopping(EarlyStopping(monitor, patience, min_delta), metrics=BOTH)


@pytest.mark.parametrize(
    ("losses", "epoch"),
    [
        ([9.0, 1.0, 0.9, 0.9, 0.9], 4),
        ([9.0, 1.0, 0.9, 0.9, 0.8, 0.8, 0.8], 6),
        ([9.0, 1.0, 1.1, 1.05], 3),
        ([9.0, 1.0, 0.9, 0.8, 0.7], None),
    ],
)
def test_a_loss_without_gain_for_the_patience_ends_training(losses: list[float], epoch: int | None) -> None:
    assert ended(early("validation_loss", 2), "validation_loss", losses) == epoch


@pytest.mark.parametrize("monitor", ["training_accuracy", "validation_accuracy"])
def test_a_metric_that_is_better_when_larger_is_watched_the_other_way(monitor: str) -> None:
    assert ended(early(monitor, 2), monitor, [0.1, 0.5, 0.6, 0.7, 0.8]) is None
    assert ended(early(monitor, 2), monitor, [0.1, 0.5, 0.4, 0.3]) == 3


def test_an_error_is_watched_as_losses_are() -> None:
    assert ended(early("validation_mae", 2), "validation_mae", [9.0, 0.5, 0.4, 0.3]) is None
    assert ended(early("validation_mae", 2), "validation_mae", [9.0, 0.5, 0.6, 0.7]) == 3


def test_gains_within_min_delta_do_not_count() -> None:
    losses = [9.0, 1.0, 0.95, 0.91]
    assert ended(early("validation_loss", 2, 0.1), "validation_loss", losses) == 3
    assert ended(early("validation_loss", 2, 0.04), "validation_loss", losses) is None


def test_small_gains_add_up_until_they_count() -> None:
    assert ended(early("training_loss", 3, 0.1), "training_loss", [9.0, 1.0, 0.95, 0.88, 0.83, 0.76]) is None


def test_the_start_is_not_waited_for() -> None:
    assert ended(early("training_loss", 1), "training_loss", [0.1, 0.9]) is None
    assert ended(early("training_loss", 1), "training_loss", [0.1, 0.9, 0.9]) == 2


def test_stop_when_needs_every_bound() -> None:
    stopping = Stopping(stop_when=(("training_loss", 0.1), ("validation_accuracy", 0.9)), metrics=BOTH)

    def reason(loss: float, accuracy: float) -> str | None:
        return stopping.reason(1, {"training_loss": loss, "validation_accuracy": accuracy}, {})

    assert reason(0.05, 0.95) == reason(0.1, 0.9) == "stop_when"
    assert reason(0.05, 0.8) is reason(0.2, 0.95) is None


def test_a_bound_that_holds_at_the_start_ends_training_there() -> None:
    assert ended(Stopping(stop_when=(("training_loss", 0.1),)), "training_loss", [0.05]) == 0


def test_stop_when_is_named_before_early_stopping() -> None:
    stopping = Stopping(EarlyStopping("training_loss", 1), (("training_loss", 1.0),))
    memory = Memory()
    assert stopping.reason(1, {"training_loss": 2.0}, memory) is None
    assert stopping.reason(2, {"training_loss": 2.0}, memory) == "early_stopping"
    assert stopping.reason(3, {"training_loss": 1.0}, memory) == "stop_when"


def test_without_a_monitor_the_validation_loss_is_watched_before_the_training_loss() -> None:
    assert Stopping().watched({"training_loss": 1.0, "validation_loss": 2.0}) == 2.0
    assert Stopping().watched({"training_loss": 1.0}) == 1.0


def test_what_is_watched_is_to_become_small() -> None:
    assert early("validation_accuracy", 1).watched({"validation_accuracy": 0.9}) == -0.9
    assert early("validation_mae", 1).watched({"validation_mae": 0.9}) == 0.9
