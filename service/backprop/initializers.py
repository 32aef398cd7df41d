"""Where weights and biases start.

Owns the registry INITIALIZERS. Imports NumPy and the registry. `fan_in` and `fan_out` are the layer's inputs and units,
for its biases as for its weights. Normal distributions are not truncated (as PyTorch's; Keras cuts off at two standard
deviations). Nielsen's default weights, N(0, 1 / fan_in), are `lecun_normal`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from service.backprop.arrays import FloatArray, quiet
from service.backprop.registry import Registry, setting
from service.errors import Invalid

BLOCK = 1 << 20
"""Values drawn at a time, so that a large layer costs no second copy of itself in float64."""


class Initializer(ABC):
    """One way to draw starting values."""

    name: ClassVar[str]

    @abstractmethod
    def draw(self, rng: np.random.Generator, count: int, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        """The next `count` values, in float64."""

    def fill(self, rng: np.random.Generator, out: FloatArray, fan_in: int, fan_out: int) -> None:
        """Fill a contiguous array in C order; drawn in float64, so that both precisions start alike."""
        flat = out.reshape(-1)
        for start in range(0, flat.size, BLOCK):
            block = flat[start : start + BLOCK]
            with quiet():  # a value too large for float32 becomes infinite, and training says so
                block[...] = self.draw(rng, block.size, fan_in, fan_out)


INITIALIZERS: Registry[Initializer] = Registry("initializer")


@INITIALIZERS.register
@dataclass(frozen=True)
class Zeros(Initializer):
    """All zero."""

    name: ClassVar[str] = "zeros"

    def draw(self, rng: np.random.Generator, count: int, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        return np.zeros(count)


@INITIALIZERS.register
@dataclass(frozen=True)
class Constant(Initializer):
    """All the same value."""

    name: ClassVar[str] = "constant"
    value: float = setting(0.0, doc="what every entry is")

    def draw(self, rng: np.random.Generator, count: int, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        return np.full(count, float(self.value))


@INITIALIZERS.register
@dataclass(frozen=True)
class Normal(Initializer):
    """The normal distribution; the default is N(0, 1), as Nielsen draws his "large" weights (Keras' stddev is 0.05)."""

    name: ClassVar[str] = "normal"
    mean: float = setting(0.0, doc="mean of the distribution")
    stddev: float = setting(1.0, minimum=0, doc="standard deviation")

    def draw(self, rng: np.random.Generator, count: int, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        return rng.normal(self.mean, self.stddev, count)


@INITIALIZERS.register
@dataclass(frozen=True)
class Uniform(Initializer):
    """The uniform distribution between two bounds."""

    name: ClassVar[str] = "uniform"
    minimum: float = setting(-0.05, doc="lower bound")
    maximum: float = setting(0.05, doc="upper bound, not below the lower one")

    def __post_init__(self) -> None:
        if self.minimum > self.maximum:
            raise Invalid(f"uniform's minimum must not be above its maximum, got {self.minimum} and {self.maximum}")

    def draw(self, rng: np.random.Generator, count: int, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        values = rng.random(count)
        # by hand, because Generator.uniform refuses a range wider than the largest float
        return np.asarray(self.minimum * (1.0 - values) + self.maximum * values)


class _Scaled(Initializer):
    """Zero mean, and a variance that depends on the layer's fans alone."""

    uniform: ClassVar[bool]

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """Of one value."""

    def draw(self, rng: np.random.Generator, count: int, fan_in: int, fan_out: int) -> NDArray[np.float64]:
        variance = self.variance(fan_in, fan_out)
        if self.uniform:
            limit = sqrt(3.0 * variance)
            return rng.uniform(-limit, limit, count)
        return rng.normal(0.0, sqrt(variance), count)


class _Glorot(_Scaled):
    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / (fan_in + fan_out)


class _He(_Scaled):
    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / fan_in


class _LeCun(_Scaled):
    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1.0 / fan_in


@INITIALIZERS.register
@dataclass(frozen=True)
class GlorotUniform(_Glorot):
    """Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    name: ClassVar[str] = "glorot_uniform"
    uniform: ClassVar[bool] = True


@INITIALIZERS.register
@dataclass(frozen=True)
class GlorotNormal(_Glorot):
    """N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    name: ClassVar[str] = "glorot_normal"
    uniform: ClassVar[bool] = False


@INITIALIZERS.register
@dataclass(frozen=True)
class HeUniform(_He):
    """Uniform within sqrt(6 / fan_in) (He et al., 2015), meant for relu."""

    name: ClassVar[str] = "he_uniform"
    uniform: ClassVar[bool] = True


@INITIALIZERS.register
@dataclass(frozen=True)
class HeNormal(_He):
    """N(0, 2 / fan_in) (He et al., 2015), meant for relu."""

    name: ClassVar[str] = "he_normal"
    uniform: ClassVar[bool] = False


@INITIALIZERS.register
@dataclass(frozen=True)
class LeCunUniform(_LeCun):
    """Uniform within sqrt(3 / fan_in) (LeCun et al., 1998)."""

    name: ClassVar[str] = "lecun_uniform"
    uniform: ClassVar[bool] = True


@INITIALIZERS.register
@dataclass(frozen=True)
class LeCunNormal(_LeCun):
    """N(0, 1 / fan_in) (LeCun et al., 1998): Nielsen's default weights."""

    name: ClassVar[str] = "lecun_normal"
    uniform: ClassVar[bool] = False
