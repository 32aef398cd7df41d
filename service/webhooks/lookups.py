"""Names of hosts in requests are looked up for few requests at once: each may hold a thread of the API for seconds."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import TooMany, Unavailable
from service.webhooks.addresses import Lookup, look_up

MOST = 8  # at once in a process, of its 24 threads
FOR_ONE = 4  # of one tenant
WAIT_SECONDS = 0.1  # for a place, as most lookups take milliseconds
RETRY_SECONDS = 5


class Lookups:
    """A limit on the lookups of one process, and on those of each tenant."""

    def __init__(self, most: int = MOST, for_one: int = FOR_ONE, lookup: Lookup = look_up) -> None:
        self._most, self._for_one, self._lookup = most, for_one, lookup
        self._changed = threading.Condition()
        self._under_way: Counter[int | None] = Counter()

    def of(self, tenant: int | None) -> Lookup:
        """Return what looks names up for a tenant.

        It raises `TooMany` when the tenant has its share of lookups under way, and `Unavailable` when there are too
        many of all tenants.
        """

        def found(host: str, port: int) -> list[str]:
            with self._place(tenant):
                return self._lookup(host, port)

        return found

    @contextmanager
    def _place(self, tenant: int | None) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._has_place(tenant), WAIT_SECONDS)
            if self._under_way[tenant] >= self._for_one:
                detail = f"{self._for_one} names of hosts are being looked up for this tenant, which is its limit"
                raise TooMany(detail, RETRY_SECONDS)
            if self._under_way.total() >= self._most:
                raise Unavailable("too many names of hosts are being looked up", RETRY_SECONDS)
            self._under_way[tenant] += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way[tenant] -= 1
                if not self._under_way[tenant]:
                    del self._under_way[tenant]
                self._changed.notify_all()

    def _has_place(self, tenant: int | None) -> bool:
        return self._under_way[tenant] < self._for_one and self._under_way.total() < self._most
