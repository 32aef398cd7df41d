"""The whole corpus against running processes, on both pairs: each case has its answer, nothing grows."""

from collections import Counter

import pytest

from service.config import Settings
from tests.abuse.running import Held, Running, running
from tests.conftest import Backends
from tests.waiting import wait_until

MIB = 1024 * 1024
MOST_GROWTH = 100 * MIB
PASSES = 3  # heaps may still grow to what they hold for good; what is never given back grows with each
SPARE = 4  # descriptors and threads that come and go
LEAST = {"requests.txt": 300, "keys.txt": 50, "refusals.txt": 180, "sockets.txt": 100, "tables": 150}


@pytest.mark.long
def test_the_whole_corpus(backends: Backends) -> None:
    settings = Settings(data_dir=backends.data_dir, database_url=backends.database_url, queue_url=backends.queue_url)
    with running(settings) as service:
        counts = Counter(attack.name.split(" ")[0] for attack in service.attacks)
        assert all(counts[name] >= least for name, least in LEAST.items()), counts
        sent(service)  # connections, threads and what is imported when it is first used
        for left in reversed(range(PASSES)):
            before = [Held.by(pid) for pid in service.pids]
            odd = sent(service)
            assert not odd, "\n".join(odd)
            grown = [Held.by(pid).resident - held.resident for pid, held in zip(service.pids, before, strict=True)]
            if max(grown) < MOST_GROWTH:
                break
            assert left, f"each of {PASSES} passes has left more: {grown}"
        for pid, held in zip(service.pids, before, strict=True):
            wait_until(lambda pid=pid, held=held: is_flat(held, Held.by(pid)), what=f"{held} again of {pid}")  # type: ignore[misc]
        assert service.sender.client.open("/healthz").status_code == 200


def sent(service: Running) -> list[str]:
    """Send every case; return what is odd about answers."""
    return [odd for attack in service.attacks if (odd := attack.odd(attack.send())) is not None]


def is_flat(before: Held, after: Held) -> bool:
    return after.descriptors <= before.descriptors + SPARE and after.threads <= before.threads + SPARE
