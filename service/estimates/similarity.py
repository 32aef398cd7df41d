"""Corrects the modelled seconds of a job by similar jobs that were measured.

Each measured job gives the ratio of what it took to what the model says of it. The estimate is the model's, times the
ratios' geometric mean, weighted by how alike the jobs are. A ratio of 1, the calibration's, takes part with a small
weight, so that a job with nothing in common changes little.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.estimates.shapes import Shape
from service.estimates.speed import Calibration, parts_of

SHARE_SCALE = 0.25  # distance in the shares of an epoch's time (they add up to 1, twice that is the largest)
TOTAL_SCALE = math.log(4.0)  # distance in the seconds of an epoch
KIND_PENALTY = 4.0  # another precision, other kernels
CALIBRATION_WEIGHT = 0.02
MEASURED_FROM = 0.5  # the similarity from which an estimate rests on a measured job
BEGIN_SECONDS = 0.1  # that the first epochs of a job may take more than later ones
TRUSTED_SHARE = 0.5  # of the seconds of a training, from which its epochs are taken as they were measured

UNMEASURED_FACTOR = 2.0  # the range of an estimate, up and down
ALIKE_FACTOR = 1.25  # of one that rests on a job that is the same
LEAST_FACTOR = 1.1
MANY = 3.0  # measured jobs alike, from which their spread decides the range


@dataclass(frozen=True)
class Sample:
    """A job that was measured: its shape, its epochs and their seconds, and its other seconds over the model's."""

    shape: Shape
    seconds_per_epoch: float
    epochs: int
    others: float | None

    def trust(self, modelled: float) -> float:
        """Return the weight, from 0 to 1, of this job as evidence of the seconds of an epoch.

        Short trainings have little weight, as most of their seconds were spent on their start.

        Parameters
        ----------
        modelled
            The seconds of an epoch by the model of costs.
        """
        lasted = self.seconds_per_epoch * self.epochs
        beyond = max(0.0, lasted - BEGIN_SECONDS) / lasted if lasted else 0.0
        expected = modelled * self.epochs
        share = max(beyond, expected / (expected + BEGIN_SECONDS))
        return min(1.0, (share / TRUSTED_SHARE) ** 4)  # so small that many of them together have little weight, too


@dataclass(frozen=True)
class Correction:
    """By what the model's seconds are to be multiplied, the factor of the range, and what this rests on."""

    epochs: float
    others: float
    factor: float
    similarity: float
    samples: int

    @property
    def is_measured(self) -> bool:
        return self.similarity >= MEASURED_FROM


def correct(shape: Shape, samples: Sequence[Sample], calibration: Calibration) -> Correction:
    """Return the correction for a job, from jobs that were measured on workers as those it would run on."""
    mine = parts_of(shape, calibration)
    weights, logs = [CALIBRATION_WEIGHT], [0.0]
    others = [(CALIBRATION_WEIGHT, 0.0)]
    for sample in samples:
        theirs = parts_of(sample.shape, calibration)
        weight = _similarity(mine, theirs) * math.exp(-KIND_PENALTY * _other_kinds(shape, sample.shape))
        weights.append(weight * sample.trust(sum(theirs.values())))
        logs.append(math.log(sample.seconds_per_epoch / sum(theirs.values())))
        if sample.others:
            others.append((weight, math.log(sample.others)))
    mean = _mean(weights, logs)
    alike = max(weights[1:], default=0.0)
    factor = _factor(weights[1:], logs[1:], alike)
    rest = _mean([weight for weight, _ in others], [ratio for _, ratio in others])
    return Correction(math.exp(mean), math.exp(rest), factor, alike, len(samples))


def _mean(weights: Sequence[float], values: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)


def _similarity(mine: dict[str, float], theirs: dict[str, float]) -> float:
    """Return 1 for equal parts of the seconds of an epoch, and less the more they differ in share and sum."""
    total, other = sum(mine.values()), sum(theirs.values())
    shares = sum(abs(mine[name] / total - theirs[name] / other) for name in mine)
    distance = (shares / SHARE_SCALE) ** 2 + (math.log(total / other) / TOTAL_SCALE) ** 2
    return math.exp(-distance / 2)


def _other_kinds(shape: Shape, other: Shape) -> int:
    return (shape.itemsize != other.itemsize) + (shape.is_compiled != other.is_compiled)


def _factor(weights: Sequence[float], logs: Sequence[float], alike: float) -> float:
    """Return by which factor an estimate may be off: by the spread of jobs alike, or by how alike the closest is."""
    together = sum(weights)
    if alike < MEASURED_FROM:
        return UNMEASURED_FACTOR
    if together < MANY:
        return ALIKE_FACTOR + (UNMEASURED_FACTOR - ALIKE_FACTOR) * 2 * (1 - alike)
    mean = _mean(weights, logs)
    spread = math.sqrt(_mean(weights, [(value - mean) ** 2 for value in logs]))
    return min(UNMEASURED_FACTOR, max(LEAST_FACTOR, math.exp(2 * spread)))
