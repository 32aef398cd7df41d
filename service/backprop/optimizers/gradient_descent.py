"""Gradient descent, and resilient propagation, which uses only the signs of gradients."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.optimizers.base import OPTIMIZERS, Optimizer, Slots
from service.backprop.registry import setting


@OPTIMIZERS.register
@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent: v = momentum v + g; w = w - rate v. The first step's v is g.

    With Nesterov w = w - rate (g + momentum v).
    """

    name: ClassVar[str] = "sgd"
    momentum: float = setting(0.0, minimum=0, below=1)
    nesterov: bool = setting(False, doc="look ahead along the velocity")

    def __post_init__(self) -> None:
        if self.nesterov and not self.momentum:
            raise ValueError("`nesterov` needs a `momentum` above 0")

    def vectors(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        direction, step = g, scratch[0]
        if self.momentum:
            velocity = slots["velocity"]
            np.multiply(velocity, self.momentum, out=velocity)
            np.add(velocity, g, out=velocity)
            direction = velocity
            if self.nesterov:
                np.multiply(velocity, self.momentum, out=step)
                direction = np.add(step, g, out=step)
        np.multiply(direction, learning_rate, out=step)
        np.subtract(w, step, out=w)


@OPTIMIZERS.register
@dataclass(frozen=True)
class Rprop(Optimizer):
    """Each parameter has a step of its own, grown while its gradient keeps its sign, shrunk when it turns.

    Only signs count, so it needs full batches (Riedmiller and Braun 1993).
    """

    name: ClassVar[str] = "rprop"
    full_batch: ClassVar[bool] = True
    learning_rate: float = setting(0.01, above=0, maximum=1e6)
    shrink: float = setting(0.5, above=0, below=1)
    grow: float = setting(1.2, above=1)
    smallest: float = setting(1e-6, above=0, doc="step")
    largest: float = setting(50.0, above=0, doc="step")

    def slots(self, parameters: FloatArray) -> Slots:
        return {"before": np.zeros_like(parameters), "steps": np.full_like(parameters, self.learning_rate)}

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        before, steps = slots["before"], slots["steps"]
        turn, factor = scratch
        np.multiply(g, before, out=turn)
        factor.fill(1.0)
        factor[turn > 0] = self.grow
        factor[turn < 0] = self.shrink
        np.multiply(steps, factor, out=steps)
        np.clip(steps, self.smallest, self.largest, out=steps)
        np.copyto(before, g)
        before[turn < 0] = 0.0
        np.sign(before, out=turn)
        np.multiply(turn, steps, out=turn)
        np.subtract(w, turn, out=w)
