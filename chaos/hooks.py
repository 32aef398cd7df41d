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

# What a transaction or a file is written for, by the function that does it. Of several on the stack the first here
# counts: an end is written by the same function as a flush, and all of a run within the function that claimed it.
WRITERS: tuple[tuple[str, str, str], ...] = (
    ("end", "workers.run.recorder", "Recorder.end"),
    ("end", "workers.run.run", "_fail"),
    ("put back", "workers.run.recorder", "Recorder.release"),
    ("put back", "workers.run.run", "_release_unprepared"),
    ("flush", "workers.run.flush", "Writer._transaction"),
    ("second transaction", "chaos.mutants", "in_two_transactions"),
    ("heartbeat", "workers.run.lease", "Lease._look"),
    ("tidy", "service.jobs.commands", "_tidy"),
    ("freeing", "workers.housekeeping", "Housekeeping._free_jobs_of_ended_processes"),
    ("reconciler", "workers.housekeeping", "Housekeeping._free_expired"),
    ("collector", "workers.housekeeping", "Housekeeping._collect"),
    ("note", "workers.housekeeping", "Housekeeping._report"),
    ("claim", "workers.run.run", "run_next_job"),
)
# What else is a point: a file that appears in the blobs, one that goes, the doorbell, a batch of training.
CALLS: tuple[tuple[str, str, str], ...] = (
    ("blob", "service.store.blobs.folder", "FolderBlobs.adopt"),
    ("removal", "service.store.blobs.folder", "FolderBlobs.delete"),
    ("ring", "service.queue", "Doorbell.ring"),
    ("batch", "workers.run.lease", "Lease.stop"),
)
BEGINS = ("service.store.database", "Database.begin")  # every transaction that writes
# What only the run that holds a job may do; each gets the job as that run knows it.
FENCES = ("fenced", "finish", "release")
FENCES_MODULE = "service.store.jobs.jobs"
# How often a run flushes: after each epoch, and within those of some milliseconds, so that short jobs pass many writes.
PACE: tuple[tuple[str, str, float], ...] = (
    ("workers.run.flush_policy", "FLUSH_SECONDS", 0.0),
    ("workers.run.flush_policy", "FLUSH_SHARE", 1e9),
    ("workers.run.flush_policy", "WITHIN_SECONDS", 0.005),
)
ASKS_IF_DUE = ("workers.run.recorder", "Recorder.is_due")

BEGINNING, WRITTEN, COMMITTED = "begins", "written", "committed"
BEFORE, AFTER = "before", "after"


class Unhooked(Exception):
    """A function that chaos takes hold of is no longer where it was."""


def names() -> list[str]:
    """Every point, as `writer phase`."""
    writers = dict.fromkeys(label for label, _, _ in WRITERS)
    transactions = [f"{label} {phase}" for label in writers for phase in (BEGINNING, WRITTEN, COMMITTED)]
    return transactions + [f"{label} {phase}" for label, _, _ in CALLS for phase in (BEFORE, AFTER)]


def find(module: str, name: str) -> tuple[Any, str]:
    """What holds a function, and its name there."""
    *owners, last = name.split(".")
    try:
        owner = reduce(getattr, owners, import_module(module))
        getattr(owner, last)
    except (ImportError, AttributeError):
        raise Unhooked(f"there is no {name} in {module} any more: mend chaos/hooks.py") from None
    return owner, last


def check() -> None:
    """Raise `Unhooked` unless everything named here is there."""
    for _, module, name in (*WRITERS, *CALLS, ("", *BEGINS), ("", *ASKS_IF_DUE)):
        find(module, name)
    for name in FENCES:
        find(FENCES_MODULE, name)
    for module, name, _ in PACE:
        find(module, name)


def quicken() -> None:
    """Flush after every epoch: one that is still under way from the epoch before is waited for."""

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
    """Keep no state within epochs: the n-th flush is then that of the n-th epoch, however slow the machine."""
    owner, last = find("workers.run.flush_policy", "WITHIN_SECONDS")
    setattr(owner, last, math.inf)


def wrap(module: str, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put `make(function)` in a function's place."""
    owner, last = find(module, name)
    setattr(owner, last, make(getattr(owner, last)))


def writer() -> str | None:
    """For what the code that runs now writes, None for what is nobody's here."""
    found: set[tuple[str, str]] = set()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        found.add((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname))
        frame = frame.f_back
    return next((label for label, module, name in WRITERS if (module, name) in found), None)
