"""Networks in memory: one load for all that ask at once, a cap on bytes, and the least recently used go first."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.backprop.layers import LAYERS
from service.backprop.network import Network
from service.definitions.columns import ColumnType
from service.errors import Unavailable
from service.models.cache import CacheKey, ModelCache, TrainedNetwork
from service.models.memory import bytes_of
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn

THREADS = 64
WEIGHTS_BYTES = 100 * 100 * 4


def trained(name: str, categories: tuple[str, ...] | None = None) -> TrainedNetwork:
    kind = ColumnType.NUMBER if categories is None else ColumnType.CATEGORY
    column = InputColumn("x", kind, categories=categories)
    preprocessing = Preprocessing("none", "none", "error", (column,), (), None, None, False)
    return TrainedNetwork(name, 1, 1, Network(100, [LAYERS["dense"](units=100)]), preprocessing)


def key_of(name: str) -> CacheKey:
    return CacheKey(1, name, 1, "job_1", 1)


def use(cache: ModelCache, name: str) -> list[str]:
    """Ask for a network; return its name if it had to be loaded."""
    loaded: list[str] = []

    def load() -> TrainedNetwork:
        loaded.append(name)
        return trained(name)

    assert cache.get_or_load(key_of(name), load).name == name
    return loaded


def test_threads_that_ask_first_at_once_load_a_network_once() -> None:
    cache, loads, all_ask = ModelCache(), list[int](), threading.Barrier(THREADS)
    others_may_ask = threading.Event()

    def load() -> TrainedNetwork:
        loads.append(1)
        assert others_may_ask.wait(30)
        assert use(cache, "another") == ["another"]  # no lock is held meanwhile
        return trained("m")

    def ask() -> TrainedNetwork:
        all_ask.wait(30)
        others_may_ask.set()
        return cache.get_or_load(key_of("m"), load)

    with ThreadPoolExecutor(THREADS) as pool:
        found = [future.result() for future in [pool.submit(ask) for _ in range(THREADS)]]
    assert loads == [1] and len({id(each) for each in found}) == 1


def test_a_load_that_failed_is_an_error_for_all_that_waited_and_is_tried_again() -> None:
    cache, failing, failures = ModelCache(), threading.Event(), list[str]()

    def fail() -> TrainedNetwork:
        assert failing.wait(30)
        raise Unavailable("the database does not answer")

    def ask() -> None:
        with pytest.raises(Unavailable) as raised:
            cache.get_or_load(key_of("m"), fail)
        failures.append(raised.value.detail)

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(ask) for _ in range(4)]
        failing.set()
        for each in waiting:
            each.result()
    assert failures == ["the database does not answer"] * 4
    assert use(cache, "m") == ["m"] and use(cache, "m") == []


def test_the_least_recently_used_go_first_and_the_cap_is_held() -> None:
    one = ModelCache()
    use(one, "a")
    cache = ModelCache(one.bytes * 9 // 2)  # four, with what belongs to them
    for name in "abcd":
        assert use(cache, name) == [name]
    assert use(cache, "a") == [] and use(cache, "e") == ["e"]
    assert use(cache, "a") == [] and use(cache, "b") == ["b"]
    assert len(cache) == 4 and cache.bytes <= cache.max_bytes
    for number in range(100):
        use(cache, f"m{number}")
    assert len(cache) == 4 and cache.bytes <= cache.max_bytes


def test_one_network_larger_than_the_cap_stays_alone() -> None:
    cache = ModelCache(0)
    assert use(cache, "a") == ["a"] and use(cache, "a") == []
    assert use(cache, "b") == ["b"] and len(cache) == 1


def test_everything_that_belongs_to_a_network_is_counted() -> None:
    plain = bytes_of(trained("m"))
    assert WEIGHTS_BYTES < plain < 2 * WEIGHTS_BYTES
    categories = tuple(f"category {number:090}" for number in range(1000))
    with_categories = bytes_of(trained("m", categories))
    assert with_categories - plain > sum(map(len, categories))
    one = ModelCache()
    use(one, "m")
    assert one.bytes == plain + trained("m").predictor.most_bytes  # buffers that stay after the first prediction
    vector = np.zeros(1000)
    assert bytes_of([vector[:500], vector[500:]]) < 2 * vector.nbytes  # views of one array, counted once
