"""The base of optimizers, which update the whole parameter vector by its gradient. One class for each optimizer.

Settings, defaults and the order of the operations are PyTorch's. `g` is the gradient, `w` the parameters, `t` the
number of the step from 1.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry, setting

OPTIMIZERS: "Registry[Optimizer]" = Registry()
Slots = dict[str, FloatArray]


@dataclass(frozen=True)
class Optimizer:
    """Base of optimizers. Its slots are vectors that persist from step to step and are part of the training state."""

    name: ClassVar[str]
    full_batch: ClassVar[bool] = False
    learning_rate: float = setting(0.001, above=0, maximum=1e6)

    def slots(self, parameters: FloatArray) -> Slots:
        """Return the slots before the first step."""
        return {name: np.zeros_like(parameters) for name in self.vectors()}

    def vectors(self) -> tuple[str, ...]:
        """Return the names of the slots that have the shape of the parameters and start at 0."""
        return ()

    def step(
        self, w: FloatArray, g: FloatArray, slots: Slots, t: int, learning_rate: float, scratch: FloatArray
    ) -> None:
        """Update the parameters in place.

        Parameters
        ----------
        w : (parameters,)
            The parameters.
        g : (parameters,)
            Their gradient, which may be overwritten.
        slots
            The optimizer's state by name; updated in place.
        t
            The number of the step, from 1.
        learning_rate
            The rate of this step: the optimizer's own or a schedule's.
        scratch : (2, parameters)
            Working memory; its content is overwritten.
        """
        raise NotImplementedError


def average(mean: FloatArray, value: FloatArray, share: float, scratch: FloatArray) -> None:
    """Update a running mean: mean = (1 - share) mean + share value."""
    np.multiply(value, share, out=scratch)
    np.multiply(mean, 1.0 - share, out=mean)
    np.add(mean, scratch, out=mean)


def average_square(mean: FloatArray, value: FloatArray, share: float, scratch: FloatArray) -> None:
    """Update a running mean of squares: mean = (1 - share) mean + share value^2."""
    np.multiply(value, value, out=scratch)
    np.multiply(scratch, share, out=scratch)
    np.multiply(mean, 1.0 - share, out=mean)
    np.add(mean, scratch, out=mean)
