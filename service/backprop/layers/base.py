"""The base class of layers: settings, the arithmetic of sizes, and the equations of the forward and backward pass."""

from dataclasses import dataclass
from typing import ClassVar

from service.backprop.activations import Activation
from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry

LAYERS: "Registry[Layer]" = Registry()

Views = dict[str, FloatArray]
Shapes = dict[str, tuple[int, ...]]
ROWS = -1  # in a buffer's shape: as many as the batch has rows


class Moment:
    """The epoch, batch and shard of a pass, for layers that draw random numbers or measure a batch."""

    __slots__ = ("batch", "epoch", "seed", "shard", "training")

    def __init__(self, training: bool = False, seed: int = 0, shard: int = 0) -> None:
        self.training, self.seed, self.shard = training, seed, shard
        self.epoch, self.batch = 0, 0


EVALUATION = Moment()


@dataclass(frozen=True, eq=False)
class Layer:
    """Settings and equations; the arrays they work on belong to a network and to the workspace of a pass.

    `regularized` names the parameters that l1, l2 and max_norm apply to. `couples_rows` says that a row's outputs in
    training depend on the other rows of its batch, which is then never cut into shards.
    """

    name: ClassVar[str]
    regularized: ClassVar[tuple[str, ...]] = ()
    couples_rows: ClassVar[bool] = False

    def units_after(self, inputs: int) -> int:
        """Return the number of units for so many `inputs`."""
        return inputs

    def misfit(self, inputs: int) -> tuple[str, str] | None:
        """Return the name of a setting that does not fit so many inputs, and why; None when all fit."""
        return None

    def parameter_shapes(self, inputs: int) -> Shapes:
        """Return the shapes of the trained arrays, in the order in which they are stored: weights before biases."""
        return {}

    def statistic_shapes(self, inputs: int) -> Shapes:
        """Return the shapes of the arrays that are measured in training and stored after the parameters."""
        return {}

    def buffer_shapes(self, inputs: int) -> Shapes:
        """Return the shapes of the arrays a pass needs besides `A` and `delta`; `ROWS` stands for the batch's rows."""
        return {}

    def initialize(self, values: Views, inputs: int, seed: int, index: int) -> None:
        """Set parameters and statistics to their start: a pure function of `seed` and the layer's `index`."""

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        """Compute `io["A"]` (rows, units) from `A_before` (rows, inputs)."""
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

        `io["delta"]` holds dC/dA, or dC/dZ already when `simplified`, and is left as dC/dZ. The parameters' derivatives
        are written into `gradients`, the error of the layer before into `dA_before`, unless this is the first layer.
        """
        raise NotImplementedError

    def last_activation(self) -> Activation | None:
        """Return the activation that computes its output, if there is one."""
        return None
