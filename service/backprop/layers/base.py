"""The base class of layers: settings, sizes, and the equations of the forward and the backward pass."""

from dataclasses import dataclass
from typing import ClassVar

from service.backprop.activations import Activation
from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry

LAYERS: "Registry[Layer]" = Registry()

Views = dict[str, FloatArray]
Shapes = dict[str, tuple[int, ...]]
ROWS = -1  # in the shape of a buffer: the number of rows in the batch


class Moment:
    """The epoch, batch and shard of a pass, for layers that draw random numbers or measure a batch."""

    __slots__ = ("batch", "epoch", "seed", "shard", "training")

    def __init__(self, training: bool = False, seed: int = 0, shard: int = 0) -> None:
        self.training, self.seed, self.shard = training, seed, shard
        self.epoch, self.batch = 0, 0


EVALUATION = Moment()


@dataclass(frozen=True, eq=False)
class Layer:
    """Base of layers: settings and equations. The arrays belong to a network and to the workspace of a pass.

    Attributes
    ----------
    regularized
        The names of the parameters that l1, l2 and max_norm apply to.
    couples_rows
        A row's outputs in training depend on the other rows of its batch, which is then never split into shards.
    """

    name: ClassVar[str]
    regularized: ClassVar[tuple[str, ...]] = ()
    couples_rows: ClassVar[bool] = False

    def units_after(self, inputs: int) -> int:
        """Return the number of units of the layer, given its number of inputs."""
        return inputs

    def misfit(self, inputs: int) -> tuple[str, str] | None:
        """Return the name of a setting that does not fit the number of inputs, and why; None when all fit."""
        return None

    def parameter_shapes(self, inputs: int) -> Shapes:
        """Return the shapes of the trained arrays, in the order in which they are stored: weights before biases."""
        return {}

    def statistic_shapes(self, inputs: int) -> Shapes:
        """Return the shapes of running statistics, which are measured in training and stored after the parameters."""
        return {}

    def buffer_shapes(self, inputs: int) -> Shapes:
        """Return the shapes of the arrays that a pass needs besides `A` and `delta`; `ROWS` means the batch's rows."""
        return {}

    def initialize(self, values: Views, inputs: int, seed: int, index: int) -> None:
        """Set parameters and statistics to initial values: a pure function of `seed` and the layer's `index`."""

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        """Compute the layer's output.

        Parameters
        ----------
        values
            Parameters and statistics by name; training may update statistics.
        A_before : (rows, inputs)
            The outputs of the layer before.
        io
            Buffers by name; the result is written to `io["A"]` (rows, units).
        moment
            The position in training, for random draws.
        index
            The layer's index in the network, for random draws.
        """
        raise NotImplementedError

    def backward(
        self,
        values: Views,
        A_before: FloatArray,
        io: Views,
        gradients: Views,
        dA_before: FloatArray | None,
        simplified: bool,
    ) -> None:
        """Backpropagate through this layer, after `forward` in training with the same `io`.

        Parameters
        ----------
        values
            Parameters and statistics by name.
        A_before : (rows, inputs)
            The outputs of the layer before.
        io
            Buffers by name. `io["delta"]` (rows, units) holds dC/dA on entry, dC/dZ on return.
        gradients
            The derivatives by each parameter are written here.
        dA_before : (rows, inputs)
            dC/dA of the layer before is written here; None for the first layer.
        simplified
            `io["delta"]` holds dC/dZ already, as the loss matches the activation.
        """
        raise NotImplementedError

    def last_activation(self) -> Activation | None:
        """Return the activation that computes its output, if there is one."""
        return None
