"""`python -m workers`: one worker, told everything by `BACKPROP_*` variables."""

import logging
import os
import sys
import warnings

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
    # all children have left by now; where messages go through files, the pool's end would wait for a lock that one of
    # them held when it went
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
