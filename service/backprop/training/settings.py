"""The settings of a training run, all chosen before its first epoch."""

from dataclasses import dataclass, field

from service.backprop.arrays import FloatArray
from service.backprop.losses import Loss
from service.backprop.metrics import Metric
from service.backprop.optimizers import Optimizer
from service.backprop.readings import Reading
from service.backprop.regularization import Regularization
from service.backprop.schedules import Schedule
from service.backprop.training.kernels import NUMPY
from service.backprop.training.stopping import Stopping


@dataclass(frozen=True)
class TrainingSettings:
    """How to train. `class_weights` (classes,) or None; `reading` says how outputs are read for metrics.

    `kernels` names what computes the steps: `numpy`, or `numba` where that is installed and covers the job.
    The random draws of an epoch are those of the epoch `draws_from` later in a run from the start. With `keeps_states`
    the state after every epoch is needed, so that no epochs are computed together.
    """

    loss: Loss
    optimizer: Optimizer
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    metrics: tuple[Metric, ...] = ()
    reading: Reading = field(default_factory=Reading)
    threads: int = 1
    class_weights: FloatArray | None = None
    label_smoothing: float = 0.0
    regularization: Regularization = Regularization()
    schedule: Schedule | None = None
    stopping: Stopping = Stopping()
    kernels: str = NUMPY
    draws_from: int = 0
    keeps_states: bool = False
