"""The JSON records of a job besides its training: why it failed or stopped, its parent, its replay, the alias it moves.

Imports pydantic, through `service.definitions.base`, and no engine.
"""

from enum import StrEnum
from typing import Any, Literal

from service.definitions.base import Stored


class FailureCode(StrEnum):
    """Why a job failed."""

    DIVERGED = "diverged"  # a loss or a parameter was not finite
    OUT_OF_MEMORY = "out_of_memory"
    DATASET_MISSING = "dataset_missing"
    MODEL_MISSING = "model_missing"  # of a prediction: an epoch of a job is not stored any longer
    DAMAGED = "damaged"  # stored bytes are not those that were stored
    INVALID_DATA = "invalid_data"  # found only when the rows were read
    TIME_LIMIT = "time_limit"
    CRASHED_REPEATEDLY = "crashed_repeatedly"
    INTERNAL = "internal"  # a fault of the service; the worker's log has the traceback


class Failure(Stored):
    """Why a job failed, and after which epoch where that is known."""

    code: FailureCode
    detail: str
    epoch: int | None


class Stopped(Stored):
    """Why training ended before its last epoch (`early_stopping`, `stop_when`), and after which."""

    reason: str
    epoch: int | None


class ForkedFrom(Stored):
    """Where a fork comes from: the epoch of another job that is its epoch 0.

    `optimizer_state` is `stored` where it continues with the optimizer's state of that epoch, else `fresh` for a
    `reason`. `precision` is that of the other job. Its epoch 0 counts as epoch `draws_from` in random draws, and its
    validation and test rows are drawn with `split_seed`. Its test rows are drawn from the ranges `test_from`, as those
    of the other job are, so that it trains on none of them; None where it draws them anew from another dataset.
    """

    job: str
    epoch: int
    optimizer_state: Literal["stored", "fresh"]
    reason: str | None
    precision: Literal["float32", "float64"]
    draws_from: int
    split_seed: int
    test_from: list[list[int]] | None = None


class BetterOn(Stored):
    """A condition on a version: that it is better on a dataset, of which None is the latest version when it is used."""

    dataset: str
    dataset_version: int | None
    metric: str


class Promote(Stored):
    """The alias that a job moves to its version, and on which condition."""

    alias: str
    if_better_on: BetterOn | None = None


class Promoted(Stored):
    """What became of the alias that a job was to move to its version."""

    alias: str
    version: int
    moved: bool
    because: str


class ReplayChain(Stored, extra="allow"):
    """Hashes over the hashes of all epochs: as `recorded` with the job, of its rows as they are now, and replayed."""

    recorded: str | None


class Replay(Stored, extra="allow"):
    """What a replay repeats: the job `of` that id `through` that epoch. The verdict adds its findings."""

    of: str
    through: int
    identical: bool | None
    first_difference: dict[str, Any] | None
    chain: ReplayChain
