"""The event loop of one process: its listener, the time limits of its connections, and an orderly end."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec

from service.front.answers import Application
from service.front.connection import Connection
from service.front.limits import SWEEP_SECONDS, Limits
from service.front.shared import Shared

BACKLOG = 4096
UNSENT_BYTES = 128 * 1024
SWITCH_SECONDS = 0.001  # the event loop waits for busy threads so long at a time
TOGETHER = 50  # connections checked at once
UNREAD_SECONDS = 2.0  # after which an answer that is not being read may be given up when memory is short


class Sweeper:
    """Checks the time limits of all connections."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def run(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._shared.set_date()
            for number, connection in enumerate(list(self._shared.connections)):
                if number % TOGETHER == 0:
                    await asyncio.sleep(0)  # others are served in between, when thousands have to be answered
                connection.check(self._shared.loop.time())
            self._check_unsent(self._shared.loop.time())

    def _check_unsent(self, now: float) -> None:
        """Bound the bytes of answers that wait for clients to read them."""
        shared = self._shared
        sizes = {connection: connection.check_unsent(now) for connection in list(shared.unsent)}
        shared.unsent.clear()
        shared.unsent.update({connection: size for connection, size in sizes.items() if size})
        total = sum(shared.unsent.values())
        for connection, size in sorted(shared.unsent.items(), key=lambda item: item[1], reverse=True):
            if total > shared.limits.max_unsent_bytes and connection.is_unread_for(UNREAD_SECONDS, now):
                connection.give_up()
                total -= size

    async def stop(self) -> None:
        """Let requests that have begun end, for a while; end the others."""
        shared = self._shared
        shared.is_stopping = True
        for connection in list(shared.connections):
            connection.stop()
        until = shared.loop.time() + shared.limits.stop_seconds
        while shared.connections and shared.loop.time() < until:
            await asyncio.sleep(0.02)
        for connection in list(shared.connections):
            connection.give_up()
        await asyncio.sleep(0.02)  # in which the event loop ends them


async def _serve(
    make: Callable[[], Application], listener: socket.socket, limits: Limits, prompt_paths: frozenset[str]
) -> None:
    loop = asyncio.get_running_loop()
    sys.setswitchinterval(SWITCH_SECONDS)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    shared = Shared(make(), limits, prompt_paths)
    sweeper = Sweeper(shared)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        # the kernel takes little of an answer that its client does not read, so little more of it is made
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    accepting = await loop.create_server(lambda: Connection(shared), sock=listener, backlog=BACKLOG)
    sweeping = asyncio.create_task(sweeper.run())
    waiting = asyncio.create_task(over.wait())
    await asyncio.wait({sweeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    accepting.close()
    if not sweeping.done():
        await sweeper.stop()
    shared.stop()
    waiting.cancel()
    sweeping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sweeping


def serve(
    make: Callable[[], Application],
    listener: socket.socket,
    limits: Limits,
    prompt_paths: frozenset[str] = frozenset(),
) -> None:
    """Serve the application that `make` returns until SIGTERM or SIGINT. The socket is bound and need not listen.

    `prompt_paths` are answered by threads of their own, so that they never wait for other requests.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(make, listener, limits, prompt_paths))


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's event loop where there is one, else asyncio's, which is slower."""
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
