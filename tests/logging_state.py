"""Restores what `service.logs.configure` changes of a process, for tests that call it in their own."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from service import logs


@contextmanager
def restored() -> Iterator[None]:
    """Let loggers, their levels and the hooks for uncaught errors be as before when the block ends.

    Otherwise whatever is logged later in the process goes to the standard error of that test, which is closed by then.
    """
    root = logging.getLogger()
    before = (root.level, list(root.handlers), sys.excepthook, threading.excepthook)
    levels = {name: logging.getLogger(name).level for name in logs.OURS}
    root.handlers = []  # `configure` would close those of pytest
    try:
        yield
    finally:
        logging.captureWarnings(False)
        made, root.handlers = root.handlers, before[1]
        for handler in made:
            handler.close()
        root.setLevel(before[0])
        sys.excepthook, threading.excepthook = before[2], before[3]
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
