"""`train()`: backpropagation, epoch by epoch. It yields what happened; the caller stores it and says when to stop."""

from collections.abc import Callable, Iterator

from service.backprop.network import Network
from service.backprop.training.results import EpochResult, EpochRun
from service.backprop.training.rows import Rows
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import Checkpoint, TrainingState
from service.backprop.training.trainer import Trainer, diverged


def train(
    network: Network,
    settings: TrainingSettings,
    training: Rows,
    validation: Rows | None = None,
    *,
    resume: TrainingState | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[EpochResult]:
    """Train `network` in place, yielding epoch 0 (the start, unless `resume` is given), then each epoch.

    An epoch's training loss and metrics are means over its batches as they were met; validation comes after the epoch.
    `should_stop` is asked before every batch; when it says so the generator ends without the unfinished epoch.
    Raises `Diverged` when the loss or a parameter stops being finite.
    """
    for result in _drive(Trainer(network, settings, training, validation), resume, should_stop, in_runs=False):
        assert isinstance(result, EpochResult)
        yield result


def train_in_runs(
    network: Network,
    settings: TrainingSettings,
    training: Rows,
    validation: Rows | None = None,
    *,
    resume: TrainingState | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    pause_at: int | None = None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[EpochResult | EpochRun]:
    """As `train`, but short epochs that were passed together are told together; `pause_at` ends such a run.

    `checkpoint` keeps states within long epochs, from which a later run goes on.
    """
    trainer = Trainer(network, settings, training, validation)
    trainer.pause_at, trainer.checkpoint = pause_at, checkpoint
    return _drive(trainer, resume, should_stop, in_runs=True)


def _drive(
    trainer: Trainer, resume: TrainingState | None, should_stop: Callable[[], bool], in_runs: bool
) -> Iterator[EpochResult | EpochRun]:
    epoch = 0
    if resume is not None:
        trainer.restore(resume)
        epoch = resume.epoch + 1
    try:
        while epoch <= trainer.settings.epochs:
            if in_runs and epoch and trainer.stops_before(epoch, should_stop):
                return
            began = trainer.begins()
            together = trainer.pass_run(epoch) if in_runs else None
            if together is not None:
                run = trainer.end_run(epoch, together, began)
                if run is not None:
                    yield run
                    epoch = run.last_epoch + 1
                if run is None or len(run.training_loss) < len(together.losses):
                    raise diverged(epoch)
                continue
            passed = trainer.pass_epochs(epoch, began, should_stop)
            count = len(passed or ())
            while passed:
                result = trainer.end_epoch(epoch, passed.pop(0), count, began, should_stop)
                if result is None:
                    return
                yield result
                if result.stopped is not None:
                    return
                epoch += 1
            if passed is None:
                return
    finally:
        trainer.steps.close()
