"""The limits of tenants that are in force now, held in the memory of each process until a change of them is seen."""

import threading
from dataclasses import dataclass, field

from service.config import Settings
from service.definitions.limits import Limits
from service.errors import Unavailable
from service.store import changes, limits
from service.store.changes import Changes
from service.store.database import Database


@dataclass
class LimitBook:
    """Knows the limits of each tenant."""

    database: Database
    settings: Settings
    changes: Changes
    default: Limits = field(init=False)  # of a tenant that has none of its own
    _version: int | None = None
    _held: dict[int, Limits] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.default = Limits.of(self.settings, {})

    def of(self, tenant: int) -> Limits:
        """Return a tenant's limits; while the database does not answer, those that were held.

        Where keys may be asked for, a request has just looked for changes of them, which need not be done again.
        """
        look = self.changes.look if self.settings.auth == "off" else self.changes.last
        seen = look(changes.ACCESS).value
        if seen != self._version:
            self._read_again(seen)
        return self._held.get(tenant) or self.default

    def _read_again(self, version: int) -> None:
        with self._turn:
            if self._version == version:
                return
            try:
                with self.database.read() as connection:
                    found = limits.all_limits(connection)
            except Unavailable:
                if self._version is None:
                    raise
                return
            self._held = {tenant: Limits.of(self.settings, own) for tenant, own in found.items()}
            self._version = version
