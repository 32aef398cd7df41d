"""Makes shapes of jobs for tests."""

from typing import Any

from service.backprop.losses import LOSSES
from service.backprop.training.kernels import NUMBA
from service.definitions.choices import build
from service.definitions.fill import fill
from service.definitions.network import NetworkDefinition
from service.definitions.resolved import ResolvedTraining, Targets
from service.definitions.rows import RowUse
from service.definitions.training import TrainingDefinition
from service.estimates.shapes import Data, Machine, Shape

MACHINE = Machine(NUMBA, 1)


def dense(*sizes: int, activation: str = "relu", output: str = "linear") -> dict[str, Any]:
    *hidden, outputs = sizes[1:]
    layers = [{"type": "dense", "units": units, "activation": activation} for units in hidden]
    layers.append({"type": "dense", "units": outputs, "activation": output})
    return NetworkDefinition.model_validate({"inputs": sizes[0], "layers": layers}).normalised()


def data(rows: int, density: float = 1.0, **more: Any) -> Data:
    return Data(rows, rows * 4, density, more.get("is_standardized", False), more.get("is_weighted", False))


def shape(
    network: dict[str, Any], rows: Data, training: dict[str, Any] | None = None, machine: Machine = MACHINE
) -> Shape:
    definition = NetworkDefinition.model_validate(network)
    given = TrainingDefinition.model_validate({"epochs": 10, "validation": None, "metrics": [], **(training or {})})
    loss = build(LOSSES, "mean_squared_error" if given.loss is None else given.loss.model_dump(mode="json"))
    use = RowUse(rows.rows, given.validation, given.test, 0)
    filled: ResolvedTraining = fill(given, loss, use, Targets(outputs=1, labels=None), definition.engine_layers(), 1)
    return Shape.of(definition.normalised(), filled, rows, {}, machine)
