"""Stage `corpus`: the bad input of `tests/integration/test_bad_input.py`, sent to an API in a process of its own.

Each case must get the expected answer, none of them a 5xx, and the process must not need much more memory than before.
"""

import http.client
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from chaos.oracle import Report, Violation
from service.config import Settings, to_variables
from service.ops.listening import free_port
from service.services import Services, open_services
from service.store.migrate import migrate
from tests.integration import test_bad_input
from tests.integration.test_bad_input import LIMITS, Asked
from tests.waiting import wait_until

MIB = 1024 * 1024
MOST_GROWTH_BYTES = 100 * MIB
START_SECONDS = 60.0
ANSWER_SECONDS = 120.0
WRITTEN = "".join(map(chr, range(33, 127))).replace('"', "").replace("<", "").replace(">", "")  # as it is in an address


@dataclass(frozen=True)
class Answer:
    """An answer, with the interface of Flask's test client."""

    status_code: int
    mimetype: str
    data: bytes
    headers: Message

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class OverHttp:
    """A client over HTTP with the methods of Flask's test client that the tests use."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.statuses: list[int] = []

    def open(
        self,
        path: str,
        method: str = "GET",
        data: bytes | None = None,
        content_type: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        sent = {**(headers or {}), **({} if content_type is None else {"Content-Type": content_type})}
        try:
            with suppress(BrokenPipeError):  # what is refused before its body was read has its answer all the same
                connection.request(method, quote(path, safe=WRITTEN), data, sent)
            response = connection.getresponse()
            kind = response.headers.get_content_type()
            answer = Answer(response.status, kind, response.read(), response.headers)
        finally:
            connection.close()
        self.statuses.append(answer.status_code)
        return answer

    def get(self, path: str) -> Answer:
        return self.open(path)

    def put(self, path: str, data: bytes | str, content_type: str) -> Answer:
        return self.open(path, "PUT", data.encode() if isinstance(data, str) else data, content_type)

    def post(self, path: str, json: Any) -> Answer:
        return self.open(path, "POST", _as_json(json), "application/json")


def _as_json(body: Any) -> bytes:
    return json.dumps(body).encode()


@contextmanager
def api(settings: Settings) -> Iterator[tuple[OverHttp, int]]:
    """Start one API process without workers; yield a client and the process id."""
    environment = {**os.environ, **to_variables(settings)}
    command = [sys.executable, "-m", "service.ops.cli", "api"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = OverHttp(settings.port)
    try:
        wait_until(lambda: _answers(client), START_SECONDS, "an API that answers")
        yield client, _child_of(process.pid)
    finally:
        process.terminate()
        process.wait()


def _answers(client: OverHttp) -> bool:
    try:
        return client.open("/readyz").status_code == 200
    except OSError:
        return False


def _child_of(parent: int) -> int:
    """Return the process id of the parent's only child, which answers requests."""
    (child,) = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return int(child)


def memory_of(pid: int, name: str) -> int:
    """Return the resident memory of a process in bytes: `VmRSS` now, `VmHWM` at its peak (Linux)."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines[name].split()[0]) * 1024


def corpora() -> Iterator[Callable[[Asked], None]]:
    """Yield the tests that send something, once for each of their parameters."""
    for name, test in inspect.getmembers(test_bad_input, inspect.isfunction):
        if name.startswith("test_"):
            marks = getattr(test, "pytestmark", [])
            ways = [{mark.args[0]: value} for mark in marks for value in mark.args[1]]
            yield from (partial(test, **way) for way in ways or [{}])


class Counted(Asked):
    """Counts what it has sent."""

    def __init__(self, client: Any, service: Services) -> None:
        super().__init__(client, service)
        self.cases = 0

    def expect(self, *arguments: Any, **more: Any) -> None:
        self.cases += 1
        super().expect(*arguments, **more)


def stage(folder: Path) -> Report:
    """Send the whole corpus to one process."""
    settings = Settings(data_dir=folder, port=free_port(), api_processes=1, **LIMITS)
    services = open_services(settings)
    migrate(services.database)
    with api(settings) as (client, pid):
        before, began = memory_of(pid, "VmRSS"), len(client.statuses)
        asked = Counted(client, services)
        for test in corpora():
            test(asked)
        growth = memory_of(pid, "VmHWM") - before
        faults = [status for status in client.statuses[began:] if status >= 500]
    services.database.dispose()
    found = [*asked.odd, *(f"an answer was {status}" for status in faults)]
    if growth > MOST_GROWTH_BYTES:
        found.append(f"the process took {growth / MIB:.0f} MiB more than before")
    print(f"  the API process took {growth / MIB:.0f} MiB more at most than the {before / MIB:.0f} before", flush=True)
    return Report({"cases of bad input": asked.cases}, tuple(Violation(None, words) for words in found))


def run() -> Report:
    with tempfile.TemporaryDirectory(prefix="bp-corpus-") as folder:
        return stage(Path(folder))
