"""Commands on predictions after their submission: cancel, removal, and the removal of old ones."""

import logging
from datetime import UTC, datetime, timedelta

from service.errors import Conflict, NotFound
from service.jobs.new_jobs import record_no_key
from service.services import Services
from service.store.blobs.placement import free
from service.store.database import Connection
from service.store.idempotency import RecordKey
from service.store.predictions import predictions
from service.store.predictions.predictions import Cancelled

log = logging.getLogger(__name__)


def cancel(services: Services, prediction_id: str, record_key: RecordKey = record_no_key) -> Cancelled:
    """Cancel a prediction: at once when it is not running, else at its next block of rows."""

    def act(connection: Connection) -> Cancelled:
        result = predictions.cancel(connection, prediction_id)
        if result.changed:
            record_key(connection, prediction_id)
        return result

    result = services.ending(act)
    free(services.blobs, services.database, result.addresses)
    return result


def remove(services: Services, prediction_id: str) -> None:
    """Remove an ended prediction with its result."""
    addresses = services.ending(lambda connection: predictions.delete_prediction(connection, prediction_id))
    free(services.blobs, services.database, addresses)


def collect(services: Services) -> None:
    """Remove predictions that ended longer ago than the setting keeps them."""
    if not (seconds := services.settings.keep_predictions_seconds):
        return
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    with services.database.read() as connection:
        old = predictions.ids_before(connection, before)
    for prediction_id in old:
        try:
            remove(services, prediction_id)
        except (NotFound, Conflict):
            continue  # another process has removed it
    if old:
        log.info("removed %d prediction(s) that ended before %s", len(old), before.isoformat(timespec="seconds"))
