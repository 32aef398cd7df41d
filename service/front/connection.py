"""One connection: requests one after the other, time limits, and an end that clients can read."""

import asyncio
import socket
import struct
from collections import deque
from functools import partial
from typing import cast

import httptools

from service.front.draining import Drain
from service.front.exchange import Exchange
from service.front.heads import explained, template
from service.front.limits import MAX_PIPELINED
from service.front.refusals import Refused, answer_of
from service.front.requests import Requests
from service.front.shared import Shared

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no time to send what is left


class Connection(asyncio.Protocol):
    """The protocol of asyncio for one client; everything here runs in the event loop."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._now = shared.loop.time
        self._transport: asyncio.Transport | None = None
        self._requests: Requests | None = None
        self._current: Exchange | None = None
        self._later: deque[Exchange] = deque()
        self._holds: set[str] = set()
        self._idle_since = self._now()
        self._drain: Drain | None = None  # after the last answer
        self._refusal: Refused | None = None  # sent once what came before is answered
        self._has_ended = False  # the client sends nothing more
        self._unsent = 0
        self._unsent_since = 0.0
        self.is_full = False

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        common = template(peer or ("", 0), local or ("", 0))
        self._requests = Requests(common, partial(Exchange, self, self._shared), self._begin, self._now)
        self._shared.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        self._shared.remove(self)
        if self._requests is not None and self._requests.arriving is not None and self._drain is None:
            arriving = self._requests.arriving
            self._shared.log_refusal(arriving.cut_off(), arriving.environ)
        if self._requests is not None:
            self._requests.end()
            self._requests = None
        self._drop()

    def data_received(self, data: bytes) -> None:
        if self._drain is not None:
            self._drain.forget(self._now())
            return
        assert self._requests is not None
        try:
            self._requests.feed(data)
        except Refused as refused:
            self.refuse(refused, self._requests.arriving)
        except httptools.HttpParserError as error:
            self.refuse(explained(error), self._requests.arriving)

    def eof_received(self) -> bool:
        """Answer a request that was cut off; return whether the connection stays for that."""
        self._has_ended = True
        assert self._requests is not None
        if self._drain is not None:
            return False
        if self._requests.arriving is not None:
            self.refuse(self._requests.arriving.cut_off(), self._requests.arriving)
        elif self._requests.in_head_since is not None:
            self.refuse(Refused(400, "the request ended within its headers"), None)
        elif self._current is None:
            return False
        else:
            self._current.leave()
        return True

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        if self._current is not None:
            self._current.go_on_writing()

    # --- requests

    def _begin(self, exchange: Exchange) -> None:
        """Start a request, or keep it until those before it are answered."""
        if self._drain is not None:
            raise Refused(400, "the connection ends with the request before")  # the parser goes no further
        self._shared.resting.pop(self, None)
        if self._current is None:
            self._current = exchange
            exchange.begin()
            return
        if len(self._later) >= MAX_PIPELINED:
            raise Refused(503, f"more than {MAX_PIPELINED} requests of this connection wait")
        self._later.append(exchange)
        self.hold("pipeline")

    def answered(self, keep_alive: bool) -> None:
        """Go on with the next request, after the answer to the current one was written."""
        self._current = None
        self._idle_since = self._now()
        is_last = self._has_ended and not self._later and self._refusal is None
        if not keep_alive or is_last or self._shared.is_stopping:
            self.close()
        elif self._later:
            self._current = self._later.popleft()
            if not self._later:
                self.release("pipeline")
            self._current.begin()
        elif self._refusal is not None:
            self.refuse(self._refusal, None)
        else:
            self._shared.resting[self] = None

    def refuse(self, refused: Refused, exchange: Exchange | None) -> None:
        """Answer a request with a refusal and end the connection, once what came before is answered.

        `exchange` is None for what has not become a request.
        """
        if self._drain is not None or (self._refusal is not None and exchange is not self._current):
            return
        if self._current is not None and self._current is not exchange:
            if exchange is not None and exchange in self._later:
                self._later.remove(exchange)
                exchange.drop()
            self._refusal = refused
            self.hold("refusal")
            return
        environ = None if self._current is None else self._current.environ
        self._shared.log_refusal(refused, environ)
        self.end_with(answer_of(refused, self._shared.date(), environ))

    def end_with(self, data: bytes) -> None:
        """Write the last answer of the connection, which clients see as what they still send is read and forgotten."""
        if self._drain is not None or self._transport is None:
            return
        self._drop()
        self._drain = Drain(self._shared.limits, self._now())
        self.write(data)
        for reason in list(self._holds):
            self.release(reason)
        if self._has_ended:
            self.close()
        elif self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    def _drop(self) -> None:
        exchanges = [self._current, *self._later]
        self._current = None
        self._later.clear()
        for exchange in exchanges:
            if exchange is not None:
                exchange.drop()

    # --- reading and writing

    @property
    def is_held(self) -> bool:
        return bool(self._holds)

    def hold(self, reason: str) -> None:
        """Stop reading until every reason to is gone."""
        if not self._holds and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        self._holds.add(reason)

    def release(self, reason: str) -> None:
        if reason not in self._holds:
            return
        self._holds.remove(reason)
        if not self._holds and self._requests is not None:
            self._requests.restart_clock()
        if not self._holds and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if size := self._transport.get_write_buffer_size():
            self._unsent, self._unsent_since = size, self._now()
            self._shared.unsent[self] = size

    def close(self) -> None:
        """End the connection once everything is written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once; what the kernel has taken of an answer is still sent."""
        if self._transport is not None:
            self._transport.abort()

    def give_up(self) -> None:
        """End the connection of a client that does not read: the kernel forgets what it has taken, too."""
        if self._transport is not None:
            if (transport_socket := self._transport.get_extra_info("socket")) is not None:
                transport_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._transport.abort()

    # --- time

    def check(self, now: float) -> None:
        """End what takes too long; called about twice a second."""
        requests, limits = self._requests, self._shared.limits
        if requests is None:
            return
        if self._drain is not None:
            if self._drain.is_over(now):
                self.close()
        elif requests.in_head_since is not None and not self.is_held:
            if now - requests.in_head_since > limits.header_seconds:
                self.refuse(Refused(408, f"the headers did not end within {limits.header_seconds:g} seconds"), None)
        elif self._current is None:
            if now - self._idle_since > limits.idle_seconds:
                self.close()
        else:
            try:
                self._current.check(now)
            except Refused as refused:
                self.refuse(refused, self._current)

    def check_unsent(self, now: float) -> int:
        """Return how many bytes wait to be read by the client; end the connection when it reads none for long."""
        size = 0 if self._transport is None else self._transport.get_write_buffer_size()
        if size < self._unsent:
            self._unsent_since = now
        self._unsent = size
        if size and now - self._unsent_since > self._shared.limits.unread_seconds:
            self.give_up()
            return 0
        return size

    def is_unread_for(self, seconds: float, now: float) -> bool:
        return now - self._unsent_since > seconds

    def stop(self) -> None:
        """End the connection after the current answer, at once without one."""
        if self._current is None:
            self.close()
        else:
            self._current.leave()
