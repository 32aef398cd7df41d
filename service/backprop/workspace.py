"""A network at work: every array of the forward and backward pass, allocated once.

Owns the cut of a batch into shards. Their number follows from the shapes alone, each has a gradient vector of its own,
and these are added in the shards' order: so the number of threads that compute them never changes a bit.
Imports NumPy, network, layers and losses.
"""

from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from service.backprop.arrays import FloatArray, quiet
from service.backprop.layers import Arrays, LayerWork
from service.backprop.losses import Loss
from service.backprop.network import Network

SHARDS_AT_MOST = 4
ROWS_IN_A_SHARD = 64
"""At least: below that the product with a layer's weights is bound by reading them."""
OPERATIONS_IN_A_SHARD = 3e7
"""At least: below that (about 0.3 ms) handing a shard to a thread costs more than it saves."""
CHUNK_ROWS = 1024
CHUNK_VALUES = 1 << 20


def shard_count(rows: int, parameters: int) -> int:
    """How many shards a batch is cut into; a pass takes about 6 operations a row and parameter."""
    by_work = int(6.0 * rows * parameters / OPERATIONS_IN_A_SHARD)
    return max(1, min(SHARDS_AT_MOST, rows // ROWS_IN_A_SHARD, by_work))


def chunk_rows(network: Network) -> int:
    """Rows to measure or predict at a time, so that a wide network's buffers stay small."""
    widest = max(network.inputs, *(layer.outputs for layer in network.layers))
    return max(16, min(CHUNK_ROWS, CHUNK_VALUES // widest))


class Shard:
    """Some rows of a batch: their way through all layers, and back."""

    def __init__(self, works: list[LayerWork], Y: FloatArray, gradient: FloatArray | None, loss: Loss | None) -> None:
        self.layers = works
        self.Y = Y
        self.gradient = gradient
        self.loss = loss
        self.output = works[-1]
        self.A = self.output.A
        self.matched = loss is not None and self.output.activation.name in loss.matched_with
        self._downwards = list(zip(works[:0:-1], works[-2::-1], strict=True))

    def forward(self) -> None:
        """Weighted inputs and activations of every layer, first to last."""
        for layer in self.layers:
            layer.forward()

    def loss_sum(self) -> float:
        """The loss summed over the rows, after `forward`."""
        assert self.loss is not None
        if self.matched:
            return self.loss.matched_value(self.output.Z, self.Y, self.output.scratch)
        return self.loss.value(self.A, self.Y, self.output.scratch)

    def backward(self, scale: float) -> None:
        """The gradient of `scale` times the summed loss, by BP1 to BP4 (Nielsen, chapter 2), after `forward`."""
        self._output_delta(scale)
        for layer, before in self._downwards:
            layer.find_gradients()  # BP3, BP4
            assert before.delta is not None
            layer.propagate(before.delta)  # BP2: dC/da of the layer before
            before.differentiate()  # BP2: ... times sigma'(z)
        self.layers[0].find_gradients()  # BP3, BP4

    def _output_delta(self, scale: float) -> None:
        output, delta = self.output, self.output.delta
        assert self.loss is not None and delta is not None
        if self.matched:
            self.loss.matched_delta(self.A, self.Y, delta)  # BP1, sigma'(z) having cancelled
            np.multiply(delta, scale, out=delta)
        else:
            self.loss.gradient(self.A, self.Y, delta, output.scratch)  # BP1: dC/da
            np.multiply(delta, scale, out=delta)
            output.differentiate()  # BP1: ... times sigma'(z)


class Batch:
    """A fixed number of rows: `X` and `Y` to be filled, and the shards they are cut into."""

    def __init__(self, X: FloatArray, Y: FloatArray, shards: list[Shard]) -> None:
        self.X = X
        self.Y = Y
        self.shards = shards
        self.scale = 1.0 / len(X)

    def measure(self) -> float:
        """Forward only; the summed loss."""
        total = 0.0
        for shard in self.shards:
            shard.forward()
            total += shard.loss_sum()
        return total

    def backpropagate(self, threads: Executor | None = None) -> float:
        """Forward and backward; the summed loss. The gradient of the mean loss is then in the workspace's `gradient`.

        The caller holds `arrays.quiet()`.
        """
        if threads is None or len(self.shards) == 1:
            losses = [self._pass(shard) for shard in self.shards]
        else:
            losses = list(threads.map(self._quiet_pass, self.shards))
        first = self.shards[0].gradient
        for shard in self.shards[1:]:
            assert first is not None and shard.gradient is not None
            np.add(first, shard.gradient, out=first)
        return sum(losses)

    def _pass(self, shard: Shard) -> float:
        shard.forward()
        loss = shard.loss_sum()
        shard.backward(self.scale)
        return loss

    def _quiet_pass(self, shard: Shard) -> float:
        with quiet():
            return self._pass(shard)


class Workspace:
    """Buffers for batches of up to `rows` rows; without `learning`, for the forward pass alone.

    Used by one thread at a time. `gradient` has the layout of the network's parameters.
    """

    def __init__(self, network: Network, rows: int, loss: Loss | None = None, learning: bool = False) -> None:
        self.network = network
        self.rows = rows
        self.loss = loss
        self.X: FloatArray = np.empty((rows, network.inputs), network.dtype)
        self.Y: FloatArray = np.empty((rows, network.outputs), network.dtype)
        self._buffers = [
            layer.definition.buffers(layer.inputs, rows, network.dtype, learning) for layer in network.layers
        ]
        self._learning = learning
        shards = shard_count(rows, network.parameters.size) if learning else 0
        self._gradients: list[FloatArray] = [np.empty_like(network.parameters) for _ in range(shards)]
        self._batches: dict[int, Batch] = {}

    @property
    def shards(self) -> int:
        """The most shards a batch is cut into; 0 without learning."""
        return len(self._gradients)

    @property
    def gradient(self) -> FloatArray:
        """The gradient of the mean loss after `Batch.backpropagate`, until the next."""
        return self._gradients[0]

    def batch(self, rows: int) -> Batch:
        """The batch of that many rows; its views are made once."""
        if rows not in self._batches:
            self._batches[rows] = self._cut(rows)
        return self._batches[rows]

    def predict(self, X: NDArray[np.generic]) -> FloatArray:
        """The outputs for at most `rows` rows, in a buffer that the next call writes over."""
        batch = self.batch(len(X))
        with quiet():
            np.copyto(batch.X, X, casting="same_kind")
            batch.shards[0].forward()
        return batch.shards[0].A

    def _cut(self, rows: int) -> Batch:
        count = shard_count(rows, self.network.parameters.size) if self._learning else 1
        edges = [rows * index // count for index in range(count + 1)]
        shards = []
        for index in range(count):
            part = slice(edges[index], edges[index + 1])
            gradient = self._gradients[index] if self._learning else None
            shards.append(Shard(self._works(part, gradient), self.Y[part], gradient, self.loss))
        return Batch(self.X[:rows], self.Y[:rows], shards)

    def _works(self, part: slice, gradient: FloatArray | None) -> list[LayerWork]:
        works: list[LayerWork] = []
        X = self.X[part]
        for layer, buffers in zip(self.network.layers, self._buffers, strict=True):
            cut: Arrays = {name: array[part] for name, array in buffers.items()}
            gradients = None if gradient is None else layer.views(gradient)
            work = layer.definition.work(layer.parameters, gradients, X, cut)
            works.append(work)
            X = work.A
        return works
