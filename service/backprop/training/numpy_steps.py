"""The steps of an epoch, one per batch, computed by NumPy.

`Steps` is the protocol that `trainer.py` drives; `compiled/steps.py` holds the implementation in compiled code.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.network import Buffers, Network, Workspace
from service.backprop.optimizers.base import Slots
from service.backprop.training.accumulators import Accumulator, Measures, single
from service.backprop.training.evaluator import Shard
from service.backprop.training.row_weights import Weighing
from service.backprop.training.rows import Rows, batches
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import PartialEpoch

SHARD_FROM = 30_000_000  # rows x parameters of a batch above which splitting it saves time

LearningRate = Callable[[int, int], float]  # of an epoch and a batch


class StopCheck(Protocol):
    """Decides before steps whether to stop: `batches` of the epoch are done, `accumulator` holds their sums."""

    def __call__(self, batches: int, accumulator: Accumulator) -> bool: ...


@dataclass(frozen=True)
class RunSpec:
    """The parts of a run that do not change: the network, the rows and the settings."""

    network: Network
    settings: TrainingSettings
    rows: Rows
    batch_size: int
    measures: Measures
    weighing: Weighing

    @property
    def batches(self) -> int:
        """The number of steps in an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def drawn_as(self, epoch: int) -> int:
        """Return the number under which an epoch's order of rows and its dropout masks are drawn."""
        return self.settings.draws_from + epoch


@dataclass(frozen=True)
class LastStep:
    """The last step of an epoch, for diagnostics: the buffers of its shards, and the parameters before the step."""

    shards: list[Buffers]
    before: FloatArray


@dataclass(frozen=True)
class ComputedEpochs:
    """The result of the steps of one or more epochs.

    `losses` and each of `metrics` are (epochs,). `parameters` (epochs, parameters) are those after each epoch; None for
    a single epoch, whose parameters are the network's. A single epoch has its `accumulator`, and its `last_step` where
    that was asked for.
    """

    losses: FloatArray
    metrics: dict[str, FloatArray]
    parameters: FloatArray | None = None
    accumulator: Accumulator | None = None
    last_step: LastStep | None = None

    @classmethod
    def single(cls, accumulator: Accumulator, last_step: LastStep | None = None) -> "ComputedEpochs":
        """Return one epoch whose rows were accumulated."""
        losses = np.array([accumulator.mean_loss()])
        return cls(losses, single(accumulator.results()), accumulator=accumulator, last_step=last_step)

    def __len__(self) -> int:
        return len(self.losses)


class Steps(Protocol):
    """Computes the steps of a run.

    `slots` and `steps` are the optimizer's state. Diagnostics of an epoch's last step cost `diagnostics_cost` times as
    many steps as they do with NumPy.
    """

    slots: Slots
    steps: int
    diagnostics_cost: int

    def compute(
        self,
        epoch: int,
        most: int,
        learning_rate: LearningRate,
        stop_check: StopCheck,
        *,
        with_last_step: bool,
        partial_epoch: PartialEpoch | None,
    ) -> ComputedEpochs | None:
        """Compute the steps of `epoch` and of as many of the following epochs as are best computed together.

        Parameters
        ----------
        most
            The largest number of epochs to compute: 1 where this epoch happens to be alone, 0 where every epoch of the
            run is.
        learning_rate
            The learning rate of each step.
        stop_check
            Called before steps; when it returns True, the result is None.
        with_last_step
            Return the last step for diagnostics; only `epoch` is computed then.
        partial_epoch
            The steps of `epoch` that are done already; only `epoch` is computed then.
        """

    def close(self) -> None:
        """Release threads."""


def started(spec: RunSpec, partial_epoch: PartialEpoch | None) -> tuple[int, Accumulator]:
    """Return how many steps of an epoch are done already, and their sums."""
    accumulator = Accumulator(spec.measures, spec.network.outputs)
    if partial_epoch is None:
        return 0, accumulator
    accumulator.restore(partial_epoch.training)
    return partial_epoch.batches, accumulator


def shards_of(rows: int, network: Network) -> int:
    """Return the number of shards of a batch, which depends on shapes alone: threads do not change results."""
    large = rows >= 2 and rows * network.parameters.size >= SHARD_FROM
    return 2 if large and not network.couples_rows() else 1


class NumPySteps:
    """The reference implementation of `Steps`: the equations of layers and optimizers, one epoch at a time."""

    diagnostics_cost = 1

    def __init__(self, spec: RunSpec) -> None:
        self.spec, self.network = spec, spec.network
        settings = spec.settings
        count = shards_of(spec.batch_size, self.network)
        self.shards = [
            Shard(self.network, -(-spec.batch_size // count), spec.weighing, settings.seed, number)
            for number in range(count)
        ]
        self.pool = ThreadPoolExecutor(count) if settings.threads > 1 and count > 1 else None
        self.scratch = np.empty((2, self.network.parameters.size), dtype=self.network.dtype)
        self.slots = settings.optimizer.slots(self.network.parameters)
        self.steps = 0

    def compute(
        self,
        epoch: int,
        most: int,
        learning_rate: LearningRate,
        stop_check: StopCheck,
        *,
        with_last_step: bool,
        partial_epoch: PartialEpoch | None,
    ) -> ComputedEpochs | None:
        spec, settings = self.spec, self.spec.settings
        done, accumulator = started(spec, partial_epoch)
        before: FloatArray | None = None
        shards: list[Buffers] = []
        order = batches(spec.rows, spec.batch_size, settings.shuffle, settings.seed, spec.drawn_as(epoch))
        for index, batch in enumerate(islice(order, done, None), done):
            if stop_check(index, accumulator):
                return None
            if with_last_step and index == spec.batches - 1:
                before = self.network.parameters.copy()
            shards = self.step(epoch, index, batch, learning_rate(epoch, index), accumulator)
        return ComputedEpochs.single(accumulator, None if before is None else LastStep(shards, before))

    def step(
        self, epoch: int, index: int, batch: IndexArray, learning_rate: float, accumulator: Accumulator
    ) -> list[Buffers]:
        """Do one step of backpropagation over the rows at `batch`; the shards' gradients are added in order."""
        parts = [batch] if len(self.shards) == 1 else np.array_split(batch, len(self.shards))
        shards = [shard for shard, part in zip(self.shards, parts, strict=True) if len(part)]
        for shard, part in zip(shards, parts, strict=False):
            shard.moment.epoch, shard.moment.batch = self.spec.drawn_as(epoch), index
            shard.gather(self.spec.rows, part)
        normaliser = sum(shard.normaliser for shard in shards) or 1.0  # rows of weight 0 have a gradient of 0
        if self.pool is None:
            for shard in shards:
                shard.backpropagate(normaliser)
        else:
            list(self.pool.map(lambda shard: shard.backpropagate(normaliser), shards))
        first = self.shards[0].workspace
        for shard in shards:
            accumulator.add(shard.buffers, shard.weights, shard.normaliser)
            if shard.workspace is not first:
                np.add(first.gradients, shard.workspace.gradients, out=first.gradients)
        self._update(first, learning_rate)
        return [shard.buffers for shard in shards]

    def _update(self, workspace: Workspace, learning_rate: float) -> None:
        """Change every parameter by the optimizer's step along the gradient of the regularized loss."""
        settings = self.spec.settings
        settings.regularization.penalize(self.network, workspace)
        settings.regularization.clip(workspace.gradients)
        self.steps += 1
        settings.optimizer.step(
            self.network.parameters, workspace.gradients, self.slots, self.steps, learning_rate, self.scratch
        )
        settings.regularization.constrain(self.network, workspace)

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown()
