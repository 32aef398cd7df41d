"""`backprop serve`: starts the processes of the service, restarts those that end, and stops them in order."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from service.config import Settings, to_variables
from service.errors import Misconfigured
from service.ops.embedded import data_folder, queue_command, queue_server, socket_path
from service.ops.processes import die_with_parent
from service.store.database import Database
from service.store.migrate import migrate

STOP_SECONDS = 15.0
SETTLED_SECONDS = 10.0  # a process that ran for so long is restarted at once
LONGEST_PAUSE_SECONDS = 5.0
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

log = logging.getLogger("backprop")


@dataclass
class Part:
    """One process that is restarted when it ends."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = field(default=0.1)

    def start(self) -> None:
        parent = os.getpid()
        # a session of its own, so that Ctrl-C reaches only the supervisor, which stops the parts in order
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent) if sys.platform == "linux" else None,
        )
        self.started_at = time.monotonic()

    def check(self, over: threading.Event) -> None:
        """Restart the process if it has ended, after a pause that grows while it ends early."""
        if self.process is None or self.process.poll() is None:
            return
        ran_seconds = time.monotonic() - self.started_at
        log.warning(
            "%s (process %d) ended with %s; starting it again", self.name, self.process.pid, self.process.returncode
        )
        self.pause = 0.1 if ran_seconds > SETTLED_SECONDS else min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        if not over.wait(self.pause):
            self.start()

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if the process does not end in time."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("%s (process %d) does not stop; killing it", self.name, self.process.pid)
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def environment_of(settings: Settings, queue_url: str) -> dict[str, str]:
    """Return the environment of the processes; BLAS computes on one thread, as there are many workers."""
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        "PYTHONUNBUFFERED": "1",
        **to_variables(settings),
        "BACKPROP_QUEUE_URL": queue_url,
    }


@contextmanager
def running(settings: Settings) -> Iterator[threading.Event]:
    """Run the whole service until the block ends; the event is set when the service is stopping."""
    settings.check_listening()
    over = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(data_folder(settings.data_dir))
        check_port(settings.host, settings.port)
        migrate(Database(settings.resolved_database_url))
        services = list(_parts(settings, stack))
        ended, turn = threading.Event(), threading.Lock()
        watcher = threading.Thread(target=_watch, args=(services, over, ended, turn), name="watch", daemon=True)
        try:
            for part in services:
                part.start()
            watcher.start()
            yield over
        finally:
            over.set()
            with turn:
                _stop(services)
            ended.set()


def _parts(settings: Settings, stack: ExitStack) -> Iterator[Part]:
    """Yield the queue server if none is configured, the workers and the API."""
    queue_url = settings.queue_url
    server = None if queue_url else queue_server()
    if server:
        socket_file = stack.enter_context(socket_path(settings.data_dir))
        queue_url = f"unix://{socket_file}"
        yield Part("queue server", queue_command(server, settings.data_dir, socket_file), dict(os.environ))
    elif not queue_url:
        queue_url = f"filesystem://{settings.data_dir.absolute() / 'queue'}"
        log.warning("no queue server is there for this platform; messages go through files, a second or two slower")
    environment = environment_of(settings, queue_url)
    yield Part("workers", [sys.executable, "-m", "workers"], environment)
    yield Part("API", [sys.executable, "-m", "service.ops.cli", "api"], environment)


def _watch(services: list[Part], over: threading.Event, ended: threading.Event, turn: threading.Lock) -> None:
    """Restart processes that end, until the service stops; run until all of them have ended.

    The kernel kills a process when the thread that started it ends, so this thread must outlive its processes.
    """
    while not ended.wait(0.2):
        with turn:
            for part in services:
                if not over.is_set():
                    part.check(over)


def _stop(services: list[Part]) -> None:
    """Stop the API first, so that no new job is accepted, and the queue server last."""
    for part in reversed(services):
        part.stop()


def check_port(host: str, port: int) -> None:
    """Raise `Misconfigured` when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Misconfigured(f"cannot listen on {host}:{port}: {error.strerror}; use another --port") from None


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
