"""The loop over epochs. It yields results; the caller stores them and decides when to stop."""

from collections.abc import Callable, Iterator

from service.backprop.network import Network
from service.backprop.training.results import EpochRun, diverged
from service.backprop.training.rows import Rows
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import Checkpoint, TrainingState
from service.backprop.training.trainer import Trainer


def train(
    network: Network,
    settings: TrainingSettings,
    training: Rows,
    validation: Rows | None = None,
    *,
    resume: TrainingState | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    pause_at: int | None = None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[EpochRun]:
    """Train `network` in place and yield its epochs in runs, each as soon as it is computed.

    The first run is epoch 0, the untrained network, unless `resume` is given. An epoch's training loss and metrics are
    means over its batches, measured before each batch's step; validation follows the epoch. NumPy computes every epoch
    as a run of its own; compiled steps compute short epochs together.

    Parameters
    ----------
    resume
        The state after an earlier epoch, or within one, from which training continues.
    should_stop
        Asked before every batch or chunk of batches. When it returns True the generator ends without the unfinished
        epoch.
    pause_at
        An epoch that is to be the last of its run, so that its state can be stored.
    checkpoint
        Stores states within long epochs, from which a later run continues.

    Raises
    ------
    Diverged
        When the loss or a parameter is no longer finite; the epochs before have been yielded.
    """
    trainer = Trainer(network, settings, training, validation, should_stop, pause_at, checkpoint)
    epoch = 0
    if resume is not None:
        trainer.restore(resume)
        epoch = resume.epoch + 1
    try:
        while epoch <= settings.epochs:
            if epoch and trainer.stops_before(epoch):
                return
            run = trainer.next_run(epoch)
            if run is None:
                return
            yield run
            if run.stopped is not None:
                return
            epoch = run.last_epoch + 1
            if run.state is None:
                raise diverged(epoch)
    finally:
        trainer.steps.close()
