"""The weights of rows in the loss, and the targets of the loss."""

from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.losses import Loss
from service.backprop.network import Buffers


@dataclass(frozen=True)
class Weighing:
    """Sample weights, class weights and label smoothing, normalised as PyTorch does.

    `class_weights` (classes,) or None. A row's weight is its sample's times its class's.
    """

    loss: Loss
    class_weights: FloatArray | None = None
    label_smoothing: float = 0.0

    @property
    def own_targets(self) -> bool:
        """Whether the loss's targets T differ from the rows' own Y."""
        return self.label_smoothing > 0

    def weigh(self, buffers: Buffers, samples: FloatArray | None) -> tuple[FloatArray | None, float]:
        """Return the rows' weights (rows,), None where all are 1, and their share of the loss's normaliser.

        `samples` (rows,) are the sample weights. The loss's targets are written into `buffers.T`.
        """
        if self.own_targets:
            share = self.label_smoothing * self.loss.smoothing_share(buffers.Y.shape[1])
            np.multiply(buffers.Y, 1.0 - self.label_smoothing, out=buffers.T)
            np.add(buffers.T, share, out=buffers.T)
        if self.class_weights is None:
            weights = total = samples
        else:
            by_class = _of_rows(self.class_weights, buffers.Y)
            total = by_class if samples is None else by_class * samples
            weights = total
            if self.own_targets and self.loss.class_columns:
                # smoothing spreads a row over all classes: each part has the weight of its own class
                np.multiply(buffers.T, self.class_weights, out=buffers.T, casting="same_kind")
                weights = samples
        if total is None or not self.loss.over_weights:
            return weights, float(buffers.rows)
        return weights, float(total.sum())


def _of_rows(class_weights: FloatArray, Y: FloatArray) -> FloatArray:
    """Return the weight of each row's class (rows,), for one-hot targets, or a single column of 0 (or -1) and 1."""
    if Y.shape[1] == 1:
        is_second = np.greater(Y[:, 0], 0.0).astype(Y.dtype)
        return np.asarray(class_weights[0] + (class_weights[1] - class_weights[0]) * is_second)
    return np.asarray(Y @ class_weights)
