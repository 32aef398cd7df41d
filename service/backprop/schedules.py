"""Schedules of the learning rate. One class for each schedule.

A rate is a pure function of the position in training, so that a resumed run has the rates of an uninterrupted one. The
schedule that depends on losses stores them in a memory that is part of the training state. Formulas are PyTorch's.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from service.backprop.registry import Registry, setting

SCHEDULES: "Registry[Schedule]" = Registry()
Memory = dict[str, float]
MOST_EPOCHS = 10_000_000


@dataclass(frozen=True)
class Position:
    """The position of a step in training: its `epoch` (from 1) of `epochs`, its `batch` (from 0) of `batches`."""

    epoch: int
    epochs: int
    batch: int
    batches: int


@dataclass(frozen=True)
class Schedule:
    """Base of schedules; `by_batch` says that the rate changes within an epoch."""

    name: ClassVar[str]
    by_batch: ClassVar[bool] = False

    def rate(self, base: float, at: Position, memory: Memory) -> float:
        """Return the learning rate of a step.

        Parameters
        ----------
        base
            The optimizer's `learning_rate`.
        at
            The position of the step.
        memory
            What `observe` has stored; empty before the first epoch.
        """
        raise NotImplementedError

    def observe(self, loss: float, memory: Memory) -> None:
        """Update `memory` after an epoch, given its watched loss."""


@SCHEDULES.register
@dataclass(frozen=True)
class Step(Schedule):
    """base * gamma^k, k the number of whole `epochs` that have passed."""

    name: ClassVar[str] = "step"
    epochs: int = setting(10, minimum=1, maximum=MOST_EPOCHS)
    gamma: float = setting(0.1, above=0, maximum=1)

    def rate(self, base: float, at: Position, memory: Memory) -> float:
        return float(base * self.gamma ** ((at.epoch - 1) // self.epochs))


@SCHEDULES.register
@dataclass(frozen=True)
class Exponential(Schedule):
    """base * gamma^(epochs that have passed)."""

    name: ClassVar[str] = "exponential"
    gamma: float = setting(0.95, above=0, maximum=1)

    def rate(self, base: float, at: Position, memory: Memory) -> float:
        return base * self.gamma ** (at.epoch - 1)


@SCHEDULES.register
@dataclass(frozen=True)
class Polynomial(Schedule):
    """minimum + (base - minimum) (1 - share of the epochs that have passed)^power."""

    name: ClassVar[str] = "polynomial"
    power: float = setting(1.0, above=0)
    minimum: float = setting(0.0, minimum=0)

    def rate(self, base: float, at: Position, memory: Memory) -> float:
        left = 1.0 - (at.epoch - 1) / at.epochs
        return float(self.minimum + (base - self.minimum) * left**self.power)


@SCHEDULES.register
@dataclass(frozen=True)
class Cosine(Schedule):
    """From base down to `minimum` along half a cosine (Loshchilov and Hutter 2017).

    During `warmup_epochs` the rate first rises evenly to base. With `restart_epochs` it jumps back to base after so
    many epochs, and each next turn is `restart_factor` times as long.
    """

    name: ClassVar[str] = "cosine"
    warmup_epochs: int = setting(0, minimum=0, maximum=MOST_EPOCHS)
    minimum: float = setting(0.0, minimum=0)
    restart_epochs: int | None = setting(
        None, minimum=1, maximum=MOST_EPOCHS, doc="length of the first turn; null for one turn in all"
    )
    restart_factor: int = setting(1, minimum=1, maximum=1000)

    def rate(self, base: float, at: Position, memory: Memory) -> float:
        if at.epoch <= self.warmup_epochs:
            return base * at.epoch / self.warmup_epochs
        elapsed, turn = at.epoch - 1 - self.warmup_epochs, at.epochs - self.warmup_epochs
        if self.restart_epochs is not None:
            turn = self.restart_epochs
            while elapsed >= turn:
                elapsed, turn = elapsed - turn, turn * self.restart_factor
                if self.restart_factor == 1:
                    elapsed %= turn
        return self.minimum + (base - self.minimum) * (1.0 + math.cos(math.pi * elapsed / turn)) / 2.0


@SCHEDULES.register
@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to base, then far down, batch by batch (Smith and Topin 2018).

    It starts at base / `start_divisor`, rises along half a cosine until the share `rise` of all batches has passed, and
    falls along half a cosine to start / `end_divisor`.
    """

    name: ClassVar[str] = "one_cycle"
    by_batch: ClassVar[bool] = True
    rise: float = setting(0.3, above=0, below=1)
    start_divisor: float = setting(25.0, minimum=1)
    end_divisor: float = setting(1e4, minimum=1)

    def rate(self, base: float, at: Position, memory: Memory) -> float:
        steps, step = at.epochs * at.batches, (at.epoch - 1) * at.batches + at.batch
        start = base / self.start_divisor
        top = self.rise * steps - 1.0
        if step < top:
            return _half_cosine(start, base, step / top)
        return _half_cosine(base, start / self.end_divisor, (step - top) / max(steps - 1 - top, 1e-12))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2.0 * (1.0 + math.cos(math.pi * share))


@SCHEDULES.register
@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """base times `factor` each time the loss has not improved for more than `patience` epochs.

    Improved means below best * (1 - threshold). The loss is the validation's, or the training's without one. After a
    reduction `cooldown` epochs do not count. A rate that is below `minimum` already stays as it is.
    """

    name: ClassVar[str] = "reduce_on_plateau"
    factor: float = setting(0.1, above=0, below=1)
    patience: int = setting(10, minimum=0, maximum=MOST_EPOCHS)
    threshold: float = setting(1e-4, minimum=0, below=1)
    cooldown: int = setting(0, minimum=0, maximum=MOST_EPOCHS)
    minimum: float = setting(0.0, minimum=0)

    def rate(self, base: float, at: Position, memory: Memory) -> float:
        rate = base
        for _ in range(int(memory.get("reductions", 0.0))):
            rate = min(rate, max(rate * self.factor, self.minimum))
        return rate

    def observe(self, loss: float, memory: Memory) -> None:
        if loss < memory.get("best", math.inf) * (1.0 - self.threshold):
            memory["best"], memory["bad"] = loss, 0.0
        else:
            memory["bad"] = memory.get("bad", 0.0) + 1.0
        if memory.get("cooldown", 0.0) > 0:
            memory["cooldown"] -= 1.0
            memory["bad"] = 0.0
        if memory["bad"] > self.patience:
            memory["reductions"] = memory.get("reductions", 0.0) + 1.0
            memory["cooldown"], memory["bad"] = float(self.cooldown), 0.0
