"""Regularization: penalties on weights, clipping of gradients, and a bound on the weights of each unit."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.network import Network, Workspace

CLIP_EPSILON = 1e-6  # PyTorch's, in clip_grad_norm_
RENORM_EPSILON = 1e-7  # PyTorch's, in renorm


@dataclass(frozen=True)
class Regularization:
    """The settings of regularization and their equations.

    `l1` times the sum of |w| and `l2` / 2 times the sum of w^2 are added to the loss, over weights but not biases.
    `max_norm` bounds the norm of the weights of each unit after every step (Srivastava et al. 2014). `clip_norm` bounds
    the norm of the whole gradient, `clip_value` the absolute value of each entry.
    """

    l1: float = 0.0
    l2: float = 0.0
    max_norm: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None

    def penalize(self, network: Network, workspace: Workspace) -> None:
        """Add the derivatives of the penalties to `workspace.gradients`."""
        if not self.l1 and not self.l2:
            return
        for W, dW in _regularized(network, workspace):
            if self.l2:
                dW += self.l2 * W
            if self.l1:
                dW += self.l1 * np.sign(W)

    def clip(self, gradients: FloatArray) -> None:
        """Clip the gradient (parameters,) in place, after `penalize`."""
        if self.clip_norm is not None:
            length = float(np.sqrt(np.square(gradients, dtype=np.float64).sum()))
            if length + CLIP_EPSILON > self.clip_norm:
                np.multiply(gradients, self.clip_norm / (length + CLIP_EPSILON), out=gradients)
        if self.clip_value is not None:
            np.clip(gradients, -self.clip_value, self.clip_value, out=gradients)

    def constrain(self, network: Network, workspace: Workspace) -> None:
        """Scale the weights of each unit whose norm exceeds `max_norm`; the workspace is used as scratch memory."""
        if self.max_norm is None:
            return
        for W, _ in _regularized(network, workspace):
            lengths = np.sqrt(np.square(W).sum(axis=0))
            W *= np.where(lengths > self.max_norm, self.max_norm / (lengths + RENORM_EPSILON), 1.0)


def _regularized(network: Network, workspace: Workspace) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield the weights that penalties and bounds apply to, each with its gradient."""
    for placed, gradients in zip(network.layers, workspace.views, strict=True):
        for name in placed.layer.regularized:
            yield placed.values[name], gradients[name]
