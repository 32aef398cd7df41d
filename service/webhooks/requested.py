"""Events that clients ask for: a test of a webhook, and a delivery that is sent again. Workers send both."""

from service.definitions.webhooks import TEST_EVENT
from service.services import Services
from service.store import workers
from service.store.idempotency import RecordKey
from service.store.webhooks import deliveries, endpoints


def send_test(services: Services, webhook_id: str, record_key: RecordKey) -> str:
    """Store an event that is sent once, also to a disabled webhook; return the delivery's id."""
    with services.database.begin() as connection:
        webhook = endpoints.get(connection, webhook_id)
        delivery = deliveries.add_test(connection, webhook, TEST_EVENT, {"object": "webhook", "id": webhook.id})
        record_key(connection, delivery)
        return delivery


def is_sent(services: Services) -> bool:
    """Return whether due deliveries are sent now: whether deliveries are switched on and a worker is alive."""
    if services.settings.webhooks != "on":
        return False
    with services.database.read() as connection:
        return workers.count_alive(connection) > 0


def send_again(services: Services, webhook_id: str, delivery_id: str, record_key: RecordKey) -> None:
    """Let a delivery be sent now, under the id that it has."""
    with services.database.begin() as connection:
        deliveries.send_again(connection, endpoints.get(connection, webhook_id), delivery_id)
        record_key(connection, delivery_id)
