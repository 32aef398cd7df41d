"""The commands of a page of the documents, sent by a test client, and its answers, compared with what came."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

BLOCKS = re.compile(r"```bash\n((?:(?!```).)*)```\n```\n(.*?)```", re.DOTALL)
ESCAPES = {r"\n": b"\n", r"\t": b"\t", r"\r": b"\r"}


def commands_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command whose answer stands below its block, and that answer."""
    for commands, answers in BLOCKS.findall(text):
        yield from zip(commands.strip().splitlines(), answers.strip().splitlines(), strict=True)


def send(client: FlaskClient, command: str) -> TestResponse:
    """Send what a `curl` command sends, which may read what `printf` writes."""
    words = shlex.split(command)
    standard_input = b""
    if words[0] == "printf":
        standard_input, words = _printed(words[1]), words[words.index("|") + 1 :]
    assert words[0] == "curl", command
    method, data, address = "GET", None, ""
    rest = iter(words[1:])
    for word in rest:
        if word.startswith("localhost:8000"):
            address = word.removeprefix("localhost:8000")
        elif word in ("-d", "--data-binary", "-sST"):
            sent = next(rest)
            method, data = "PUT" if word == "-sST" else "POST", standard_input if sent in ("@-", "-") else sent.encode()
        else:
            assert word == "-sS", f"{word} of {command}"
    kind = "application/x-www-form-urlencoded" if method == "POST" else None
    return client.open(address, method=method, data=data, content_type=kind)


def _printed(text: str) -> bytes:
    parts = re.split(r"(\\x[0-9a-f]{2}|\\[ntr])", text)
    return b"".join(
        ESCAPES[part] if part in ESCAPES else bytes([int(part[2:], 16)]) if part.startswith(r"\x") else part.encode()
        for part in parts
    )


def assert_answered(answer: TestResponse, expected: str) -> None:
    """Compare an answer with the line of the page: the error's `detail`, or an object with some of its fields."""
    body = json.loads(answer.text)
    if expected.startswith("{"):
        _assert_part(body, json.loads(expected))
    else:
        assert body.get("detail") == expected, answer.text


def _assert_part(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        for name, value in expected.items():
            _assert_part(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected), found
        for left, right in zip(found, expected, strict=True):
            _assert_part(left, right)
    else:
        assert found == expected
