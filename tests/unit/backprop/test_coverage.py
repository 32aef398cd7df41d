"""Compiled steps decline a run with any setting that they have not declared."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import pytest

pytest.importorskip("numba")

from service.backprop.activations import ACTIVATIONS, Tanh
from service.backprop.compiled import activations as compiled_activations
from service.backprop.compiled import coverage
from service.backprop.compiled import losses as compiled_losses
from service.backprop.compiled.coverage import covers
from service.backprop.layers import LAYERS, Dense
from service.backprop.losses import LOSSES, Quadratic
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.optimizers.adam import Adam
from service.backprop.registry import Registry, setting
from service.backprop.regularization import Regularization
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class ExtendedDense(Dense):
    """A dense layer with a new setting."""

    scale: float = setting(1.0)


@dataclass(frozen=True)
class ExtendedTanh(Tanh):
    """An activation with a new setting."""

    scale: float = setting(1.0)


@dataclass(frozen=True)
class ExtendedAdam(Adam):
    """An optimizer with a new setting."""

    warmup: int = setting(0)


@dataclass(frozen=True)
class ExtendedQuadratic(Quadratic):
    """A loss with a new setting."""

    scale: float = setting(1.0)


@dataclass(frozen=True)
class ExtendedRegularization(Regularization):
    """Regularization with a new setting."""

    noise: float = 0.0


@dataclass(frozen=True)
class ExtendedSettings(TrainingSettings):
    """Training settings with a new one."""

    accumulated_batches: int = 1


@dataclass(frozen=True, eq=False)
class OtherDense(Dense):
    """A dense layer by the same name, with equations that may differ."""

    name: ClassVar[str] = "dense"


def covered(layer: Any = None, kind: type[TrainingSettings] = TrainingSettings, **changes: Any) -> bool:
    network = Network(3, [layer or Dense(2, ACTIVATIONS["tanh"]())])
    values = {"loss": LOSSES["quadratic"](), "optimizer": OPTIMIZERS["adam"](), "epochs": 1, "batch_size": 2}
    chosen = kind(**{**values, "shuffle": True, "seed": 0, **changes})
    rows = ArrayRows(np.zeros((4, 3), np.float32), np.zeros((4, 2), np.float32))
    return covers(Trainer(network, chosen, rows, None).spec)


def replace(monkeypatch: pytest.MonkeyPatch, registry: Registry[Any], cls: Any) -> Any:
    """Register a class in place of the one of its name, as if that had been edited."""
    monkeypatch.setitem(registry._classes, cls.name, cls)
    return cls


def test_a_run_with_declared_settings_is_covered() -> None:
    assert covered()


def test_a_new_setting_of_a_layer_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not covered(replace(monkeypatch, LAYERS, ExtendedDense)(2, ACTIVATIONS["tanh"]()))


def test_a_new_setting_of_an_activation_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not covered(Dense(2, replace(monkeypatch, ACTIVATIONS, ExtendedTanh)()))


def test_a_new_setting_of_an_optimizer_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not covered(optimizer=replace(monkeypatch, OPTIMIZERS, ExtendedAdam)())


def test_a_new_setting_of_a_loss_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not covered(loss=replace(monkeypatch, LOSSES, ExtendedQuadratic)())


def test_a_new_setting_of_the_regularization_is_declined() -> None:
    assert covered(regularization=Regularization(l1=0.1))
    assert not covered(regularization=ExtendedRegularization(l1=0.1))


def test_a_new_training_setting_is_declined() -> None:
    assert not covered(kind=ExtendedSettings)


def test_a_class_that_is_not_the_registered_one_is_declined() -> None:
    assert not covered(OtherDense(2, ACTIVATIONS["tanh"]()))


@pytest.mark.parametrize(
    "changes",
    [
        {"class_weights": np.ones(2)},
        {"label_smoothing": 0.1},
        {"regularization": Regularization(max_norm=1.0)},
        {"regularization": Regularization(clip_norm=1.0)},
        {"regularization": Regularization(clip_value=1.0)},
        {"optimizer": OPTIMIZERS["rmsprop"]()},
    ],
    ids=str,
)
def test_settings_that_are_not_compiled_are_declined_unless_they_do_nothing(changes: dict[str, Any]) -> None:
    assert not covered(**changes)


def test_what_is_declared_exists_and_has_compiled_equations() -> None:
    declared = {
        (LAYERS, "layers"): coverage.COVERED_LAYERS,
        (ACTIVATIONS, "activations"): coverage.COVERED_ACTIVATIONS,
        (LOSSES, "losses"): coverage.COVERED_LOSSES,
        (OPTIMIZERS, "optimizers"): coverage.COVERED_OPTIMIZERS,
    }
    for (registry, _), names in declared.items():
        for name, settings in names.items():
            assert {field.name for field in fields(registry[name])} == settings, name
    assert coverage.COVERED_ACTIVATIONS.keys() == compiled_activations.CODES.keys()
    assert coverage.COVERED_LOSSES.keys() == compiled_losses.LOSSES.keys()
