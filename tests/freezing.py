"""Processes that are stopped, as on a machine that is out of memory or whose disk does not answer."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Stop processes until the block ends; ignore those that have ended meanwhile."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
