"""What a layer is: settings, the arithmetic of its sizes, and the equations of its step forward and back."""

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
    """Where in a run a pass takes place; what layers that draw or measure by the batch have to know."""

    __slots__ = ("batch", "epoch", "seed", "shard", "training")

    def __init__(self, training: bool = False, seed: int = 0, shard: int = 0) -> None:
        self.training, self.seed, self.shard = training, seed, shard
        self.epoch, self.batch = 0, 0


EVALUATION = Moment()


@dataclass(frozen=True, eq=False)
class Layer:
    """Settings and equations; the arrays they work on belong to a network and to the workspace of a pass.

    `regularized` names the parameters that l1, l2 and max_norm apply to. `couples_rows` tells that a row's outputs in
    training depend on the other rows of its batch, which is then never cut into shards.
    """

    name: ClassVar[str]
    regularized: ClassVar[tuple[str, ...]] = ()
    couples_rows: ClassVar[bool] = False

    def units_after(self, inputs: int) -> int:
        """Units of its output when there are `inputs` before it."""
        return inputs

    def misfit(self, inputs: int) -> tuple[str, str] | None:
        """Which setting does not go with so many inputs, and why; None when it fits."""
        return None

    def parameter_shapes(self, inputs: int) -> Shapes:
        """What is trained, in the order it is stored: weights before biases."""
        return {}

    def statistic_shapes(self, inputs: int) -> Shapes:
        """What is measured while training and stored behind the parameters."""
        return {}

    def buffer_shapes(self, inputs: int) -> Shapes:
        """Arrays of its own that a pass needs beside its output `A` and `delta`; `ROWS` stands for the batch's rows."""
        return {}

    def initialize(self, values: Views, inputs: int, seed: int, index: int) -> None:
        """Set parameters and statistics to their start: a pure function of `seed` and the layer's `index`."""

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        """The signal, one layer on: from `A_before` (rows, inputs) to `io["A"]` (rows, units)."""
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
        """The error, one layer back, after `forward` in training with the same `io`.

        `io["delta"]` holds dC/dA, or dC/dZ already when `simplified`, and is left as dC/dZ. The parameters' derivatives
        are written into `gradients`, the error of the layer before into `dA_before`, unless this is the first layer.
        """
        raise NotImplementedError

    def last_activation(self) -> Activation | None:
        """The activation its output comes out of, if there is one."""
        return None
