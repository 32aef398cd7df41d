"""The copy of a network in float64 for explanations, whose passes draw no random numbers and change only the copy.

Dropout is inactive, as in evaluation. Batch normalization uses the statistics of the given rows, as in training, or the
running ones, as in evaluation; its backward pass is then that of a scale and shift with constants.
"""

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.layers.base import EVALUATION, Layer, Moment, Views
from service.backprop.layers.dropout import Dropout
from service.backprop.layers.normalization import BatchNormalization
from service.backprop.network import Network

TRAINING = Moment(training=True)


@dataclass(frozen=True, eq=False)
class SettledNormalization(BatchNormalization):
    """Batch normalization with running statistics, forward and backward. Clients cannot choose it: not registered."""

    couples_rows: ClassVar[bool] = False

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        super().forward(values, A_before, io, EVALUATION, index)

    def backward(
        self,
        values: Views,
        A_before: FloatArray,
        io: Views,
        gradients: Views,
        dA_before: FloatArray | None,
        simplified: bool,
    ) -> None:
        delta = io["delta"]
        np.add.reduce(delta, axis=0, out=gradients["biases"])
        np.add.reduce(delta * io["normalised"], axis=0, out=gradients["weights"])
        if dA_before is not None:
            np.multiply(delta, values["weights"] / io["deviation"], out=dA_before)


def copy_for(network: Network, by_running_statistics: bool) -> Network:
    """Return the float64 copy of a network for explanations; `network` itself is not changed."""
    return copied(network, [_layer(placed.layer, by_running_statistics) for placed in network.layers])


def copied(network: Network, layers: list[Layer] | None = None) -> Network:
    """Return a float64 copy of a network, with `layers` of the same shapes in place of its own if they are given."""
    copy = Network(network.inputs, layers or [placed.layer for placed in network.layers], "float64")
    for mine, theirs in zip(copy.layers, network.layers, strict=True):
        for name, array in theirs.values.items():
            mine.values[name][...] = array
    return copy


def modes(network: Network, by_running_statistics: bool) -> dict[str, str]:
    """Return how the layers act in explanations that differ between training and evaluation, by kind of layer."""
    kinds = {placed.layer.name for placed in network.layers}
    statistics = (
        "running statistics, as in evaluation" if by_running_statistics else "the rows' own statistics, as in training"
    )
    acts = {"dropout": "passes everything on, as in evaluation", "batch_normalization": statistics}
    return {kind: words for kind, words in acts.items() if kind in kinds}


def _layer(layer: Layer, by_running_statistics: bool) -> Layer:
    if isinstance(layer, Dropout):
        return Dropout(0.0)
    if isinstance(layer, BatchNormalization) and by_running_statistics:
        return SettledNormalization(**{field.name: getattr(layer, field.name) for field in fields(layer)})
    return layer
