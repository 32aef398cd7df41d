"""JAX: a whole epoch is one compiled call that scans the batches, with donated buffers.

The order of rows is drawn within the call by one sort of random numbers (`jax.random.permutation` sorts twice), or,
with `order` "numpy", by NumPy while the previous call still computes. With `scanned`, one call trains that many epochs;
each is a full batch then, whose order makes no difference.
"""

import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.peers.protocol import Runner, main

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "softmax": lambda Z: Z, "linear": lambda Z: Z}


def prepare(workload: dict[str, Any], X: Any, Y: Any) -> Runner:
    parameters = initialized(workload["sizes"], jax.random.key(1))
    X, Y = jnp.asarray(X), jnp.asarray(Y)
    scanned = workload["scanned"] or 1
    train, seeds = compiled(workload, len(X))
    state = {"now": start(workload["optimizer"], parameters)}

    def run(epochs: int) -> None:
        for _ in range(epochs // scanned):
            state["now"] = train(state["now"], next(seeds), X, Y)
        jax.block_until_ready(state["now"])

    def predict(rows: Any) -> Any:
        outputs = forward(workload, state["now"][0], jnp.asarray(rows))
        return jax.nn.softmax(outputs) if workload["output"] == "softmax" else outputs

    return Runner(f"JAX {jax.__version__}", run, predict, scanned)


def compiled(workload: dict[str, Any], rows: int) -> tuple[Any, Iterator[Any]]:
    """Return the compiled function of an epoch, and an iterator of its argument for shuffling: a seed or an order."""
    if workload["scanned"]:
        train, seeds = many_epochs(workload), count()
    elif workload["order"] == "numpy":
        generator, numbers = np.random.default_rng(2), np.arange(rows, dtype=np.int32)
        train, seeds = ordered_epoch(workload), (generator.permutation(numbers) for _ in count())
    else:
        train, seeds = drawn_epoch(workload), count()
    return jax.jit(train, donate_argnums=0), seeds


def initialized(sizes: list[int], key: Any) -> Any:
    keys = jax.random.split(key, len(sizes))
    return [
        (jax.random.normal(key, (inputs, units)) * (1 / inputs) ** 0.5, jnp.zeros(units))
        for key, inputs, units in zip(keys, sizes, sizes[1:], strict=False)
    ]


def start(optimizer: dict[str, Any], parameters: Any) -> Any:
    """Return the initial state: parameters, and for Adam the running means and the number of steps."""
    if optimizer["type"] == "sgd":
        return (parameters,)
    zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
    return (parameters, *zeros, jnp.zeros(()))


def forward(workload: dict[str, Any], parameters: Any, X: Any) -> Any:
    """Return the outputs, without a final softmax, which is part of the loss."""
    for W, b in parameters[:-1]:
        X = ACTIVATIONS[workload["hidden"]](X @ W + b)
    W, b = parameters[-1]
    return ACTIVATIONS[workload["output"]](X @ W + b)


def loss_of(workload: dict[str, Any], parameters: Any, X: Any, Y: Any) -> Any:
    A = forward(workload, parameters, X)
    if workload["loss"] == "categorical_cross_entropy":
        return -(Y * jax.nn.log_softmax(A)).sum(1).mean()
    if workload["loss"] == "quadratic":
        return 0.5 * jnp.square(A - Y).sum(1).mean()
    return jnp.square(A - Y).mean()


def step(workload: dict[str, Any], state: Any, X: Any, Y: Any) -> Any:
    gradients = jax.grad(lambda parameters: loss_of(workload, parameters, X, Y))(state[0])
    rate = workload["optimizer"]["learning_rate"]
    if workload["optimizer"]["type"] == "sgd":
        return (jax.tree.map(lambda w, g: w - rate * g, state[0], gradients),)
    return adam(state, gradients, rate)


def adam(state: Any, gradients: Any, rate: float) -> Any:
    parameters, means, squares, t = state
    t = t + 1
    means = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, means, gradients)
    squares = jax.tree.map(lambda s, g: BETA2 * s + (1 - BETA2) * g * g, squares, gradients)
    by, root = rate / (1 - BETA1**t), jnp.sqrt(1 - BETA2**t)
    parameters = jax.tree.map(lambda w, m, s: w - by * m / (jnp.sqrt(s) / root + EPSILON), parameters, means, squares)
    return (parameters, means, squares, t)


def ordered_epoch(workload: dict[str, Any]) -> Any:
    """Return a function of one epoch in a given order: it scans whole batches, then trains on remaining rows."""
    size = workload["batch_size"]

    def train(state: Any, order: Any, X: Any, Y: Any) -> Any:
        whole = len(X) // size * size
        state, _ = lax.scan(
            lambda state, batch: (step(workload, state, X[batch], Y[batch]), None),
            state,
            order[:whole].reshape(-1, size),
        )
        if whole < len(X):
            state = step(workload, state, X[order[whole:]], Y[order[whole:]])
        return state

    return train


def drawn_epoch(workload: dict[str, Any]) -> Any:
    """Return a function of one epoch that draws its order with a seed."""
    train = ordered_epoch(workload)

    def drawn(state: Any, seed: Any, X: Any, Y: Any) -> Any:
        order = jnp.argsort(jax.random.bits(jax.random.key(seed), (len(X),)))
        return train(state, order, X, Y)

    return drawn


def many_epochs(workload: dict[str, Any]) -> Any:
    """Return a function of several epochs of one full batch, without shuffling."""

    def train(state: Any, seed: Any, X: Any, Y: Any) -> Any:
        state, _ = lax.scan(lambda state, _: (step(workload, state, X, Y), None), state, length=workload["scanned"])
        return state

    return train


if __name__ == "__main__":
    sys.exit(main(prepare))
