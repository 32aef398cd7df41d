"""Clients that send requests at given moments over persistent connections, all in one event loop of one process."""

import asyncio
import gc
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

HOST = "127.0.0.1"
LONGEST_ANSWER_SECONDS = 60.0
NO_ANSWER = 0  # in place of a status


@dataclass(frozen=True)
class Message:
    """A request as it is sent, and what kind of request it is counted as."""

    kind: str
    text: bytes

    @classmethod
    def of(cls, kind: str, method: str, path: str, body: bytes = b"", key: str = "") -> "Message":
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *([f"Authorization: Bearer {key}"] if key else [])]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return cls(kind, "\r\n".join([*lines, "", ""]).encode() + body)


@dataclass
class Seen:
    """What clients saw: seconds until the answers by kind, statuses, and how late the clients were themselves."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    lags: list[float] = field(default_factory=list)
    lasted: float = 0.0
    processor_seconds: float = 0.0  # of this process


class Connection(asyncio.Protocol):
    """One connection, on which one request at a time is under way; its answers have a Content-Length."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, text: bytes) -> "asyncio.Future[int]":
        """Send a request; return what will be the status of its answer once that is whole."""
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(text)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        head = bytes(self._buffer[: end + 2]).lower()
        if len(self._buffer) >= end + 4 + _length_of(head):
            self._buffer.clear()
            self._answer.set_result(int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self._buffer.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(NO_ANSWER)


def _length_of(head: bytes) -> int:
    """Return the bytes of the body that follows a head."""
    _, found, rest = head.partition(b"\r\ncontent-length:")
    if not found:
        raise ValueError(f"an answer says not how long it is: {head[:200]!r}")
    return int(rest.partition(b"\r\n")[0])


@dataclass(frozen=True)
class Load:
    """`rate` requests a second for some seconds, taken from `messages` in turn and sent by `clients` in turn.

    With `from_due` the seconds of an answer begin when its request was due, so one that had to wait for the answer
    before it counts in full; otherwise when it was sent, as beyond the capacity every request is late.
    """

    messages: Sequence[Message]
    rate: float
    seconds: float
    clients: int
    from_due: bool = True


def run(port: int, load: Load) -> Seen:
    """Send all requests of a load; return what the clients saw."""
    seen = Seen()
    gc.collect()
    gc.freeze()
    used, began = _processor_seconds(), time.perf_counter()
    asyncio.run(_together(port, load, seen))
    seen.lasted, seen.processor_seconds = time.perf_counter() - began, _processor_seconds() - used
    gc.unfreeze()
    return seen


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _together(port: int, load: Load, seen: Seen) -> None:
    began = time.perf_counter() + 0.1
    async with asyncio.TaskGroup() as group:
        for client in range(load.clients):
            group.create_task(_client(port, load, seen, client, began))


async def _client(port: int, load: Load, seen: Seen, client: int, began: float) -> None:
    connection = Connection()
    for number in range(client, int(load.rate * load.seconds), load.clients):
        due = began + number / load.rate
        early = due - time.perf_counter()
        if early > 0:
            await asyncio.sleep(early)
            seen.lags.append(time.perf_counter() - due)
        elif time.perf_counter() > began + load.seconds:
            break
        if connection.transport is None:
            await asyncio.get_running_loop().create_connection(lambda: connection, HOST, port)
        message = load.messages[number % len(load.messages)]
        since = due if load.from_due else time.perf_counter()
        status = await asyncio.wait_for(connection.ask(message.text), LONGEST_ANSWER_SECONDS)
        seen.seconds[message.kind].append(time.perf_counter() - since)
        seen.statuses[status] += 1
    if connection.transport is not None:
        connection.transport.close()
