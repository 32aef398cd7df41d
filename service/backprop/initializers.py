"""Initial values of weights and biases. They are drawn in float64, so that both precisions get the same numbers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from service.backprop.registry import Registry, setting

INITIALIZERS: "Registry[Initializer]" = Registry()
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Initializer:
    """Base of initializers of a layer's weights or biases."""

    name: ClassVar[str]

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Values:
        """Return initial values in float64.

        Parameters
        ----------
        random
            The generator to draw from; it is used for this array only.
        shape
            (fan_in, fan_out) for weights, (fan_out,) for biases.
        fan_in, fan_out
            The inputs and units of the layer, for weights and biases alike.
        """
        raise NotImplementedError


@INITIALIZERS.register
@dataclass(frozen=True)
class Zeros(Initializer):
    """All 0."""

    name: ClassVar[str] = "zeros"

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Values:
        return np.zeros(shape)


@INITIALIZERS.register
@dataclass(frozen=True)
class Constant(Initializer):
    """All the same value."""

    name: ClassVar[str] = "constant"
    value: float = setting(0.0)

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Values:
        return np.full(shape, self.value)


@INITIALIZERS.register
@dataclass(frozen=True)
class Normal(Initializer):
    """N(mean, stddev^2)."""

    name: ClassVar[str] = "normal"
    mean: float = setting(0.0)
    stddev: float = setting(1.0, minimum=0)

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Values:
        return self.mean + self.stddev * random.standard_normal(shape)


@INITIALIZERS.register
@dataclass(frozen=True)
class Uniform(Initializer):
    """Evenly between `minimum` and `maximum`."""

    name: ClassVar[str] = "uniform"
    minimum: float = setting(-0.05)
    maximum: float = setting(0.05)

    def __post_init__(self) -> None:
        if self.minimum > self.maximum:
            raise ValueError(f"`minimum` must be at most `maximum`, got {self.minimum:g} and {self.maximum:g}")

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Values:
        return self.minimum + (self.maximum - self.minimum) * random.random(shape)


@INITIALIZERS.register
@dataclass(frozen=True)
class TruncatedNormal(Initializer):
    """N(mean, stddev^2), drawn anew while further than two stddev from the mean."""

    name: ClassVar[str] = "truncated_normal"
    mean: float = setting(0.0)
    stddev: float = setting(0.05, minimum=0)

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Values:
        values = random.standard_normal(shape)
        while (outside := np.abs(values) > 2.0).any():
            values[outside] = random.standard_normal(int(outside.sum()))
        return self.mean + self.stddev * values


@INITIALIZERS.register
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2013)."""

    name: ClassVar[str] = "orthogonal"
    gain: float = setting(1.0)

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Values:
        rows, columns = (shape[0], 1) if len(shape) == 1 else shape
        normal = random.standard_normal((max(rows, columns), min(rows, columns)))
        Q, R = np.linalg.qr(normal)
        Q *= np.where(np.diagonal(R) < 0, -1.0, 1.0)  # makes both signs of a column equally likely
        return np.asarray(self.gain * (Q if rows >= columns else Q.T).reshape(shape))


@dataclass(frozen=True)
class Scaled(Initializer):
    """Base of initializers with mean 0 and variance `gain / fan`.

    The fan is fan_in or, with `both_fans`, the mean of fan_in and fan_out.
    """

    gain: ClassVar[float] = 1.0
    is_uniform: ClassVar[bool] = False
    both_fans: ClassVar[bool] = False

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Values:
        fan = (fan_in + fan_out) / 2 if self.both_fans else fan_in
        stddev = (self.gain / fan) ** 0.5
        if self.is_uniform:
            return np.asarray(stddev * 3**0.5 * (2.0 * random.random(shape) - 1.0))
        return np.asarray(stddev * random.standard_normal(shape))


@INITIALIZERS.register
@dataclass(frozen=True)
class GlorotUniform(Scaled):
    """Uniform, variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    name: ClassVar[str] = "glorot_uniform"
    is_uniform: ClassVar[bool] = True
    both_fans: ClassVar[bool] = True


@INITIALIZERS.register
@dataclass(frozen=True)
class GlorotNormal(Scaled):
    """Normal, variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    name: ClassVar[str] = "glorot_normal"
    both_fans: ClassVar[bool] = True


@INITIALIZERS.register
@dataclass(frozen=True)
class HeUniform(Scaled):
    """Uniform, variance 2 / fan_in (He et al. 2015)."""

    name: ClassVar[str] = "he_uniform"
    gain: ClassVar[float] = 2.0
    is_uniform: ClassVar[bool] = True


@INITIALIZERS.register
@dataclass(frozen=True)
class HeNormal(Scaled):
    """Normal, variance 2 / fan_in (He et al. 2015)."""

    name: ClassVar[str] = "he_normal"
    gain: ClassVar[float] = 2.0


@INITIALIZERS.register
@dataclass(frozen=True)
class LecunUniform(Scaled):
    """Uniform, variance 1 / fan_in (LeCun et al. 1998)."""

    name: ClassVar[str] = "lecun_uniform"
    is_uniform: ClassVar[bool] = True


@INITIALIZERS.register
@dataclass(frozen=True)
class LecunNormal(Scaled):
    """Normal, variance 1 / fan_in (LeCun et al. 1998; Nielsen's default)."""

    name: ClassVar[str] = "lecun_normal"
