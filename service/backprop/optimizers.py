"""Optimizers: how a gradient changes the parameters.

Owns the registry OPTIMIZERS. Imports NumPy and the registry. Semantics are PyTorch's. All parameters are one vector, so
a step is a handful of operations; what an optimizer remembers are slots, vectors of the same length that start at zero.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry, setting
from service.errors import Invalid


class Optimizer(ABC):
    """One rule of descent."""

    name: ClassVar[str]
    learning_rate: float

    def slots(self) -> tuple[str, ...]:
        """Names of the vectors it keeps between steps; they are stored and resumed with the parameters."""
        return ()

    @abstractmethod
    def step(
        self,
        parameters: FloatArray,
        gradient: FloatArray,
        slots: dict[str, FloatArray],
        scratch: FloatArray,
        learning_rate: float,
        count: int,
    ) -> None:
        """Change `parameters` and `slots` in place; afterwards `gradient` holds what was subtracted.

        `learning_rate` is the one that applies now (a schedule may differ from the setting), `count` the number of this
        step from 1. `scratch` is a vector to write into.
        """


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer")


@OPTIMIZERS.register
@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    v = momentum * v + g, then p -= learning_rate * v, or with Nesterov's momentum learning_rate * (g + momentum * v).
    """

    name: ClassVar[str] = "sgd"
    learning_rate: float = setting(0.001, above=0, doc="length of a step along the gradient")
    momentum: float = setting(0.0, minimum=0, doc="share of the last step that is kept")
    nesterov: bool = setting(False, doc="look ahead along the momentum; needs momentum above 0")

    def __post_init__(self) -> None:
        if self.nesterov and not self.momentum > 0:
            raise Invalid("nesterov needs a momentum above 0")

    def slots(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def step(
        self,
        parameters: FloatArray,
        gradient: FloatArray,
        slots: dict[str, FloatArray],
        scratch: FloatArray,
        learning_rate: float,
        count: int,
    ) -> None:
        direction = gradient
        if self.momentum:
            velocity = slots["velocity"]
            np.multiply(velocity, self.momentum, out=velocity)
            np.add(velocity, gradient, out=velocity)
            direction = velocity
        if self.nesterov:
            np.multiply(velocity, self.momentum, out=scratch)
            direction = np.add(gradient, scratch, out=scratch)
        np.multiply(direction, learning_rate, out=gradient)
        np.subtract(parameters, gradient, out=parameters)
