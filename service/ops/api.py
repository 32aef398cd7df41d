"""`backprop api`: the processes that answer requests, and their parent, which starts again those that end."""

import gc
import logging
import multiprocessing
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import cast

from service.config import Settings
from service.front.limits import Limits
from service.front.server import serve
from service.ops.listening import address_of
from service.ops.processes import API_PARENT, share_heaps
from service.ops.supervisor import environment_of

APPLICATION = "service.app:from_environment"
PROMPT_PATHS = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready", "/metrics"})
OTHER_THREADS = 8  # beside those in which requests may wait
MOST_CONNECTIONS = 10_000
OTHER_FILES = 256 + Limits.max_spool_files  # of a process, beside connections
RESTART_SECONDS = 0.5
STOP_SECONDS = 10.0

log = logging.getLogger("backprop")


def run_api(settings: Settings) -> None:
    """Answer requests until SIGTERM or SIGINT."""
    environment = {**environment_of(settings, settings.queue_url), API_PARENT: str(os.getpid())}
    for name in set(os.environ) - set(environment):
        del os.environ[name]  # it named a file with a setting, which stands in a variable now
    os.environ.update(environment)
    reserved = _bound(address_of(settings.host), settings.port)
    if multiprocessing.get_start_method() == "fork":
        import_module(APPLICATION.partition(":")[0])  # once, before processes are forked
        gc.freeze()  # collections pass over what is imported: in the processes, and when this one ends, for seconds
    _Parent(settings, reserved).run()


class _Parent:
    """Processes that share a port. Each has a socket of its own where the kernel distributes connections."""

    def __init__(self, settings: Settings, reserved: socket.socket) -> None:
        self._settings = settings
        self._reserved = reserved
        self._is_over = False
        # a byte comes with every signal, so that waiting ends
        self._signalled, waker = socket.socketpair()
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self._waker = waker
        self._processes: list[BaseProcess] = []

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        self._processes = [self._start() for _ in range(self._settings.resolved_api_processes)]
        while not self._is_over:
            wait([self._signalled, *(process.sentinel for process in self._processes)])
            self._replace_ended()
        self._stop()

    def _end(self, *_: object) -> None:
        self._is_over = True

    def _start(self) -> BaseProcess:
        process = multiprocessing.Process(target=_serve, args=(self._settings, self._reserved), name="api")
        process.start()
        return process

    def _replace_ended(self) -> None:
        for place, process in enumerate(self._processes):
            if process.is_alive() or self._is_over:
                continue
            log.warning("API process %s ended with %s; starting another", process.pid, process.exitcode)
            wait([self._signalled], RESTART_SECONDS)
            if not self._is_over:
                self._processes[place] = self._start()

    def _stop(self) -> None:
        for process in self._processes:
            process.terminate()
        until = time.monotonic() + STOP_SECONDS
        for process in self._processes:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                log.warning("API process %s does not stop; killing it", process.pid)
                process.kill()
                process.join()


def _serve(settings: Settings, reserved: socket.socket) -> None:
    """Run one process."""
    share_heaps()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)  # of the parent; the event loop sets its own when it runs
    listener = _bound(*reserved.getsockname()[:2]) if hasattr(socket, "SO_REUSEPORT") else reserved
    module, _, name = APPLICATION.partition(":")
    make = cast(Callable[[], Callable[..., Iterable[bytes]]], getattr(import_module(module), name))
    try:
        serve(make, listener, limits_of(settings), PROMPT_PATHS)
    finally:
        logging.shutdown()  # multiprocessing ends this process without it, and lines may be pending


def limits_of(settings: Settings) -> Limits:
    """Return the bounds of one process; raises its limit on open files."""
    folder = settings.data_dir.absolute() / "blobs" / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    most = settings.max_connections or MOST_CONNECTIONS
    return Limits(
        spool_folder=folder,
        threads=settings.max_waiting_requests + OTHER_THREADS,
        max_connections=min(most, max(16, _raised_file_limit(most + OTHER_FILES) - OTHER_FILES)),
        header_seconds=settings.header_seconds,
        idle_seconds=settings.idle_seconds,
        body_seconds=settings.body_seconds,
        least_rate=settings.least_body_rate,
        max_spooled_bytes=settings.max_spooled_bytes,
        keep_free_bytes=settings.keep_free_bytes,
    )


def _raised_file_limit(wanted: int) -> int:
    """Raise the number of files that this process may open towards `wanted`; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def _bound(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((address, port))
    return listener
