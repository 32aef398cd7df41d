"""An activation as a layer of its own, for example after a normalization."""

from dataclasses import dataclass
from typing import ClassVar

from service.backprop.activations import Activation, Relu
from service.backprop.arrays import FloatArray
from service.backprop.layers.base import LAYERS, ROWS, Layer, Moment, Shapes, Views
from service.backprop.registry import setting


@LAYERS.register
@dataclass(frozen=True, eq=False)
class ActivationLayer(Layer):
    """A = f(Z) of the outputs Z of the layer before."""

    name: ClassVar[str] = "activation"
    activation: Activation = setting(Relu())

    def buffer_shapes(self, inputs: int) -> Shapes:
        return {"scratch": (ROWS, inputs)}

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        self.activation.activate(A_before, io["A"])

    def backward(
        self,
        values: Views,
        A_before: FloatArray,
        io: Views,
        gradients: Views,
        dA_before: FloatArray | None,
        simplified: bool,
    ) -> None:
        if not simplified:
            self.activation.backward(A_before, io["A"], io["delta"], io["scratch"])
        if dA_before is not None:
            dA_before[...] = io["delta"]

    def last_activation(self) -> Activation:
        return self.activation
