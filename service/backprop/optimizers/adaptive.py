"""Optimizers that divide each parameter's step by the magnitude of its earlier gradients."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.optimizers.base import OPTIMIZERS, Optimizer, Slots, average, average_square
from service.backprop.registry import setting


@OPTIMIZERS.register
@dataclass(frozen=True)
class Adagrad(Optimizer):
    """s = s + g^2; w = w - rate / (1 + (t - 1) decay) g / (sqrt(s) + epsilon) (Duchi, Hazan and Singer 2011)."""

    name: ClassVar[str] = "adagrad"
    learning_rate: float = setting(0.01, above=0, maximum=1e6)
    decay: float = setting(0.0, minimum=0, doc="of the learning rate, step by step")
    initial: float = setting(0.0, minimum=0, doc="what the sums of squares start at")
    epsilon: float = setting(1e-10, above=0)

    def slots(self, parameters: FloatArray) -> Slots:
        return {"squares": np.full_like(parameters, self.initial)}

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        squares, step, root = slots["squares"], scratch[0], scratch[1]
        np.multiply(g, g, out=step)
        np.add(squares, step, out=squares)
        np.sqrt(squares, out=root)
        np.add(root, self.epsilon, out=root)
        np.divide(g, root, out=step)
        np.multiply(step, learning_rate / (1.0 + (t - 1) * self.decay), out=step)
        np.subtract(w, step, out=w)


@OPTIMIZERS.register
@dataclass(frozen=True)
class Adadelta(Optimizer):
    """s = mean of g^2; d = g sqrt(u + epsilon) / sqrt(s + epsilon); u = mean of d^2; w = w - rate d (Zeiler 2012)."""

    name: ClassVar[str] = "adadelta"
    learning_rate: float = setting(1.0, above=0, maximum=1e6)
    rho: float = setting(0.9, minimum=0, below=1, doc="what a running mean keeps at each step")
    epsilon: float = setting(1e-6, above=0)

    def vectors(self) -> tuple[str, ...]:
        return ("squares", "steps")

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        step, other = scratch
        average_square(slots["squares"], g, 1.0 - self.rho, other)
        np.add(slots["steps"], self.epsilon, out=step)
        np.sqrt(step, out=step)
        np.add(slots["squares"], self.epsilon, out=other)
        np.sqrt(other, out=other)
        np.divide(step, other, out=step)
        np.multiply(step, g, out=step)
        average_square(slots["steps"], step, 1.0 - self.rho, other)
        np.multiply(step, learning_rate, out=step)
        np.subtract(w, step, out=w)


@OPTIMIZERS.register
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """s = mean of g^2; w = w - rate g / (sqrt(s) + epsilon) (Hinton 2012).

    `centered` takes the square of g's running mean off s; `momentum` gathers the steps in a velocity.
    """

    name: ClassVar[str] = "rmsprop"
    learning_rate: float = setting(0.01, above=0, maximum=1e6)
    alpha: float = setting(0.99, minimum=0, below=1, doc="what a running mean keeps at each step")
    epsilon: float = setting(1e-8, above=0)
    momentum: float = setting(0.0, minimum=0, below=1)
    centered: bool = setting(False)

    def vectors(self) -> tuple[str, ...]:
        means = ("means",) if self.centered else ()
        return ("squares", *means, *(("velocity",) if self.momentum else ()))

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        step, root = scratch
        average_square(slots["squares"], g, 1.0 - self.alpha, step)
        if self.centered:
            average(slots["means"], g, 1.0 - self.alpha, step)
            np.multiply(slots["means"], slots["means"], out=root)
            np.subtract(slots["squares"], root, out=root)
            np.maximum(root, 0.0, out=root)  # rounding may make the variance of a constant gradient negative
            np.sqrt(root, out=root)
        else:
            np.sqrt(slots["squares"], out=root)
        np.add(root, self.epsilon, out=root)
        np.divide(g, root, out=step)
        if self.momentum:
            velocity = slots["velocity"]
            np.multiply(velocity, self.momentum, out=velocity)
            np.add(velocity, step, out=velocity)
            step = np.multiply(velocity, learning_rate, out=step)
        else:
            np.multiply(step, learning_rate, out=step)
        np.subtract(w, step, out=w)
