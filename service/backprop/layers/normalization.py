"""Batch and layer normalization: A = weights * X' + biases, with the normalised inputs X'."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.layers.base import LAYERS, ROWS, Layer, Moment, Shapes, Views
from service.backprop.registry import setting


@dataclass(frozen=True, eq=False)
class Normalization(Layer):
    """Base of both normalizations. `AXIS` is the axis of the means: 0 for rows, 1 for units."""

    AXIS: ClassVar[int]
    epsilon: float = setting(1e-5, above=0, doc="added to the variance")

    def parameter_shapes(self, inputs: int) -> Shapes:
        return {"weights": (inputs,), "biases": (inputs,)}

    def initialize(self, values: Views, inputs: int, seed: int, index: int) -> None:
        values["weights"][...] = 1.0
        values["biases"][...] = 0.0

    def _scale_and_shift(self, values: Views, io: Views) -> None:
        np.multiply(io["normalised"], values["weights"], out=io["A"])
        np.add(io["A"], values["biases"], out=io["A"])

    def backward(
        self,
        values: Views,
        A_before: FloatArray,
        io: Views,
        gradients: Views,
        dA_before: FloatArray | None,
        simplified: bool,
    ) -> None:
        delta, normalised = io["delta"], io["normalised"]
        np.add.reduce(delta, axis=0, out=gradients["biases"])
        np.add.reduce(delta * normalised, axis=0, out=gradients["weights"])
        if dA_before is not None:
            # Ioffe and Szegedy 2015, section 3: the error also passes through the mean and the variance
            error = delta * values["weights"]
            along = (error * normalised).mean(axis=self.AXIS, keepdims=True)
            error -= error.mean(axis=self.AXIS, keepdims=True)
            np.subtract(error, normalised * along, out=dA_before)
            np.divide(dA_before, io["deviation"], out=dA_before)


@LAYERS.register
@dataclass(frozen=True, eq=False)
class LayerNormalization(Normalization):
    """Each row to mean 0 and variance 1 over its units, then scaled and shifted unit by unit (Ba et al. 2016)."""

    name: ClassVar[str] = "layer_normalization"
    AXIS: ClassVar[int] = 1

    def buffer_shapes(self, inputs: int) -> Shapes:
        return {"normalised": (ROWS, inputs), "deviation": (ROWS, 1)}

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        np.subtract(A_before, A_before.mean(axis=1, keepdims=True), out=io["normalised"])
        variance = np.square(io["normalised"]).mean(axis=1, keepdims=True)
        np.sqrt(variance + self.epsilon, out=io["deviation"])
        np.divide(io["normalised"], io["deviation"], out=io["normalised"])
        self._scale_and_shift(values, io)


@LAYERS.register
@dataclass(frozen=True, eq=False)
class BatchNormalization(Normalization):
    """Each unit to mean 0 and variance 1 over the batch's rows, then scaled and shifted (Ioffe and Szegedy 2015).

    Outside of training the running statistics take the batch's place; each batch moves them by `momentum`. They are
    stored with the parameters. A batch of one row has no variance and leaves the running one as it is.
    """

    name: ClassVar[str] = "batch_normalization"
    couples_rows: ClassVar[bool] = True
    AXIS: ClassVar[int] = 0
    momentum: float = setting(0.1, above=0, maximum=1, doc="the share of each batch in the running statistics")

    def statistic_shapes(self, inputs: int) -> Shapes:
        return {"running_mean": (inputs,), "running_variance": (inputs,)}

    def buffer_shapes(self, inputs: int) -> Shapes:
        return {"normalised": (ROWS, inputs), "deviation": (inputs,)}

    def initialize(self, values: Views, inputs: int, seed: int, index: int) -> None:
        super().initialize(values, inputs, seed, index)
        values["running_mean"][...] = 0.0
        values["running_variance"][...] = 1.0

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        mean, variance = values["running_mean"], values["running_variance"]
        if moment.training:
            mean = A_before.mean(axis=0)
        np.subtract(A_before, mean, out=io["normalised"])
        if moment.training:
            variance = np.square(io["normalised"]).mean(axis=0)
            self._move(values, mean, variance, len(A_before))
        np.sqrt(variance + self.epsilon, out=io["deviation"])
        np.divide(io["normalised"], io["deviation"], out=io["normalised"])
        self._scale_and_shift(values, io)

    def _move(self, values: Views, mean: FloatArray, variance: FloatArray, rows: int) -> None:
        """Update the running statistics by a batch; the variance is the unbiased estimate, as in PyTorch."""
        values["running_mean"] += self.momentum * (mean - values["running_mean"])
        if rows > 1:
            values["running_variance"] += self.momentum * (variance * (rows / (rows - 1)) - values["running_variance"])
