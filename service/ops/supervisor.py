"""`backprop serve`: starts the processes of the service, restarts those that end, and stops them in order."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from service.access.opening import check_open
from service.config import Settings, is_file_of, to_variables
from service.errors import Misconfigured, OutOfSpace
from service.ops.embedded import data_folder, queue_command, queue_server, socket_path
from service.ops.listening import check_port
from service.ops.processes import die_with_parent
from service.store import shrinking
from service.store.blobs.folder import FolderBlobs
from service.store.connecting import check_connects
from service.store.database import Database
from service.store.migrate import migrate
from service.store.space import MIB, Space

STOP_SECONDS = 15.0
LOOK_SECONDS = 0.2
SETTLED_SECONDS = 10.0  # a process that ran for so long is restarted at once
LONGEST_PAUSE_SECONDS = 5.0
MOST_QUICK_ENDS = 5  # in a row, of a process that never settled: the same would happen again
MISCONFIGURED = 2  # the exit code of a process that has printed why it cannot start
KILLS = (-signal.SIGKILL, -signal.SIGTERM)  # from outside: no reason why the next start should fail
QUEUE_LINE = re.compile(r"\d+:\w \d+ \w+ \d+ [\d:.]+ [.*#-] (?P<words>.*)")  # of Redis and Valkey
# its own levels do not tell a fault from a greeting; advice on the machine begins with WARNING
QUEUE_FAULT = re.compile(r"(?i)(?!WARNING ).*(error|fail|can't|cannot|denied|no space|fatal|abort|crash|out of memory)")
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

log = logging.getLogger("backprop")


@dataclass
class Part:
    """One process that is restarted when it ends. What it prints is logged if it does not write the log itself."""

    name: str
    command: list[str]
    environment: dict[str, str]
    is_needed: bool = True  # whether the service has no use without it
    is_logged: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = field(default=0.1)
    quick_ends: int = 0

    def start(self) -> None:
        parent = os.getpid()
        # a session of its own, so that Ctrl-C reaches only the supervisor, which stops the parts in order
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if self.is_logged else None,
            stderr=subprocess.STDOUT if self.is_logged else None,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent) if sys.platform == "linux" else None,
        )
        self.started_at = time.monotonic()
        if self.is_logged:
            threading.Thread(target=_log_lines, args=(self.process,), name=f"log of {self.name}", daemon=True).start()

    def check(self, over: threading.Event) -> str | None:
        """Restart the process if it has ended, after a pause that grows while it ends early.

        Returns why it is not started again: it is needed, and ends at once whenever it is started.
        """
        if self.process is None or self.process.poll() is None:
            return None
        settled = time.monotonic() - self.started_at > SETTLED_SECONDS
        code = self.process.returncode
        self.quick_ends = 0 if settled else self.quick_ends + (code not in KILLS)
        if self.is_needed and (self.quick_ends >= MOST_QUICK_ENDS or (self.quick_ends and code == MISCONFIGURED)):
            return (
                f"the {self.name} cannot start: {self.quick_ends} time(s) in a row it ended within"
                f" {SETTLED_SECONDS:.0f} s, the last time with exit code {code}; what it printed above says why"
            )
        log.warning("%s (process %d) ended with %s; starting it again", self.name, self.process.pid, code)
        self.pause = 0.1 if settled else min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        if not over.wait(self.pause):
            self.start()
        return None

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


def _log_lines(process: subprocess.Popen[bytes]) -> None:
    """Log what the queue server prints, until it ends."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            text = line.decode(errors="replace").strip()
            found = QUEUE_LINE.fullmatch(text)
            words = found["words"] if found else text
            if words:
                log.log(logging.WARNING if QUEUE_FAULT.match(words) else logging.DEBUG, "queue server: %s", words)


def environment_of(settings: Settings, queue_url: str) -> dict[str, str]:
    """Return the environment of the processes; BLAS computes on one thread, as there are many workers."""
    outer = {name: value for name, value in os.environ.items() if not is_file_of(name)}  # they are read already
    return {
        **outer,
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        "PYTHONUNBUFFERED": "1",
        **to_variables(settings),
        "BACKPROP_QUEUE_URL": queue_url,
    }


class Running:
    """A service that runs: `over` is set when it is stopping, `failure` says why if it stops by itself."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.failure: str | None = None

    def fail(self, reason: str) -> None:
        self.failure = reason
        self.over.set()

    def wait(self, stop: threading.Event) -> None:
        """Wait until `stop` is set; raise `Misconfigured` when the service has stopped by itself."""
        while not stop.wait(LOOK_SECONDS):
            if self.failure is not None:
                raise Misconfigured(self.failure)


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Run the whole service until the block ends."""
    state = Running()
    with ExitStack() as stack:
        stack.enter_context(data_folder(settings.data_dir))
        check_port(settings.host, settings.port)
        database = Database(settings.resolved_database_url)
        _open(settings, database)
        check_open(settings, database)
        database.dispose()
        services = list(_parts(settings, stack))
        ended, turn = threading.Event(), threading.Lock()
        watcher = threading.Thread(target=_watch, args=(services, state, ended, turn), name="watch", daemon=True)
        try:
            for part in services:
                part.start()
            watcher.start()
            yield state
        finally:
            state.over.set()
            with turn:
                _stop(services)
            ended.set()


def _open(settings: Settings, database: Database) -> None:
    """Check that the database can be used, and bring it to this release's schema; the reserve helps on a full disk."""
    folder = settings.data_dir.absolute()
    space = Space(database, FolderBlobs(folder / "blobs"), folder, settings.keep_free_bytes)
    try:
        space.spend(lambda: check_connects(database))
        space.spend(lambda: migrate(database))
    except OutOfSpace:
        raise Misconfigured(
            f"the disk of {folder} is full ({space.free_bytes():,} bytes are free), and the service cannot start: "
            f"free {MIB:,} bytes; once it runs, DELETE frees more"
        ) from None
    shrinking.make_shrinkable(database)
    space.keep_reserve()


def _parts(settings: Settings, stack: ExitStack) -> Iterator[Part]:
    """Yield the queue server if none is configured, the workers and the API."""
    queue_url = settings.queue_url
    server = None if queue_url else queue_server()
    if server:
        socket_file = stack.enter_context(socket_path(settings.data_dir))
        queue_url = f"unix://{socket_file}"
        command = queue_command(server, settings.data_dir, socket_file)
        yield Part("queue server", command, dict(os.environ), is_needed=False, is_logged=True)
    elif not queue_url:
        queue_url = f"filesystem://{settings.data_dir.absolute() / 'queue'}"
        log.warning("no queue server is there for this platform; messages go through files, a second or two slower")
    environment = environment_of(settings, queue_url)
    yield Part("workers", [sys.executable, "-m", "workers"], environment)
    yield Part("API", [sys.executable, "-m", "service.ops.cli", "api"], environment)


def _watch(services: list[Part], state: Running, ended: threading.Event, turn: threading.Lock) -> None:
    """Restart processes that end, until the service stops; run until all of them have ended.

    The kernel kills a process when the thread that started it ends, so this thread must outlive its processes.
    """
    while not ended.wait(LOOK_SECONDS):
        with turn:
            for part in services:
                if not state.over.is_set() and (failure := part.check(state.over)):
                    state.fail(failure)


def _stop(services: list[Part]) -> None:
    """Stop the API first, so that no new job is accepted, and the queue server last."""
    for part in reversed(services):
        part.stop()
