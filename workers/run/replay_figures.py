"""Compares the losses, metrics and learning rates of a job's epochs with those of its replay.

Here and in `replay_verdict`, the record is the job that is repeated, and figures are those numbers of its epochs.

Losses and metrics are sums over rows. Earlier versions added up short epochs in an order that depended on how many were
computed together, and so on where the record was paused or its worker stopped; that changes the last bits of a sum,
while the parameters stay the same. They are therefore compared up to `ROUNDING`, learning rates bit for bit.

Imports NumPy and the store's runs of epochs; reads no database.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.store.epochs.runs import RunRecord, cut

Series = NDArray[np.float64]

ROUNDING = 1e-10  # relative; sums of as many terms as an epoch has differ by less, whatever their order
EXACT = "learning_rate"


@dataclass(frozen=True)
class FigureDifference:
    """The first epoch with figures that differ; `values` are the recorded and the replayed one of each, by name."""

    epoch: int
    values: dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class FigureComparison:
    """How many epochs were compared, and the first difference, if there is one."""

    epochs: int
    difference: FigureDifference | None


def compare_figures(recorded: Iterable[RunRecord], replayed: Iterable[RunRecord], through: int) -> FigureComparison:
    """Compare the figures, except durations, of the epochs up to `through` that both sides have.

    Runs must be in ascending order.
    """
    compared, difference = 0, None
    for ours, theirs in _aligned(recorded, replayed):
        count = min(len(ours), through + 1 - ours.first_epoch)
        if count <= 0:
            break
        compared += count
        if difference is None:
            difference = _first_difference(cut(ours, 0, count), cut(theirs, 0, count))
    return FigureComparison(compared, difference)


def _aligned(recorded: Iterable[RunRecord], replayed: Iterable[RunRecord]) -> Iterator[tuple[RunRecord, RunRecord]]:
    """Yield pairs of runs of the same epochs, one from each side."""
    left, right = iter(recorded), iter(replayed)
    ours, theirs = next(left, None), next(right, None)
    while ours is not None and theirs is not None:
        first, last = max(ours.first_epoch, theirs.first_epoch), min(ours.last_epoch, theirs.last_epoch)
        if first <= last:
            yield _between(ours, first, last), _between(theirs, first, last)
        if ours.last_epoch == last:
            ours = next(left, None)
        if theirs.last_epoch == last:
            theirs = next(right, None)


def _between(run: RunRecord, first: int, last: int) -> RunRecord:
    return cut(run, first - run.first_epoch, last + 1 - run.first_epoch)


def _first_difference(ours: RunRecord, theirs: RunRecord) -> FigureDifference | None:
    recorded, replayed = _figures(ours), _figures(theirs)
    missing = np.full(len(ours), np.nan)
    unlike = {
        name: _unlike(recorded.get(name, missing), replayed.get(name, missing), 0.0 if name == EXACT else ROUNDING)
        for name in recorded | replayed
    }
    any_unlike = np.logical_or.reduce(list(unlike.values()))
    if not any_unlike.any():
        return None
    at = int(any_unlike.argmax())
    values = {
        name: {"recorded": _value(recorded, name, at), "replayed": _value(replayed, name, at)}
        for name, differs in unlike.items()
        if differs[at]
    }
    return FigureDifference(ours.first_epoch + at, values)


def _figures(run: RunRecord) -> dict[str, Series]:
    """Return the vectors that a replay must reproduce, by the names that clients know them by."""
    validation = {} if run.validation_loss is None else {"validation_loss": run.validation_loss}
    return {
        "training_loss": run.training_loss,
        **validation,
        **{f"training_{name}": values for name, values in run.training_metrics.items()},
        **{f"validation_{name}": values for name, values in run.validation_metrics.items()},
        EXACT: run.learning_rate,
    }


def _unlike(ours: Series, theirs: Series, rounding: float) -> NDArray[np.bool_]:
    """Return where two vectors differ by more than `rounding`, relative to the values, or in the sign of 0.

    Values that are not finite are equal, as all are stored as null.
    """
    bits = _bits(ours) != _bits(theirs)
    is_rounding = np.isclose(ours, theirs, rtol=rounding, atol=0.0) & (ours != theirs)
    return np.asarray(bits & (np.isfinite(ours) | np.isfinite(theirs)) & ~is_rounding)


def _bits(values: Series) -> NDArray[Any]:
    return np.ascontiguousarray(values, dtype="<f8").view("<u8")


def _value(figures: dict[str, Series], name: str, at: int) -> float | None:
    value = float(figures[name][at]) if name in figures else np.nan
    return value if np.isfinite(value) else None
