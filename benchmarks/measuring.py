"""Compares the results of the service, read through the API, with the band of a published row."""

from dataclasses import dataclass
from functools import singledispatch
from itertools import pairwise
from statistics import fmean, median, quantiles
from typing import Any

from benchmarks.plain_client import Client
from benchmarks.rows import Accuracy, Lengths, Output, Row, Sweeps

Job = dict[str, Any]
MOST_EPOCHS = 1_000


@dataclass(frozen=True)
class Measured:
    """The measured figures and the band of a row, as printed, and whether they agree."""

    figures: str
    band: str
    inside: bool


@singledispatch
def measure(row: Row, client: Client, jobs: list[Job]) -> Measured:
    """Return the figures of a row's ended jobs, in the order of their seeds."""
    raise NotImplementedError(type(row).__name__)


@measure.register
def _accuracy(row: Accuracy, client: Client, jobs: list[Job]) -> Measured:
    curves = [_trained_epochs(client, job) for job in jobs]
    best = [max(_percents(epochs)) for epochs in curves]
    figures = ", ".join(f"{top:.2f} ({_percents(epochs)[-1]:.2f})" for top, epochs in zip(best, curves, strict=True))
    held = best if row.every_seed else [max(best)]
    inside = all(row.band.holds(value) for value in held)
    if row.trained_right is not None:
        right = [_training_rows_right(job, epochs[-1]) for job, epochs in zip(jobs, curves, strict=True)]
        figures += "; training " + ", ".join(f"{count:,}" for count in right)
        inside = inside and all(count == row.trained_right for count in right)
    return Measured(figures, f"{row.band}, {'each' if row.every_seed else 'the best'}", inside)


def _trained_epochs(client: Client, job: Job) -> list[dict[str, Any]]:
    """Return the records of every epoch except 0, which precedes training."""
    epochs = client.send("GET", f"/v1/jobs/{job['id']}/epochs?after=0&limit={MOST_EPOCHS}")["data"]
    return list(epochs)


def _percents(epochs: list[dict[str, Any]]) -> list[float]:
    """Return the validation accuracy in percent, rounded like the published values."""
    return [round(100 * epoch["metrics"]["validation"]["accuracy"], 2) for epoch in epochs]


def _training_rows_right(job: Job, epoch: dict[str, Any]) -> int:
    start, end = map(int, job["training"]["rows"])
    return round((end - start) * float(epoch["metrics"]["training"]["accuracy"]))


@measure.register
def _output(row: Output, client: Client, jobs: list[Job]) -> Measured:
    job, last = jobs[0], jobs[0]["progress"]["epoch"]
    before, after = (_answer(client, job, epoch, row.instance) for epoch in (0, last))
    inside = (f"{before:.4f}", f"{after:.4f}") == (row.before, row.after)
    return Measured(f"{before:.6f} before, {after:.6f} after", "all four digits", inside)


def _answer(client: Client, job: Job, epoch: int, instance: tuple[float, ...]) -> float:
    answer = client.send("POST", f"/v1/jobs/{job['id']}/epochs/{epoch}:predict", {"instances": [instance]})
    return float(answer["predictions"][0][0])


@measure.register
def _lengths(row: Lengths, client: Client, jobs: list[Job]) -> Measured:
    hidden = [_first_lengths(client, job)[: len(row.lengths)] for job in jobs]
    means = [fmean(layer) for layer in zip(*hidden, strict=True)]
    inside = all(
        within(row.factor, measured, published)
        for measured, published in [
            *zip(means, row.lengths, strict=True),
            *zip(_ratios(means), _ratios(row.lengths), strict=True),
        ]
    )
    figures = ", ".join(f"{mean:.3f}" for mean in means)
    return Measured(figures, f"lengths and ratios within a factor of {row.factor:g}", inside)


def _first_lengths(client: Client, job: Job) -> list[float]:
    """Return the norm of the error vector of each layer at the first step."""
    first = client.send("GET", f"/v1/jobs/{job['id']}/layers")["data"][0]
    return [layer["delta"] for layer in first["layers"]]


def _ratios(lengths: list[float] | tuple[float, ...]) -> list[float]:
    """Return the ratio of each layer's norm to that of the layer before."""
    return [later / earlier for earlier, later in pairwise(lengths)]


def within(factor: float, measured: float, published: float) -> bool:
    return published / factor <= measured <= published * factor


@measure.register
def _sweeps(row: Sweeps, client: Client, jobs: list[Job]) -> Measured:
    sweeps = [_sweeps_of(job) for job in jobs if job["latest"]["metrics"]["training"]["accuracy"] == 1.0]
    band = f"median {row.band}, at least {row.least_solved} solved"
    if len(sweeps) < 2:
        return Measured(f"{len(sweeps)} of {len(jobs)} solved", band, False)
    middle = median(sweeps)
    first, _, third = quantiles(sweeps)
    figures = f"{len(sweeps)} of {len(jobs)} solved, median {middle:,.0f} (middle half {first:,.0f} to {third:,.0f})"
    return Measured(figures, band, row.band.holds(middle) and len(sweeps) >= row.least_solved)


def _sweeps_of(job: Job) -> int:
    """Return the number of steps until every output was right; an epoch of one batch is evaluated before its step."""
    return int(job["progress"]["epoch"]) - 1
