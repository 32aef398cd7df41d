"""Adam and its variants: running means of the gradients and of their squares."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.optimizers.base import OPTIMIZERS, Optimizer, Slots, average, average_square
from service.backprop.registry import setting


@dataclass(frozen=True)
class Moments(Optimizer):
    """Base of optimizers with running means m of g and s of g^2.

    Both start at 0; dividing by 1 - beta^t corrects that bias.
    """

    beta1: float = setting(0.9, minimum=0, below=1, doc="what the mean of gradients keeps at each step")
    beta2: float = setting(0.999, minimum=0, below=1, doc="what the mean of their squares keeps")
    epsilon: float = setting(1e-8, above=0)

    def vectors(self) -> tuple[str, ...]:
        return ("means", "squares")


@OPTIMIZERS.register
@dataclass(frozen=True)
class Adam(Moments):
    """m / (1 - beta1^t) over sqrt(s / (1 - beta2^t)) + epsilon, times the rate (Kingma and Ba 2015).

    `amsgrad` divides by the largest s so far (Reddi, Kale and Kumar 2018).
    """

    name: ClassVar[str] = "adam"
    amsgrad: bool = setting(False)

    def vectors(self) -> tuple[str, ...]:
        return (*super().vectors(), *(("largest",) if self.amsgrad else ()))

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        step, root = scratch
        average(slots["means"], g, 1.0 - self.beta1, step)
        average_square(slots["squares"], g, 1.0 - self.beta2, step)
        squares = slots["squares"]
        if self.amsgrad:
            squares = np.maximum(slots["largest"], squares, out=slots["largest"])
        np.sqrt(squares, out=root)
        np.divide(root, (1.0 - self.beta2**t) ** 0.5, out=root)
        np.add(root, self.epsilon, out=root)
        np.divide(slots["means"], root, out=step)
        np.multiply(step, learning_rate / (1.0 - self.beta1**t), out=step)
        np.subtract(w, step, out=w)


@OPTIMIZERS.register
@dataclass(frozen=True)
class AdamW(Adam):
    """Adam, with every parameter first shrunk by rate times `weight_decay` (Loshchilov and Hutter 2019)."""

    name: ClassVar[str] = "adamw"
    weight_decay: float = setting(0.01, minimum=0)

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        np.multiply(w, 1.0 - learning_rate * self.weight_decay, out=w)
        super().step(w, g, slots, t, learning_rate, scratch)


@OPTIMIZERS.register
@dataclass(frozen=True)
class NAdam(Moments):
    """Adam with Nesterov's look ahead, its momentum growing from half of beta1 (Dozat 2016)."""

    name: ClassVar[str] = "nadam"
    learning_rate: float = setting(0.002, above=0, maximum=1e6)
    momentum_decay: float = setting(0.004, minimum=0)

    def slots(self, parameters: FloatArray) -> Slots:
        return {**super().slots(parameters), "product": np.ones(1)}

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        step, root = scratch
        momentum, ahead = self._momentum(t), self._momentum(t + 1)
        slots["product"] *= momentum
        product = float(slots["product"][0])
        average(slots["means"], g, 1.0 - self.beta1, step)
        average_square(slots["squares"], g, 1.0 - self.beta2, step)
        np.divide(slots["squares"], 1.0 - self.beta2**t, out=root)
        np.sqrt(root, out=root)
        np.add(root, self.epsilon, out=root)
        np.multiply(g, learning_rate * (1.0 - momentum) / (1.0 - product), out=step)
        np.divide(step, root, out=step)
        np.subtract(w, step, out=w)
        np.multiply(slots["means"], learning_rate * ahead / (1.0 - product * ahead), out=step)
        np.divide(step, root, out=step)
        np.subtract(w, step, out=w)

    def _momentum(self, t: int) -> float:
        return self.beta1 * (1.0 - 0.5 * float(0.96 ** (t * self.momentum_decay)))


@OPTIMIZERS.register
@dataclass(frozen=True)
class Adamax(Moments):
    """m / (1 - beta1^t) over u, the largest of beta2 u and |g| + epsilon, times the rate (Kingma and Ba 2015)."""

    name: ClassVar[str] = "adamax"
    learning_rate: float = setting(0.002, above=0, maximum=1e6)

    def vectors(self) -> tuple[str, ...]:
        return ("means", "largest")

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        step, largest = scratch[0], slots["largest"]
        average(slots["means"], g, 1.0 - self.beta1, step)
        np.abs(g, out=step)
        np.add(step, self.epsilon, out=step)
        np.multiply(largest, self.beta2, out=largest)
        np.maximum(largest, step, out=largest)
        np.divide(slots["means"], largest, out=step)
        np.multiply(step, learning_rate / (1.0 - self.beta1**t), out=step)
        np.subtract(w, step, out=w)
