"""What holds parameters small: penalties on weights, clipped gradients, and a bound on each unit's weights."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.network import Network, Workspace

CLIP_EPSILON = 1e-6  # PyTorch's, in clip_grad_norm_
RENORM_EPSILON = 1e-7  # PyTorch's, in renorm


@dataclass(frozen=True)
class Regularization:
    """`l1` times the sum of |w| and `l2` / 2 times the sum of w^2 join the loss; biases stay out of it.

    `max_norm` bounds the length of the weights that lead into one unit, after every step (Srivastava et al. 2014).
    `clip_norm` bounds the length of the whole gradient, `clip_value` each entry of it.
    """

    l1: float = 0.0
    l2: float = 0.0
    max_norm: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None

    def penalize(self, network: Network, workspace: Workspace) -> None:
        """Add the penalties' derivatives to the gradients."""
        if not self.l1 and not self.l2:
            return
        for W, dW in _regularized(network, workspace):
            if self.l2:
                dW += self.l2 * W
            if self.l1:
                dW += self.l1 * np.sign(W)

    def clip(self, gradients: FloatArray) -> None:
        """Shorten the gradient, penalties included."""
        if self.clip_norm is not None:
            length = float(np.sqrt(np.square(gradients, dtype=np.float64).sum()))
            if length + CLIP_EPSILON > self.clip_norm:
                np.multiply(gradients, self.clip_norm / (length + CLIP_EPSILON), out=gradients)
        if self.clip_value is not None:
            np.clip(gradients, -self.clip_value, self.clip_value, out=gradients)

    def constrain(self, network: Network, workspace: Workspace) -> None:
        """Shorten the weights that lead into a unit and are longer than `max_norm`."""
        if self.max_norm is None:
            return
        for W, _ in _regularized(network, workspace):
            lengths = np.sqrt(np.square(W).sum(axis=0))
            W *= np.where(lengths > self.max_norm, self.max_norm / (lengths + RENORM_EPSILON), 1.0)


def _regularized(network: Network, workspace: Workspace) -> Iterator[tuple[FloatArray, FloatArray]]:
    """The weights that penalties and bounds apply to, with their gradients."""
    for placed, gradients in zip(network.layers, workspace.views, strict=True):
        for name in placed.layer.regularized:
            yield placed.values[name], gradients[name]
