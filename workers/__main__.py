"""`python -m workers`: one worker process with its children, configured by `BACKPROP_*` variables."""

import logging
import os
import sys
import warnings
from typing import NoReturn

from celery.platforms import SecurityWarning

from service import logs
from service.config import read_settings
from service.errors import ServiceError
from workers.celery_app import run_worker
from workers.celery_internals import remove_temporary_folder


def main() -> int:
    """Run the worker until it is stopped; return the exit code."""
    try:
        settings = read_settings(os.environ)
        logs.configure(settings.log_level, settings.log_format)
        # Celery warns when run as root, as pickles are unsafe; messages here are empty JSON
        warnings.simplefilter("ignore", SecurityWarning)
        code = run_worker(settings)
    except ServiceError as error:
        print(f"backprop worker: {error.detail}", file=sys.stderr)
        return 2
    if settings.queue_url.startswith("filesystem://"):
        # all children have ended by now, and the pool's exit handler would wait for a lock that one of them held
        _exit_at_once(code)
    return code


def _exit_at_once(code: int) -> NoReturn:
    """End the process without running its exit handlers, after doing the part of their work that is needed."""
    logging.shutdown()
    remove_temporary_folder()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
