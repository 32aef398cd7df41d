"""Optimizers: how a gradient becomes a step. Each works on the whole parameter vector. One class an optimizer."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry, setting

OPTIMIZERS: "Registry[Optimizer]" = Registry()


@dataclass(frozen=True)
class Optimizer:
    """Its slots are vectors as long as the parameters that live from step to step, zero at first."""

    name: ClassVar[str]
    learning_rate: float = setting(0.001, above=0, maximum=1e6)

    def slot_names(self) -> tuple[str, ...]:
        return ()

    def step(
        self,
        parameters: FloatArray,
        gradients: FloatArray,
        slots: dict[str, FloatArray],
        number: int,
        scratch: FloatArray,
    ) -> None:
        """Move `parameters` in place; `number` counts steps from 0; `scratch` is as long and free to use."""
        raise NotImplementedError


@OPTIMIZERS.register
@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent as PyTorch has it: v = momentum v + g; w = w - rate v.

    With Nesterov w = w - rate (g + momentum v). The first step's v is g.
    """

    name: ClassVar[str] = "sgd"
    momentum: float = setting(0.0, minimum=0, below=1)
    nesterov: bool = setting(False, doc="look ahead along the velocity")

    def slot_names(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def step(
        self,
        parameters: FloatArray,
        gradients: FloatArray,
        slots: dict[str, FloatArray],
        number: int,
        scratch: FloatArray,
    ) -> None:
        direction = gradients
        if self.momentum:
            velocity = slots["velocity"]
            np.multiply(velocity, self.momentum, out=velocity)
            np.add(velocity, gradients, out=velocity)
            direction = velocity
            if self.nesterov:
                np.multiply(velocity, self.momentum, out=scratch)
                direction = np.add(scratch, gradients, out=scratch)
        np.multiply(direction, self.learning_rate, out=scratch)
        np.subtract(parameters, scratch, out=parameters)
