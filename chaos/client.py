"""The load's client and its log: every request with its answer, recorded before it is used.

The log is what the service has promised; `chaos.oracle` holds the database to it.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

JOBS = "/v1/jobs"
ACKNOWLEDGED = frozenset({201, 202})
COME_AGAIN = frozenset({429, 503})
PAUSE_SECONDS = 0.1
ANSWER_SECONDS = 90.0

Answer = tuple[int, Any]
Send = Callable[[str, str, Any, Mapping[str, str]], Answer]


class NoAnswer(Exception):
    """The connection broke, or there was none; whether the request was done is not known."""


@dataclass(frozen=True)
class Entry:
    """One request. `key` is its Idempotency-Key; `status` None says that no answer came.

    `job`, `state`, `attempt` and `epoch` are what an answer said of a job; `detail` is what a problem or a broken
    connection said.
    """

    at: float
    method: str
    path: str
    key: str | None
    status: int | None
    job: str | None = None
    state: str | None = None
    attempt: int | None = None
    epoch: int | None = None
    detail: str | None = None


class Log:
    """Entries in the order of their answers: in memory, and as lines of JSON in a file if one is named. Thread-safe."""

    def __init__(self, path: Path | None = None) -> None:
        self.path, self._entries, self._turn = path, list[Entry](), threading.Lock()

    def add(self, entry: Entry) -> None:
        with self._turn:
            self._entries.append(entry)
            if self.path is not None:
                with self.path.open("a") as stream:
                    stream.write(json.dumps(asdict(entry)) + "\n")

    @property
    def entries(self) -> tuple[Entry, ...]:
        with self._turn:
            return tuple(self._entries)


def read_log(path: Path) -> Iterator[Entry]:
    """What a log has written to its file."""
    with path.open() as stream:
        for line in stream:
            yield Entry(**json.loads(line))


def over_http(address: str) -> Send:
    """Send to a service at `http://host:port`, on a connection of each request's own."""
    place = urlsplit(address)
    assert place.hostname is not None

    def send(method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_SECONDS)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    return send


def in_process(client: Any) -> Send:
    """Send to an application in this process, by Flask's test client."""

    def send(method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        response = client.open(path, method=method, json=body, headers=dict(headers))
        return response.status_code, response.json if response.data else None

    return send


class Client:
    """Sends, logs, and sends again what was not answered: with the same key, so that it is done once.

    `patience_seconds` is how long it tries; `cancelled` ends its tries early.
    """

    def __init__(self, send: Send, log: Log, patience_seconds: float = 60.0) -> None:
        self.log, self.patience_seconds = log, patience_seconds
        self.cancelled = threading.Event()
        self._send = send

    def once(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer | None:
        """One request; None when no answer came."""
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            status, answer = self._send(method, path, body, headers)
        except NoAnswer as error:
            self.log.add(Entry(time.time(), method, path, key, None, detail=str(error)))
            return None
        self.log.add(Entry(time.time(), method, path, key, status, **_described(answer)))
        return status, answer

    def until_answered(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer | None:
        """Ask until there is an answer other than 429, 503, or that the first try is still under way; None if never."""
        deadline = time.monotonic() + self.patience_seconds
        while True:
            answer = self.once(method, path, body, key)
            if answer is not None and answer[0] not in COME_AGAIN and not (key is not None and answer[0] == 409):
                return answer
            if time.monotonic() >= deadline or self.cancelled.wait(PAUSE_SECONDS):
                return None

    def submit(self, body: dict[str, Any], key: str) -> str | None:
        """Have a job made, once; its id, or None when nobody has acknowledged it in time.

        The key is in the job's metadata, too: by it the oracle finds what became of the request.
        """
        marked = {**body, "metadata": {**body.get("metadata", {}), "key": key}}
        answer = self.until_answered("POST", JOBS, marked, key)
        return str(answer[1]["id"]) if answer is not None and answer[0] in ACKNOWLEDGED else None

    def read(self, job: str) -> dict[str, Any] | None:
        """A job as it now stands; None when no answer came in time."""
        answer = self.until_answered("GET", f"{JOBS}/{job}")
        return answer[1] if answer is not None and answer[0] == 200 else None

    def move(self, job: str, verb: str, body: Any = None) -> int | None:
        """Cancel, pause, resume or step a job; the answer's status. 409 says that the job was elsewhere by then."""
        answer = self.until_answered("POST", f"{JOBS}/{job}:{verb}", body)
        return None if answer is None else answer[0]


def _described(answer: Any) -> dict[str, Any]:
    """What an answer says of a job, or what a problem says."""
    if not isinstance(answer, dict):
        return {}
    if answer.get("object") == "job":
        at = answer["progress"]["epoch"]
        return {"job": answer["id"], "state": answer["status"], "attempt": answer["attempt"], "epoch": at}
    return {"detail": answer["detail"]} if "detail" in answer else {}
