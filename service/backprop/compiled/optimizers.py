"""Steps of optimizers over all parameters in one pass, as in `optimizers/`. The gradients are set to 0."""

import math
from typing import Any

from service.backprop.arrays import FloatArray
from service.backprop.compiled.building import compiled

SGD, MOMENTUM, NESTEROV, ADAM, AMSGRAD = range(5)


@compiled
def sgd(w: FloatArray, g: FloatArray, rate: float) -> None:
    for i in range(w.size):
        w[i] -= rate * g[i]
        g[i] = 0


@compiled
def momentum(w: FloatArray, g: FloatArray, velocity: FloatArray, rate: float, share: float) -> None:
    for i in range(w.size):
        velocity[i] = share * velocity[i] + g[i]
        w[i] -= rate * velocity[i]
        g[i] = 0


@compiled
def nesterov(w: FloatArray, g: FloatArray, velocity: FloatArray, rate: float, share: float) -> None:
    for i in range(w.size):
        velocity[i] = share * velocity[i] + g[i]
        w[i] -= rate * (g[i] + share * velocity[i])
        g[i] = 0


@compiled
def adam(
    w: FloatArray,
    g: FloatArray,
    m: FloatArray,
    s: FloatArray,
    rate: float,
    shares: tuple[float, float, float, float],
    epsilon: float,
    decay: float,
    root: float,
) -> None:
    """Do a step of Adam (Kingma and Ba 2015) or AdamW.

    `rate` is the learning rate divided by 1 - beta1^t, `root` the square root of 1 - beta2^t, `decay` the factor of
    weight decay. `shares` are beta1, 1 - beta1, beta2 and 1 - beta2.
    """
    beta1, rest1, beta2, rest2 = shares
    for i in range(w.size):
        m[i] = beta1 * m[i] + rest1 * g[i]
        s[i] = beta2 * s[i] + rest2 * (g[i] * g[i])
        w[i] = decay * w[i] - rate * (m[i] / (math.sqrt(s[i]) / root + epsilon))
        g[i] = 0


@compiled
def amsgrad(
    w: FloatArray,
    g: FloatArray,
    m: FloatArray,
    s: FloatArray,
    largest: FloatArray,
    rate: float,
    shares: tuple[float, float, float, float],
    epsilon: float,
    decay: float,
    root: float,
) -> None:
    beta1, rest1, beta2, rest2 = shares
    for i in range(w.size):
        m[i] = beta1 * m[i] + rest1 * g[i]
        s[i] = beta2 * s[i] + rest2 * (g[i] * g[i])
        largest[i] = max(largest[i], s[i])
        w[i] = decay * w[i] - rate * (m[i] / (math.sqrt(largest[i]) / root + epsilon))
        g[i] = 0


@compiled
def update(
    kind: int, w: FloatArray, g: FloatArray, slots: Any, h: Any, t: int, learning_rate: float, one: float
) -> None:
    """Update the parameters by step `t` of the optimizer `kind` with its settings `h`."""
    number = type(one)
    first, second, third = slots
    if kind == SGD:
        sgd(w, g, number(learning_rate))
    elif kind == MOMENTUM:
        momentum(w, g, first, number(learning_rate), number(h.momentum))
    elif kind == NESTEROV:
        nesterov(w, g, first, number(learning_rate), number(h.momentum))
    else:
        shares = (number(h.beta1), number(1.0 - h.beta1), number(h.beta2), number(1.0 - h.beta2))
        rate = number(learning_rate / (1.0 - h.beta1**t))
        root = number(math.sqrt(1.0 - h.beta2**t))
        decay = number(1.0 - learning_rate * h.weight_decay)
        if kind == ADAM:
            adam(w, g, first, second, rate, shares, number(h.epsilon), decay, root)
        else:
            amsgrad(w, g, first, second, third, rate, shares, number(h.epsilon), decay, root)
