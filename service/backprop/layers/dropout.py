"""Dropout."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.layers.base import LAYERS, ROWS, Layer, Moment, Shapes, Views
from service.backprop.randomness import Purpose, generator
from service.backprop.registry import setting

SHARDS = 1 << 16


@LAYERS.register
@dataclass(frozen=True, eq=False)
class Dropout(Layer):
    """In training each output is 0 with probability `rate`, else divided by 1 - rate (Srivastava et al. 2014).

    Outside of training nothing happens.
    """

    name: ClassVar[str] = "dropout"
    rate: float = setting(0.5, minimum=0, below=1)

    def buffer_shapes(self, inputs: int) -> Shapes:
        return {"mask": (ROWS, inputs)}

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        if not moment.training:
            io["A"][...] = A_before
            return
        part = index * SHARDS + moment.shard
        random = generator(moment.seed, Purpose.DROPOUT, moment.epoch, moment.batch, part)
        np.greater_equal(random.random(A_before.shape, dtype=np.float32), self.rate, out=io["mask"])
        np.divide(io["mask"], 1.0 - self.rate, out=io["mask"])
        np.multiply(A_before, io["mask"], out=io["A"])

    def backward(
        self,
        values: Views,
        A_before: FloatArray,
        io: Views,
        gradients: Views,
        dA_before: FloatArray | None,
        simplified: bool,
    ) -> None:
        if dA_before is not None:
            np.multiply(io["delta"], io["mask"], out=dA_before)
