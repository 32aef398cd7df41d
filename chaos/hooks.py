"""Every function of `service` and `workers` that chaos wraps by its name.

A name that no longer exists raises `Unhooked` when a worker of chaos starts, so that no failpoint is lost silently.
"""

import math
import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from types import FrameType
from typing import Any

# The purpose of a write, by the function that does it. Of several functions on the stack the first one here counts: a
# job's end is written by the same function as a flush, and everything of a run within the function that claimed it.
WRITERS: tuple[tuple[str, str, str], ...] = (
    ("end", "workers.run.recorder", "Recorder.end"),
    ("end", "workers.run.ending", "fail"),
    ("release", "workers.run.recorder", "Recorder.release"),
    ("release", "workers.run.ending", "release_unprepared"),
    ("flush", "workers.run.flush", "Writer._transaction"),
    ("second transaction", "chaos.mutants", "in_two_transactions"),
    ("end", "workers.run.predict", "_fail"),
    ("release", "workers.run.predict", "_release"),
    ("part", "workers.run.predict", "_store_once"),
    ("result", "workers.run.predict", "_end"),
    ("heartbeat", "workers.run.lease", "Lease._look"),
    ("tidy", "service.jobs.commands", "_tidy"),
    ("freeing", "workers.housekeeping", "Housekeeping._free_jobs_of_ended_processes"),
    ("reconciler", "workers.housekeeping", "Housekeeping._free_expired"),
    ("collector", "workers.housekeeping", "Housekeeping._collect"),
    ("note", "workers.housekeeping", "Housekeeping._report"),
    ("counts", "workers.housekeeping", "Housekeeping._report_counts"),
    ("claim", "workers.run.run", "run_next_job"),
)
# Other points: a blob that is added, one that is removed, a message to the workers, a batch of training.
CALLS: tuple[tuple[str, str, str], ...] = (
    ("blob", "service.store.blobs.folder", "FolderBlobs.adopt"),
    ("removal", "service.store.blobs.folder", "FolderBlobs.delete"),
    ("ring", "service.queue", "Doorbell.ring"),
    ("batch", "workers.run.lease", "Lease.stop"),
)
BEGINS = ("service.store.database", "Database.begin")  # every transaction that writes
# Functions that only the run that owns a job may succeed with; each is passed the job as that run knows it.
FENCES = ("fenced", "finish", "release")
FENCES_MODULE = "service.store.jobs.jobs"
# How often a run flushes: after each epoch, and within epochs of some milliseconds, so that short jobs write often, as
# predictions do whose parts are as small as can be.
PACE: tuple[tuple[str, str, float], ...] = (
    ("workers.run.flush_policy", "FLUSH_SECONDS", 0.0),
    ("workers.run.flush_policy", "FLUSH_SHARE", 1e9),
    ("workers.run.flush_policy", "WITHIN_SECONDS", 0.005),
    ("service.predictions.layout", "PART_BYTES", 1),
)
ASKS_IF_DUE = ("workers.run.recorder", "Recorder.is_due")

BEGINNING, WRITTEN, COMMITTED = "begins", "written", "committed"
BEFORE, AFTER = "before", "after"


class Unhooked(Exception):
    """A function that chaos wraps no longer exists under its name."""


def names() -> list[str]:
    """Return the names of all points, as `writer phase`."""
    writers = dict.fromkeys(label for label, _, _ in WRITERS)
    transactions = [f"{label} {phase}" for label in writers for phase in (BEGINNING, WRITTEN, COMMITTED)]
    return transactions + [f"{label} {phase}" for label, _, _ in CALLS for phase in (BEFORE, AFTER)]


def find(module: str, name: str) -> tuple[Any, str]:
    """Return the module or class that has a function, and the function's name in it."""
    *owners, last = name.split(".")
    try:
        owner = reduce(getattr, owners, import_module(module))
        getattr(owner, last)
    except (ImportError, AttributeError):
        raise Unhooked(f"there is no {name} in {module} any more: correct chaos/hooks.py") from None
    return owner, last


def check() -> None:
    """Raise `Unhooked` unless everything named here exists."""
    for _, module, name in (*WRITERS, *CALLS, ("", *BEGINS), ("", *ASKS_IF_DUE)):
        find(module, name)
    for name in FENCES:
        find(FENCES_MODULE, name)
    for module, name, _ in PACE:
        find(module, name)


def quicken() -> None:
    """Make runs flush after every epoch, waiting for the flush of the epoch before."""

    def settled(is_due: Callable[[Any], bool]) -> Callable[[Any], bool]:
        def ask(recorder: Any) -> bool:
            recorder.settle()
            return is_due(recorder)

        return ask

    wrap(*ASKS_IF_DUE, settled)
    for module, name, value in PACE:
        owner, last = find(module, name)
        setattr(owner, last, value)


def store_whole_epochs_only() -> None:
    """Make runs store no state within epochs, so that the n-th flush is that of the n-th epoch on any machine."""
    owner, last = find("workers.run.flush_policy", "WITHIN_SECONDS")
    setattr(owner, last, math.inf)


def wrap(module: str, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace a function by `make(function)`."""
    owner, last = find(module, name)
    setattr(owner, last, make(getattr(owner, last)))


def writer() -> str | None:
    """Return the purpose of what the running code writes; None if it is not among `WRITERS`."""
    found: set[tuple[str, str]] = set()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        found.add((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname))
        frame = frame.f_back
    return next((label for label, module, name in WRITERS if (module, name) in found), None)
