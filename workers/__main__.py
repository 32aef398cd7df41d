"""`python -m workers`: one worker, told everything by `BACKPROP_*` variables."""

import logging
import os
import sys

from service.config import read_settings
from service.errors import ServiceError
from workers.celery_app import run_worker


def main() -> int:
    try:
        settings = read_settings(os.environ)
        logging.basicConfig(
            level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        for chatty in ("celery", "kombu", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        return run_worker(settings)
    except ServiceError as error:
        print(f"backprop worker: {error.detail}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
