"""Threads that ask first, all at once, for a network that is not in memory."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.serving_proofs.inside import opened
from benchmarks.serving_proofs.memory import counted_loads
from service.models.loading import load_version


def cold(threads: int, rounds: int) -> Iterator[str]:
    """Ask for a cold 64-1000-10 from many threads at once, again and again; print how often it was loaded."""
    with opened(model_cache_bytes=0) as inside, counted_loads() as loads, ThreadPoolExecutor(threads) as pool:
        for name in ("one", "other"):
            inside.train(name, 64, [1000], 10)
        found = list[int]()
        for _ in range(rounds):
            load_version(inside.tenant, inside.cache, "other", None)  # the cap of 0 lets one network stay
            loads.clear()
            together = threading.Barrier(threads)

            def ask(together: threading.Barrier = together) -> int:
                together.wait()
                return id(load_version(inside.tenant, inside.cache, "one", None).network)

            networks = {future.result() for future in [pool.submit(ask) for _ in range(threads)]}
            assert len(networks) == 1, networks
            found.append(len(loads))
        verdict = "once each time" if set(found) == {1} else f"SEVERAL TIMES: {found}"
        yield f"{threads} threads asked at once for a cold network, {rounds} times: it was loaded {verdict}"
