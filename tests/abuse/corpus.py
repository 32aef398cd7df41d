"""All cases of this folder as requests to one running service: what each sends, and how it has to be answered."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.stage_corpus import OverHttp
from service.services import Services
from tests.abuse import bodies, reading, stored, test_newcomers, test_predictions

FOLDER = Path(__file__).parent
SIZE = 50_000  # bytes of a body that may have any
HOST = "Host: 127.0.0.1\\r\\n"
SECONDS = 30.0
MOST_ANSWERED = 20 * 1024  # bytes of a refusal, headers included


@dataclass(frozen=True)
class Attack:
    """One case: its name, what sends it, and the statuses that answer it, `x` for any digit."""

    name: str
    send: Callable[[], "Answered"]
    expected: str
    fragments: tuple[str, ...] = ()

    def odd(self, answered: "Answered") -> str | None:
        """Say what is wrong with an answer, if anything is."""
        got = " ".join(map(str, answered.statuses)) or "-"
        fits = len(got) == len(self.expected) and all(
            want in ("x", have) for want, have in zip(self.expected, got, strict=True)
        )
        refused = all(status >= 400 for status in answered.statuses)
        if any(status >= 500 for status in answered.statuses) or not fits:
            return f"{self.name}: {got} and not {self.expected}: {answered.text[:300]}"
        if refused and answered.size > MOST_ANSWERED * max(1, len(answered.statuses)):
            return f"{self.name}: a refusal of {answered.size:,} bytes"
        if missing := [part for part in self.fragments if part not in answered.text]:
            return f"{self.name}: lacks {missing}: {answered.text[:300]}"
        return None


@dataclass(frozen=True)
class Answered:
    """What came back: the statuses, the bytes in all, and the text."""

    statuses: tuple[int, ...]
    size: int
    text: str


@dataclass
class Sender:
    """Sends cases to one process of the API; `words` in braces stand for what is only known now."""

    client: OverHttp
    words: dict[str, str] = field(default_factory=dict)

    def request(
        self, method: str, path: str, body: Callable[[], bytes], kind: str | None, headers: dict[str, str]
    ) -> Answered:
        data = body()
        answer = self.client.open(
            self._filled(path),
            method=method,
            data=data or None,
            content_type=kind,
            headers={name: self._filled(value) for name, value in headers.items()},
        )
        size = len(answer.data) + sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
        detail = answer.json.get("detail", "") if answer.mimetype.endswith("problem+json") else ""
        return Answered((answer.status_code,), size, detail)

    def raw(self, data: bytes) -> Answered:
        """Send bytes and the end of the stream; return all that comes until the server ends it."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.client.port), SECONDS) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    answer += piece
            except (BrokenPipeError, ConnectionResetError):
                pass  # the answer came before the rest was read
        heads = answer.split(b"HTTP/1.1 ")[1:]
        return Answered(tuple(int(head[:3]) for head in heads), len(answer), answer.decode("latin-1"))

    def _filled(self, text: str) -> str:
        for word, value in self.words.items():
            text = text.replace(word, value)
        return text


def store(client: Any, services: Services) -> str:
    """Store all that cases name; return the id of the job that JOB stands for."""
    job = stored.store(client, services)
    answer = client.put("/v1/datasets/prices", data=test_newcomers.PRICES, content_type="text/csv")
    assert answer.status_code == 201, answer.text
    test_predictions.train(client, services)
    return job


def attacks(sender: Sender, keyed: Sender) -> Iterator[Attack]:
    """Yield all cases; those of keys are for the process that asks for them."""
    yield from _written(sender, "requests.txt", exact=True)
    yield from _written(keyed, "keys.txt", exact=True)
    yield from _written(sender, "refusals.txt", exact=False)
    yield from _sockets(sender)
    yield from _tables(sender)
    yield from _mistakes(sender)


def _written(sender: Sender, name: str, exact: bool) -> Iterator[Attack]:
    """Yield the cases of a file; bodies are smaller than where their answers are tested."""
    for case in bodies.cases(FOLDER / name):

        def send(case: bodies.Case = case) -> Answered:
            kind = case.media_type if case.template else None
            return sender.request(case.method, case.path, lambda: case.body(SIZE), kind, case.headers)

        fragments = tuple(case.fragments) if exact else ()
        expected = case.status if exact else "xxx"
        yield Attack(f"{name} {case.line}: {case.title}", send, expected, fragments)


def _sockets(sender: Sender) -> Iterator[Attack]:
    for line, title, template, expected in sockets():
        data = bodies.written_out(template, 0)
        yield Attack(f"sockets.txt {line}: {title}", lambda data=data: sender.raw(data), expected)  # type: ignore[misc]


def sockets() -> Iterator[tuple[int, str, str, str]]:
    """Yield line, title, template and statuses of each case of `sockets.txt`."""
    line = 1
    for paragraph in (FOLDER / "sockets.txt").read_text(encoding="utf-8").split("\n\n"):
        lines = paragraph.strip("\n").split("\n")
        if len(lines) == 3 and lines[0].startswith("# "):
            yield line, lines[0][2:], lines[1].replace("HOST", HOST).replace("\\r", "\\x0d"), lines[2]
        line += paragraph.count("\n") + 2


def _tables(sender: Sender) -> Iterator[Attack]:
    for number, case in enumerate(reading.cases()):
        path = f"/v1/datasets/t{number}?{case.query.replace(' ', '&')}"

        def send(case: reading.Case = case, path: str = path) -> Answered:
            return sender.request("PUT", path, lambda: case.data, case.media_type, {})

        yield Attack(f"tables {case.theme}: {case.title}", send, case.refusal or "20x")


def _mistakes(sender: Sender) -> Iterator[Attack]:
    """Yield the mistakes of newcomers, and the predictions."""
    json = "application/json"
    for each in test_newcomers.cases():
        yield Attack(
            f"newcomers.txt {each.line}",
            lambda each=each: sender.request(each.method, each.path, each.body.encode, json, {}),  # type: ignore[misc]
            str(each.status),
        )
    for case in test_predictions.cases():
        model, _, query = case.model.partition("?")
        kind = json if case.body.startswith("{") else "text/csv"
        path = f"/v1/models/{model}:predict?{query}"
        yield Attack(
            f"predictions.txt {case.line}",
            lambda case=case, path=path, kind=kind: sender.request("POST", path, case.body.encode, kind, {}),  # type: ignore[misc]
            case.status,
        )
