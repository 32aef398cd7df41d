"""The results that training yields: runs of one or more epochs."""

from dataclasses import dataclass

from service.backprop.arrays import FloatArray
from service.backprop.training.diagnostics import LayerDiagnostics, Warned
from service.backprop.training.state import StateTaker
from service.backprop.training.stopping import StopReason
from service.errors import Diverged


@dataclass(frozen=True)
class EpochRun:
    """Consecutive epochs from `first_epoch` on; a single epoch is a run of length 1.

    Attributes
    ----------
    training_loss, validation_loss : (epochs,), None without validation rows
    training_metrics, validation_metrics : each (epochs,), by the metric's key
    learning_rate
        That of the last batch.
    seconds
        The duration of each epoch.
    parameters : (epochs, size)
        Parameters and running statistics after each epoch, in the order in which they are stored and hashed. In a run
        of length 1 it may be a view of the network that is being trained: copy it before asking for the next run.
    best_epoch
        The best epoch so far, which may be one before this run.
    state
        Takes the training state after the last epoch; None where training cannot continue from it, because it diverged
        among epochs that were computed together.
    stopped
        Why training ends after the last epoch, if it ends before the last epoch of the settings. If it stopped among
        epochs that were computed together, the optimizer's part of the state is that of a later epoch: the state serves
        to finish the run, not to train on.
    layers
        Diagnostics of the last epoch, where they were measured.
    """

    first_epoch: int
    training_loss: FloatArray
    validation_loss: FloatArray | None
    training_metrics: dict[str, FloatArray]
    validation_metrics: dict[str, FloatArray]
    learning_rate: float
    seconds: float
    parameters: FloatArray
    best_epoch: int
    state: StateTaker | None
    stopped: StopReason | None = None
    layers: tuple[LayerDiagnostics, ...] | None = None
    warnings: tuple[Warned, ...] = ()

    def __len__(self) -> int:
        return len(self.training_loss)

    @property
    def last_epoch(self) -> int:
        return self.first_epoch + len(self) - 1


def diverged(epoch: int) -> Diverged:
    """Return the error that says that something is not finite after `epoch`."""
    if epoch == 0:
        return Diverged("the loss or a parameter is not finite before the first epoch", epoch=0)
    return Diverged(f"the loss or a parameter is no longer finite after epoch {epoch - 1}", epoch=epoch - 1)
