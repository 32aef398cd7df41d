"""What training yields: an epoch, or a run of short epochs that were passed together."""

from dataclasses import dataclass

from service.backprop.arrays import FloatArray
from service.backprop.network import Network
from service.backprop.training.diagnostics import LayerDiagnostics, Warned
from service.backprop.training.state import StateTaker


@dataclass(frozen=True)
class EpochResult:
    """One epoch. `network` is the living one, to be copied before the next epoch is asked for.

    `learning_rate` is the last batch's. `state` is None where training cannot go on from: later epochs were passed
    together with this one. `stopped` says why training ends here, if it does before its last epoch.
    """

    epoch: int
    training_loss: float
    validation_loss: float | None
    training_metrics: dict[str, float]
    validation_metrics: dict[str, float]
    learning_rate: float
    seconds: float
    best_epoch: int
    network: Network
    state: StateTaker | None
    stopped: str | None = None
    layers: tuple[LayerDiagnostics, ...] | None = None
    warnings: tuple[Warned, ...] = ()


@dataclass(frozen=True)
class EpochRun:
    """Short epochs from `epoch` on, without validation; as `EpochResult`, column by column.

    `training_loss` and each of `training_metrics` (epochs,), `parameters` (epochs, parameters). `seconds` are an
    epoch's. `state` is that after the last of them; None where training cannot go on from it, as it diverged then.
    """

    epoch: int
    training_loss: FloatArray
    training_metrics: dict[str, FloatArray]
    parameters: FloatArray
    learning_rate: float
    seconds: float
    best_epoch: int
    state: StateTaker | None
    warnings: tuple[Warned, ...] = ()

    @property
    def last_epoch(self) -> int:
        return self.epoch + len(self.training_loss) - 1
