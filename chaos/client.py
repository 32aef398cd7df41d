"""The client of a load and its log: every request with its answer, recorded before the answer is used.

The answers in the log are what the service has promised; `chaos.oracle` compares the database with them.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from email.message import Message
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
    """The connection failed; it is not known whether the request was executed."""


@dataclass(frozen=True)
class Entry:
    """One request. `key` is its Idempotency-Key; `status` None says that no answer came.

    `job`, `state`, `attempt` and `epoch` come from an answer about a job; `detail` comes from a problem or a failed
    connection.
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
    """Yield the entries that a log has written to a file."""
    with path.open() as stream:
        for line in stream:
            yield Entry(**json.loads(line))


def over_http(address: str) -> Send:
    """Return a function that sends requests to a service at `http://host:port`, each on a new connection."""
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


class OnOneConnection:
    """Sends requests over one persistent connection, which is opened again after one without an answer."""

    def __init__(self, port: int, timeout_seconds: float) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)

    def __call__(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """Send a request; return the status and the JSON of its answer."""
        status, answer, _ = self.exchange(method, path, body, headers)
        return status, answer

    def exchange(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> tuple[int, Any, Message]:
        """Send a request; return the status, the JSON and the headers of its answer.

        Raises
        ------
        NoAnswer
            When the connection fails, or the answer is not JSON.
        """
        data = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, path, data, {"Content-Type": "application/json", **headers})
            response = self._connection.getresponse()
            return response.status, json.loads(response.read() or b"null"), response.headers
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def in_process(client: Any) -> Send:
    """Return a function that sends requests to an application in this process, through Flask's test client."""

    def send(method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        response = client.open(path, method=method, json=body, headers=dict(headers))
        return response.status_code, response.json if response.data else None

    return send


class Client:
    """Sends and logs requests, and repeats those without an answer with the same key, so that they are executed once.

    It repeats them for `patience_seconds`, or until `cancelled` is set.
    """

    def __init__(self, send: Send, log: Log, patience_seconds: float = 60.0) -> None:
        self.log, self.patience_seconds = log, patience_seconds
        self.cancelled = threading.Event()
        self._send = send

    def once(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer | None:
        """Send one request; return its answer, or None when there was none."""
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            status, answer = self._send(method, path, body, headers)
        except NoAnswer as error:
            self.log.add(Entry(time.time(), method, path, key, None, detail=str(error)))
            return None
        self.log.add(Entry(time.time(), method, path, key, status, **_described(answer)))
        return status, answer

    def until_answered(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer | None:
        """Repeat a request until it has an answer other than 429, 503 or "still under way"; None if it never has."""
        deadline = time.monotonic() + self.patience_seconds
        while True:
            answer = self.once(method, path, body, key)
            if answer is not None and answer[0] not in COME_AGAIN and not (key is not None and answer[0] == 409):
                return answer
            if time.monotonic() >= deadline or self.cancelled.wait(PAUSE_SECONDS):
                return None

    def submit(self, body: dict[str, Any], key: str) -> str | None:
        """Submit a job, which is created once; return its id, or None when it was not acknowledged in time.

        The key is also stored in the job's metadata, by which the oracle finds the job of the request.
        """
        marked = {**body, "metadata": {**body.get("metadata", {}), "key": key}}
        answer = self.until_answered("POST", JOBS, marked, key)
        return str(answer[1]["id"]) if answer is not None and answer[0] in ACKNOWLEDGED else None

    def read(self, job: str) -> dict[str, Any] | None:
        """Return a job as the service answers it; None when there was no answer in time."""
        answer = self.until_answered("GET", f"{JOBS}/{job}")
        return answer[1] if answer is not None and answer[0] == 200 else None

    def move(self, job: str, verb: str, body: Any = None) -> int | None:
        """Send a command to a job; return the answer's status, which is 409 when the job's state does not permit it."""
        answer = self.until_answered("POST", f"{JOBS}/{job}:{verb}", body)
        return None if answer is None else answer[0]


def _described(answer: Any) -> dict[str, Any]:
    """Return the fields of a log entry for an answer about a job or a problem."""
    if not isinstance(answer, dict):
        return {}
    if answer.get("object") == "job":
        at = answer["progress"]["epoch"]
        return {"job": answer["id"], "state": answer["status"], "attempt": answer["attempt"], "epoch": at}
    return {"detail": answer["detail"]} if "detail" in answer else {}
