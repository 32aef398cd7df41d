"""Whatever the order in which the event loop, threads, client and network go on: no request waits for ever."""

import gc
import random
import weakref
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from service.front.limits import MAX_QUEUED, MEMORY_BODY, UNASKED_BYTES, Limits
from tests.unit.front.model import Model

HEAD = b" HTTP/1.1\r\nHost: a\r\n"
GET = b"GET /a" + HEAD + b"\r\n"
STREAM = b"GET /stream?3" + HEAD + b"\r\n"
EVENTS = b"GET /events" + HEAD + b"\r\n"
SMALL = b"POST /a" + HEAD + b"Content-Length: 3\r\n\r\nabc"
SIZE = MEMORY_BODY + 300_000
LARGE = b"POST /a" + HEAD + b"Content-Length: %d\r\n\r\n" % SIZE + b"x" * SIZE
CHUNKED = b"POST /a" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % SIZE + b"x" * SIZE + b"\r\n0\r\n\r\n"
UNKNOWN = b"POST /nothing" + HEAD + b"Content-Length: 900000\r\n\r\n" + b"x" * 900_000
EXPECTS = b"POST /a" + HEAD + b"Expect: 100-continue\r\nContent-Length: 90000\r\n\r\n" + b"x" * 90_000
BROKEN = b"nonsense\r\n\r\n"
ORDERS = 60
STEPS = 2000

REQUESTS = {
    "one": [GET],
    "pipelined": [GET, SMALL, STREAM, GET],
    "large": [LARGE, GET],
    "chunked": [CHUNKED, SMALL],
    "large behind a stream": [STREAM, LARGE, STREAM],
    "not asked for": [GET, UNKNOWN],
    "expected": [EXPECTS, GET],
    "followed by nonsense": [STREAM, GET, BROKEN],
    "too many": [GET] * 80,
}


def pieces_of(data: bytes, chance: random.Random) -> list[bytes]:
    """Cut at a few random places, as the network does."""
    cuts = sorted({0, len(data), *(chance.randrange(len(data)) for _ in range(chance.randrange(4)))})
    return [
        data[start:end][at : at + UNASKED_BYTES]
        for start, end in pairwise(cuts)
        for at in range(0, end - start, UNASKED_BYTES)
    ]


def run(model: Model, chance: random.Random, until: Callable[[], bool] = lambda: False) -> None:
    """Let things happen in a random order until nothing can."""
    for _ in range(STEPS):
        steps = list(model.steps())
        if not steps or until():
            return
        chance.choice(steps)()
    raise AssertionError("it does not come to an end")


def is_over(model: Model) -> bool:
    """Whether the connection has ended, or says that it will, or waits for its client."""
    transport = model.transport
    return transport.closing or transport.has_ended or (model.connection in model.shared.resting)


@pytest.mark.parametrize("room", [0, 65_536])
@pytest.mark.parametrize("waiting", [0, MAX_QUEUED + 1], ids=["free", "busy"])
@pytest.mark.parametrize("kind", REQUESTS)
def test_every_request_is_answered_or_refused(tmp_path: Path, kind: str, waiting: int, room: int) -> None:
    for seed in range(ORDERS):
        chance = random.Random(seed)
        model = Model(Limits(tmp_path), pieces_of(b"".join(REQUESTS[kind]), chance), room)
        model.threads.more = waiting
        run(model, chance)
        answers = bytes(model.transport.sent).count(b"HTTP/1.1 ") - bytes(model.transport.sent).count(b" 100 Continue")
        assert is_over(model), f"order {seed}: nothing more happens, and the connection waits"
        is_refused = b"Connection: close" in model.transport.sent
        assert answers == len(REQUESTS[kind]) or (answers and is_refused), f"order {seed}: {answers} answers"
        model.lose()
        run(model, chance)
        assert (model.shared.spools.in_memory, model.shared.spools.in_files) == (0, 0), f"order {seed}"


@pytest.mark.parametrize("room", [0, 65_536])
def test_every_event_reaches_a_stream(tmp_path: Path, room: int) -> None:
    for seed in range(ORDERS):
        chance = random.Random(seed)
        model = Model(Limits(tmp_path), [EVENTS], room)
        run(model, chance, lambda model=model: bytes(model.transport.sent).count(b"event;") >= 3)
        assert bytes(model.transport.sent).count(b"event;") >= 3, f"order {seed}"
        (model.lose if seed % 2 else model.connection.stop)()
        model.application.wake = None
        run(model, chance)
        assert model.application.closed.is_set(), f"order {seed}: the stream of a client that has gone is kept"
        assert is_over(model)


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_connection_that_is_lost_leaves_nothing(tmp_path: Path, kind: str) -> None:
    for seed in range(ORDERS):
        chance = random.Random(seed)
        model = Model(Limits(tmp_path), pieces_of(b"".join(REQUESTS[kind]), chance), 0)
        left = chance.randrange(30)
        for _ in range(left):
            if steps := list(model.steps()):
                chance.choice(steps)()
        model.lose()
        run(model, chance)
        assert not model.shared.connections and not model.shared.resting and not model.shared.unsent
        assert (model.shared.spools.in_memory, model.shared.spools.in_files) == (0, 0), f"order {seed}"


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_connection_that_has_ended_is_forgotten_without_a_collection(tmp_path: Path, kind: str) -> None:
    gc.disable()
    try:
        model = Model(Limits(tmp_path), list(REQUESTS[kind]), 0)
        run(model, random.Random(0))
        model.lose()
        run(model, random.Random(0))
        connection = weakref.ref(model.connection)
        model.transport.protocol = None
        del model.connection
        assert connection() is None
    finally:
        gc.enable()


def test_a_body_whose_file_fails_is_refused(tmp_path: Path) -> None:
    model = Model(Limits(tmp_path / "missing"), [LARGE], 0)
    run(model, random.Random(0))
    assert b"HTTP/1.1 507" in model.transport.sent and is_over(model)
