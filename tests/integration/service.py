"""A real `backprop serve` as a process, for tests that need one."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from service.ops.listening import free_port
from tests.waiting import wait_until

START_SECONDS = 60
DELIVERIES = "workers.deliveries"


class Service:
    """`backprop serve` on a free port; a context that stops it by its process id."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.port = int(settings.pop("BACKPROP_PORT", 0)) or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        self.log = data_dir.parent / f"serve-{self.port}.log"
        outer = {name: value for name, value in os.environ.items() if not name.startswith("BACKPROP_")}
        self.environment = {
            **outer,
            "BACKPROP_DATA_DIR": str(data_dir),
            "BACKPROP_PORT": str(self.port),
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Service":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "service.ops.cli", "serve"]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        try:
            wait_until(self.is_ready, seconds=START_SECONDS, what=f"a service that is ready, see {self.log}")
        except AssertionError:
            self.stop()
            raise AssertionError(self.log.read_text()[-4000:]) from None

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """End it; return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(40)
        finally:
            self.process.kill()

    def is_ready(self) -> bool:
        """Return whether `/readyz` says so; the log is shown when the process has ended."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return bool(self.get("/readyz")["status"] == "ready")
        except OSError:
            return False

    def get(self, path: str) -> Any:
        return self.send("GET", path)[1]

    def post(self, path: str, body: Any) -> Any:
        return self.send("POST", path, body)[1]

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and JSON of an answer, problems included."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def children(self, words: str) -> list[int]:
        """Return the ids of processes below this service whose command line holds `words`."""
        assert self.process is not None
        rows = processes()
        below = {self.process.pid}
        for _ in range(4):
            below |= {pid for pid, parent, _ in rows if parent in below}
        return [pid for pid, _, command in rows if pid in below and words in command]

    def api_processes(self) -> tuple[int, list[int]]:
        """Return the API's parent, a child of the supervisor, and its children; (0, []) while there is none."""
        assert self.process is not None
        rows = processes()
        parents = [
            pid for pid, parent, command in rows if parent == self.process.pid and "service.ops.cli api" in command
        ]
        return max(parents, default=0), [pid for pid, parent, _ in rows if parent in parents]

    def training_processes(self) -> list[int]:
        """Return the ids of the children that train: those of the worker's parent, without the one of deliveries."""
        assert self.process is not None
        rows = processes()
        parents = {pid for pid, parent, command in rows if parent == self.process.pid and "-m workers" in command}
        return [pid for pid, parent, command in rows if parent in parents and DELIVERIES not in command]


def processes() -> list[tuple[int, int, str]]:
    """Return the id, parent and command line of every process, from /proc or else from `ps`."""
    if not Path("/proc/self/stat").exists():
        found = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        return [
            (int(pid), int(parent), command)
            for pid, parent, command in (row.split(None, 2) for row in found.splitlines())
        ]
    rows = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        rows.append((int(folder.name), parent, command))
    return rows
