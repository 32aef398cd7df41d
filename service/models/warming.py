"""Looks names that are in use up again when something has changed, so that the next request rarely waits for that."""

import threading
from contextlib import suppress

from service.errors import ServiceError
from service.models.cache import ModelCache
from service.models.directory import Directory
from service.models.loading import load_version
from service.services import Services

LOOK_SECONDS = 0.1
REST_SECONDS = 1.0  # between two rounds, so that many changes do not cost more


class Warmer:
    """A thread that loads the networks which names mean after a change; it never decides what is answered."""

    def __init__(self, services: Services, cache: ModelCache, directory: Directory) -> None:
        self._services, self._cache, self._directory = services, cache, directory
        self._stopped = threading.Event()
        self._value: int | None = None
        services.database.at_disposal(self._stopped.set)

    def start(self) -> None:
        threading.Thread(target=self._run, name="names", daemon=True).start()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS if self._directory.is_used else REST_SECONDS):
            with suppress(ServiceError):  # the database is away; requests say so, and the next look may find it
                if self._directory.is_used and self.look():
                    self._stopped.wait(REST_SECONDS)

    def look(self) -> bool:
        """Load what the names in use mean now, if something has changed; return whether it had."""
        value = self._directory.look().value
        before, self._value = self._value, value
        if value == before or before is None:
            return False
        for tenant, model, wanted in self._directory.take_used():
            services = self._services if tenant is None else self._services.scoped(tenant)
            with suppress(ServiceError):  # as the request for it will be answered
                load_version(services, self._cache, model, wanted)
        return True
