"""How many names of hosts are looked up at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import TooMany, Unavailable
from service.webhooks.addresses import Refused
from service.webhooks.lookups import Lookups

SECONDS = 20.0


def test_a_tenant_and_all_together_have_few_lookups_at_once() -> None:
    begun, released = threading.Semaphore(0), threading.Event()

    def wait(host: str, port: int) -> list[str]:
        begun.release()
        assert released.wait(SECONDS)
        return [host]

    lookups = Lookups(most=3, for_one=2, lookup=wait)
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(lookups.of(tenant), "name.example", 80) for tenant in (1, 1, 2)]
        assert all(begun.acquire(timeout=SECONDS) for _ in asked)
        with pytest.raises(TooMany, match="for this tenant"):
            lookups.of(1)("name.example", 80)
        with pytest.raises(Unavailable, match="too many names of hosts"):
            lookups.of(3)("name.example", 80)
        released.set()
        assert [future.result() for future in asked] == [["name.example"]] * 3
    assert lookups.of(3)("name.example", 80) == ["name.example"]


def test_a_lookup_that_fails_gives_its_place_back() -> None:
    def refuse(host: str, port: int) -> list[str]:
        raise Refused("no")

    lookups = Lookups(most=1, for_one=1, lookup=refuse)
    for _ in range(3):
        with pytest.raises(Refused):
            lookups.of(1)("name.example", 80)
