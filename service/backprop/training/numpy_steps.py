"""The steps of training: every row of an epoch once, a step of backpropagation a batch, by NumPy.

`Steps` is what `trainer.py` drives. `compiled/` has another kind that does the same in compiled code.
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
from service.backprop.training.accumulators import Measures, Tally
from service.backprop.training.evaluator import Shard
from service.backprop.training.row_weights import Weighing
from service.backprop.training.rows import Rows, batches
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import PartialEpoch

SHARD_FROM = 30_000_000  # rows x parameters of a batch from which two shards are worth their additions

Rate = Callable[[int, int], float]  # the learning rate of an epoch's batch


class StopCheck(Protocol):
    """Asked before steps whether to stop: `batches` of the epoch are taken, `tally` holds what they told."""

    def __call__(self, batches: int, tally: Tally | None) -> bool: ...


@dataclass(frozen=True)
class RunSpec:
    """One run's unchanging parts: what is trained, on which rows, and how.

    `settings` are the trainer's; `measures` what is tallied of every batch.
    """

    network: Network
    settings: TrainingSettings
    rows: Rows
    batch_size: int
    measures: Measures
    weighing: Weighing

    @property
    def batches(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def drawn_as(self, epoch: int) -> int:
        """The number under which an epoch's order and masks are drawn."""
        return self.settings.draws_from + epoch


@dataclass(frozen=True)
class LastStep:
    """An epoch's last step, to be measured: what went through the network, and the parameters before it."""

    passed: list[Buffers]
    before: FloatArray


@dataclass(frozen=True)
class Passed:
    """One epoch that was passed. `parameters` are a copy where it was passed together with others.

    Training can go on from it when it is `resumable`: when no later one was passed with it.
    """

    tally: Tally
    last_step: LastStep | None = None
    parameters: FloatArray | None = None
    resumable: bool = True


@dataclass(frozen=True)
class Together:
    """Several epochs that were passed in one call: `losses` and each metric (epochs,), `parameters` after each."""

    losses: FloatArray
    metrics: dict[str, FloatArray]
    parameters: FloatArray


class Steps(Protocol):
    """How a run steps. `slots` and `steps` are its state beside the parameters.

    A measurement of the last step costs, in steps of its own, `costs` times what one costs in NumPy's.
    """

    slots: Slots
    steps: int
    costs: int

    def pass_epochs(
        self, epoch: int, most: int, rate: Rate, tells: bool, between: StopCheck, begun: PartialEpoch | None = None
    ) -> list[Passed] | None:
        """Pass `epoch` and up to `most` in all, as many as are best passed together.

        `tells`: the last step is to be measured, and only `epoch` is passed. `begun`: some of its steps are taken
        already, and only it is passed. None when told to stop on the way.
        """

    def pass_together(self, epoch: int, most: int, rate: Rate) -> Together | None:
        """Pass several short epochs from `epoch` on, `most` of them; None where that does not pay."""

    def close(self) -> None:
        """Let go of what is not memory."""


def start_of(spec: RunSpec, begun: PartialEpoch | None) -> tuple[int, Tally]:
    """How many steps of an epoch are taken already, and what they told."""
    tally = Tally(spec.measures, spec.network.outputs)
    if begun is None:
        return 0, tally
    tally.go_on(begun)
    return begun.batches, tally


def shards_of(rows: int, network: Network) -> int:
    """Into how many shards a batch is cut: from shapes alone, so that threads never change a bit of a result."""
    large = rows >= 2 and rows * network.parameters.size >= SHARD_FROM
    return 2 if large and not network.couples_rows() else 1


class NumPySteps:
    """The layers' and optimizers' own equations, one epoch at a time."""

    costs = 1

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

    def pass_epochs(
        self, epoch: int, most: int, rate: Rate, tells: bool, between: StopCheck, begun: PartialEpoch | None = None
    ) -> list[Passed] | None:
        spec, settings = self.spec, self.spec.settings
        taken, tally = start_of(spec, begun)
        before: FloatArray | None = None
        passed: list[Buffers] = []
        order = batches(spec.rows, spec.batch_size, settings.shuffle, settings.seed, spec.drawn_as(epoch))
        for index, batch in enumerate(islice(order, taken, None), taken):
            if between(index, tally):
                return None
            if tells and index == spec.batches - 1:
                before = self.network.parameters.copy()
            passed = self.step(epoch, index, batch, rate(epoch, index), tally)
        return [Passed(tally, None if before is None else LastStep(passed, before))]

    def pass_together(self, epoch: int, most: int, rate: Rate) -> Together | None:
        return None

    def step(self, epoch: int, index: int, batch: IndexArray, learning_rate: float, tally: Tally) -> list[Buffers]:
        """One step of backpropagation over the rows at `batch`; the shards' gradients are added in order."""
        parts = [batch] if len(self.shards) == 1 else np.array_split(batch, len(self.shards))
        shards = [shard for shard, part in zip(self.shards, parts, strict=True) if len(part)]
        for shard, part in zip(shards, parts, strict=False):
            shard.moment.epoch, shard.moment.batch = self.spec.drawn_as(epoch), index
            shard.gather(self.spec.rows, part)
        normaliser = sum(shard.normaliser for shard in shards) or 1.0  # rows that all weigh nothing teach nothing
        if self.pool is None:
            for shard in shards:
                shard.backpropagate(normaliser)
        else:
            list(self.pool.map(lambda shard: shard.backpropagate(normaliser), shards))
        first = self.shards[0].workspace
        for shard in shards:
            tally.add(shard.buffers, shard.weights, shard.normaliser)
            if shard.workspace is not first:
                np.add(first.gradients, shard.workspace.gradients, out=first.gradients)
        self._update(first, learning_rate)
        return [shard.buffers for shard in shards]

    def _update(self, workspace: Workspace, learning_rate: float) -> None:
        """Each parameter moves along the tangent towards less error."""
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
