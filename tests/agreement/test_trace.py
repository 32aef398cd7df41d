"""Every number of a trace is PyTorch's autograd's, on random networks of every kind of layer."""

import itertools
from typing import Any

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.inspection.trace import Trace, Updating, trace
from service.backprop.layers import LAYERS, Dense, Layer
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.training.row_weights import Weighing
from tests.agreement.course import assert_agree
from tests.agreement.pytorch import F, torch
from tests.agreement.twin import Forwarded, Twin

pytestmark = pytest.mark.usefixtures("doubles")
INPUTS, OUTPUTS = 4, 3
# one row is normalized by the running statistics, several by their own
ROWS = (1, 5)


def network_of(layers: list[Layer], seed: int) -> Network:
    network = Network(INPUTS, layers, "float64")
    network.initialize(seed)
    random = np.random.default_rng(seed)
    network.parameters[...] += random.normal(0.0, 0.3, network.parameters.size)
    for placed in network.layers:
        for name in placed.statistic_shapes:
            placed.values[name][...] = random.uniform(0.5, 1.5, placed.values[name].shape)
    return network


def random_layers(seed: int) -> list[Layer]:
    """Two to six layers of any kind with any activation, then an output layer."""
    random = np.random.default_rng(seed)
    layers: list[Layer] = []
    for _ in range(random.integers(2, 7)):
        kind = str(random.choice(list(LAYERS)))
        activation = ACTIVATIONS[str(random.choice(list(ACTIVATIONS)))]()
        if kind == "dense":
            layers.append(Dense(int(random.integers(2, 7)), activation))
        else:
            layers.append(LAYERS[kind](activation) if kind == "activation" else LAYERS[kind]())
    return [*layers, Dense(OUTPUTS, ACTIVATIONS["sigmoid"]())]


class ByAutograd:
    """A forward pass with every layer's Z and A stored, and where it led."""

    def __init__(self, network: Network, X: Any, Y: Any, cost: Any) -> None:
        self.twin, self.cost, self.X, self.Y = Twin(network), cost, X, Y
        self.passed = self.forward()
        self.loss = cost(self.passed[-1], torch.tensor(Y))
        self.loss.backward()

    def forward(self) -> list[Forwarded]:
        masks = None if len(self.X) == 1 else itertools.repeat(1.0)
        A, passed = torch.tensor(self.X), []
        for layer, values in zip(self.twin.layers, self.twin.values, strict=True):
            one = self.twin._layer(layer, values, A, masks)
            for tensor in (one.Z, one.A):
                if tensor.requires_grad:
                    tensor.retain_grad()
            passed.append(one)
            A = one.A
        return passed

    def after_step(self, optimizer: Any) -> float:
        optimizer.step()
        with torch.no_grad():
            return float(self.cost(self.forward()[-1], torch.tensor(self.Y)))


def assert_same(found: Trace, theirs: ByAutograd) -> None:
    assert_agree(found.loss, theirs.loss.item(), "losses")
    for layer, (ours, passed) in enumerate(zip(found.forward, theirs.passed, strict=True)):
        assert_agree(ours.activations, passed.A.detach().numpy(), f"activations of layer {layer}")
    for returned in found.backward:
        passed, values = theirs.passed[returned.layer], theirs.twin.values[returned.layer]
        has_function = found.network.layers[returned.layer].layer.last_activation() is not None
        if passed.A.requires_grad and not returned.fused:
            assert_agree(returned.dloss_dactivations, passed.A.grad.numpy(), "dC/da")
        # an activation layer's Z is the A of the layer before, which may have no gradient stored at the first layer
        of = passed.Z if has_function else passed.A
        if of.requires_grad and of.grad is not None:
            assert_agree(returned.delta, of.grad.numpy(), f"delta of layer {returned.layer}")
        for name, gradient in returned.gradients.items():
            assert_agree(gradient, values[name].grad.numpy(), f"gradients of layer {returned.layer}")


def squared(passed: Forwarded, Y: Any) -> Any:
    return F.mse_loss(passed.A, Y)


def rows_of(rows: int, seed: int) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, INPUTS)), np.eye(OUTPUTS)[random.integers(0, OUTPUTS, rows)]


def compare(layers: list[Layer], rows: int, seed: int) -> None:
    network = network_of(layers, seed)
    X, Y = rows_of(rows, seed + 1)
    optimizer = OPTIMIZERS["sgd"](learning_rate=0.3)
    found = trace(network, Weighing(LOSSES["mean_squared_error"]()), Updating(optimizer, 0.3), X, Y)
    theirs = ByAutograd(network, X, Y, squared)
    assert_same(found, theirs)
    after = theirs.after_step(torch.optim.SGD(theirs.twin.parameters(), lr=0.3))
    assert_agree(found.loss_after, after, "losses after the step")


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("kind", list(LAYERS))
def test_every_kind_of_layer(kind: str, rows: int) -> None:
    middle = Dense(5, ACTIVATIONS["gelu"]()) if kind == "dense" else LAYERS[kind]()
    compare([Dense(6, ACTIVATIONS["tanh"]()), middle, Dense(OUTPUTS, ACTIVATIONS["softmax"]())], rows, 3)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed: int, rows: int) -> None:
    compare(random_layers(seed), rows, seed)


@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad", "nadam"])
def test_steps_of_other_optimizers(name: str) -> None:
    network = network_of([Dense(6, ACTIVATIONS["tanh"]()), Dense(OUTPUTS, ACTIVATIONS["sigmoid"]())], 5)
    X, Y = rows_of(7, 6)
    optimizer = OPTIMIZERS[name](learning_rate=0.01)
    found = trace(network, Weighing(LOSSES["mean_squared_error"]()), Updating(optimizer, 0.01), X, Y)
    theirs = ByAutograd(network, X, Y, squared)
    classes = {"adam": "Adam", "rmsprop": "RMSprop", "adagrad": "Adagrad", "nadam": "NAdam"}
    after = theirs.after_step(getattr(torch.optim, classes[name])(theirs.twin.parameters(), lr=0.01))
    assert_agree(found.loss_after, after, "losses after the step")


@pytest.mark.parametrize("loss", ["categorical_cross_entropy", "binary_cross_entropy"])
def test_fused_deltas(loss: str) -> None:
    output = "softmax" if loss == "categorical_cross_entropy" else "sigmoid"
    network = network_of([Dense(6, ACTIVATIONS["silu"]()), Dense(OUTPUTS, ACTIVATIONS[output]())], 7)
    X, Y = rows_of(5, 8)

    def cost(passed: Forwarded, T: Any) -> Any:
        if output == "softmax":
            return F.cross_entropy(passed.Z, T)
        return F.binary_cross_entropy_with_logits(passed.Z, T)

    found = trace(network, Weighing(LOSSES[loss]()), Updating(OPTIMIZERS["sgd"](), 0.1), X, Y)
    assert found.backward[0].fused
    assert_same(found, ByAutograd(network, X, Y, cost))
