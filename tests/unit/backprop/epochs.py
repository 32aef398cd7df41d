"""The epochs of runs, one by one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.backprop.training.diagnostics import LayerDiagnostics, Warned
from service.backprop.training.results import EpochRun
from service.backprop.training.state import StateTaker
from service.backprop.training.stopping import StopReason


@dataclass(frozen=True)
class Epoch:
    """One epoch; `best_epoch`, `state`, `stopped`, `layers` and `warnings` are those of its run in the run's last."""

    epoch: int
    training_loss: float
    validation_loss: float | None
    training_metrics: dict[str, float]
    validation_metrics: dict[str, float]
    learning_rate: float
    parameters: bytes
    best_epoch: int | None
    state: StateTaker | None
    stopped: StopReason | None
    layers: tuple[LayerDiagnostics, ...] | None
    warnings: tuple[Warned, ...]


def epochs_of(runs: Iterable[EpochRun]) -> Iterator[Epoch]:
    """Yield the epochs of each run before the next one is computed."""
    for run in runs:
        for index in range(len(run)):
            is_last = index == len(run) - 1
            yield Epoch(
                epoch=run.first_epoch + index,
                training_loss=float(run.training_loss[index]),
                validation_loss=None if run.validation_loss is None else float(run.validation_loss[index]),
                training_metrics={name: float(values[index]) for name, values in run.training_metrics.items()},
                validation_metrics={name: float(values[index]) for name, values in run.validation_metrics.items()},
                learning_rate=run.learning_rate,
                parameters=run.parameters[index].tobytes(),
                best_epoch=run.best_epoch if is_last else None,
                state=run.state if is_last else None,
                stopped=run.stopped if is_last else None,
                layers=run.layers if is_last else None,
                warnings=run.warnings if is_last else (),
            )
