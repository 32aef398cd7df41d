"""`python -m workers`: one worker, told everything by `BACKPROP_*` variables."""

import logging
import multiprocessing
import os
import shutil
import sys
import warnings
from typing import NoReturn

from celery.platforms import SecurityWarning

from service.config import read_settings
from service.errors import ServiceError
from workers.celery_app import run_worker


def main() -> int:
    try:
        settings = read_settings(os.environ)
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        for chatty in ("celery", "kombu", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        # Celery warns of root because of pickles; messages here are empty and JSON
        warnings.simplefilter("ignore", SecurityWarning)
        code = run_worker(settings)
    except ServiceError as error:
        print(f"backprop worker: {error.detail}", file=sys.stderr)
        return 2
    if settings.queue_url.startswith("filesystem://"):
        # all children have left by now, and the pool's end would wait for a lock that one of them held when it went
        _leave(code)
    return code


def _leave(code: int) -> NoReturn:
    """End without what is to be done at the end, but for the folder that multiprocessing has made."""
    logging.shutdown()
    if folder := multiprocessing.current_process()._config.get("tempdir"):  # type: ignore[attr-defined]
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
