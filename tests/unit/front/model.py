"""A connection of the HTTP server whose event loop, threads and transport do only what a test lets them."""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from service.front.bodies import Spools
from service.front.connection import Connection
from service.front.limits import Limits
from service.front.shared import Shared
from service.front.threads import Threads
from tests.unit.front.serving import Application

Call = Callable[[], Any]


@dataclass
class ByHand:
    """Threads that call a function when they are let; `put` and `waiting` as those of `Threads`."""

    calls: deque[Call] = field(default_factory=deque)
    more: int = 0  # requests of others, which wait as well

    def put(self, call: Call) -> None:
        self.calls.append(call)

    def waiting(self) -> int:
        return len(self.calls) + self.more


@dataclass
class Timer:
    when: float
    call: Call | None

    def cancel(self) -> None:
        self.call = None

    def __lt__(self, other: "Timer") -> bool:
        return self.when < other.when


@dataclass
class Loop:
    """The event loop: what was posted is called in order, and time passes when it is told to."""

    now: float = 0.0
    posted: deque[Call] = field(default_factory=deque)
    timers: list[Timer] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def post(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.posted.append(lambda: function(*arguments))

    def call_later(self, seconds: float, function: Callable[..., Any]) -> Timer:
        timer = Timer(self.now + seconds, function)
        heapq.heappush(self.timers, timer)
        return timer

    def fire(self) -> bool:
        """Let the time of the next timer come; return whether there was one."""
        while self.timers:
            timer = heapq.heappop(self.timers)
            if timer.call is not None:
                self.now = timer.when
                timer.call()
                return True
        return False


@dataclass
class Transport:
    """Takes `room` bytes before it asks to pause; its client reads when it is told to."""

    room: int
    sent: bytearray = field(default_factory=bytearray)
    waiting: bytearray = field(default_factory=bytearray)
    protocol: Connection | None = None
    is_reading: bool = True
    is_paused: bool = False
    closing: bool = False
    has_ended: bool = False

    def get_extra_info(self, _: str) -> None:
        return None

    def write(self, data: bytes) -> None:
        assert not self.has_ended and not self.closing and self.protocol is not None
        self.waiting += data
        if len(self.waiting) > self.room and not self.is_paused:
            self.is_paused = True
            self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return len(self.waiting)

    def read(self) -> None:
        """Let the client read everything."""
        self.sent += self.waiting
        self.waiting.clear()
        if self.is_paused:
            self.is_paused = False
            assert self.protocol is not None
            self.protocol.resume_writing()

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_ended = True

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    abort = close


class Model:
    """One connection to an application, and everything that can happen to it next."""

    def __init__(self, limits: Limits, sent: list[bytes], room: int) -> None:
        self.application = Application()
        self.loop = Loop()
        self.threads, self.streams, self.spool = ByHand(), ByHand(), ByHand()
        self.shared = shared_by_hand(self, limits)
        self.transport = Transport(room)
        self.connection = self.transport.protocol = Connection(self.shared)
        self.connection.connection_made(cast(asyncio.Transport, self.transport))
        self._sent = deque(sent)

    def steps(self) -> Iterator[Call]:
        """Yield what could happen next, apart from time."""
        if self._sent and self.transport.is_reading and not self.transport.closing:
            yield lambda: self.connection.data_received(self._sent.popleft())
        if self.loop.posted:
            yield lambda: self.loop.posted.popleft()()
        for threads in (self.threads, self.streams, self.spool):
            if threads.calls:
                yield lambda threads=threads: threads.calls.popleft()()
        if self.transport.waiting:
            yield self.transport.read
        if self.application.wake is not None:
            yield self._wake

    def _wake(self) -> None:
        wake, self.application.wake = self.application.wake, None
        assert wake is not None
        self.application.events.append(b"event;")
        wake()

    def lose(self) -> None:
        self.transport.closing = True
        self.connection.connection_lost(None)


def shared_by_hand(model: Model, limits: Limits) -> Shared:
    """Return what connections share, without threads of its own."""
    shared = Shared.__new__(Shared)
    shared.application = model.application
    shared.limits = limits
    shared.loop = cast(asyncio.AbstractEventLoop, model.loop)
    shared.post = model.loop.post
    shared.threads = cast(Threads, model.threads)
    shared.stream_threads = cast(Threads, model.streams)
    shared.threads_for = lambda _: shared.threads  # type: ignore[method-assign]
    shared.spools = Spools(limits, cast(Threads, model.spool))
    shared.connections, shared.resting, shared.unsent = set(), {}, {}
    shared.is_stopping = False
    shared.set_date()
    return shared
