"""PyTorch: tensors in memory, batches by a permuted index, no DataLoader, and the faster variants of optimizers."""

import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as PyTorch's own examples have it

from benchmarks.peers.protocol import Runner, main

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}
# measured on these workloads: Adam is fastest fused, plain descent over so few tensors one tensor at a time
OPTIMIZERS = {"sgd": partial(torch.optim.SGD, foreach=False), "adam": partial(torch.optim.Adam, fused=True)}


def prepare(workload: dict[str, Any], X: Any, Y: Any) -> Runner:
    torch.set_num_threads(workload["threads"])
    torch.manual_seed(1)
    model = network(workload)
    X, Y = torch.from_numpy(X), torch.from_numpy(Y)
    loss, targets = loss_of(workload["loss"], Y)
    of = workload["optimizer"]
    optimizer = OPTIMIZERS[of["type"]](model.parameters(), lr=of["learning_rate"])
    batch_size = workload["batch_size"]

    def run(epochs: int) -> None:
        for _ in range(epochs):
            for batch in torch.randperm(len(X)).split(batch_size):
                optimizer.zero_grad(set_to_none=True)
                loss(model(X.index_select(0, batch)), targets.index_select(0, batch)).backward()
                optimizer.step()

    def predict(rows: Any) -> Any:
        with torch.no_grad():
            outputs = model(torch.from_numpy(rows))
            return (outputs.softmax(1) if workload["output"] == "softmax" else outputs).numpy()

    return Runner(f"PyTorch {torch.__version__}", run, predict)


def network(workload: dict[str, Any]) -> nn.Sequential:
    """Return the network, without a final softmax, which is part of the loss."""
    sizes, layers = workload["sizes"], []
    for index, (inputs, units) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(inputs, units))
        activation = workload["output"] if index == len(sizes) - 2 else workload["hidden"]
        if activation in ACTIVATIONS:
            layers.append(ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def loss_of(name: str, Y: torch.Tensor) -> tuple[Callable[[torch.Tensor, torch.Tensor], torch.Tensor], torch.Tensor]:
    """Return the loss function of a batch, and the targets in the form that it expects."""
    if name == "categorical_cross_entropy":
        return F.cross_entropy, Y.argmax(1)
    if name == "quadratic":
        return lambda A, T: F.mse_loss(A, T, reduction="sum") * (0.5 / len(A)), Y
    return F.mse_loss, Y


if __name__ == "__main__":
    sys.exit(main(prepare))
