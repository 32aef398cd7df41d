"""Every command of docs/datasets.md is sent, and answered as the page says."""

import json
import re
import shlex
from pathlib import Path

import pytest
from flask.testing import FlaskClient

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
COMMAND = re.compile(r"printf ('(?:[^']*)') \| curl -sS '([^']*)' --data-binary @-")
EXAMPLES = re.findall(r"```bash\n(printf .*?)```\n```\n(.*?)```", PAGE, re.DOTALL)
JOBS = re.findall(r"```bash\ncurl -sS localhost:8000/v1/jobs -d '(.*?)'\n```\n```\n(.*?)\n```", PAGE, re.DOTALL)
ESCAPES = {r"\n": b"\n", r"\t": b"\t", r"\r": b"\r"}


def sent(command: str) -> tuple[bytes, str]:
    """Return what a command sends, and to where."""
    found = COMMAND.fullmatch(command)
    assert found, command
    (text,) = shlex.split(found[1])
    parts = re.split(r"(\\x[0-9a-f]{2}|\\[ntr])", text)
    data = b"".join(
        ESCAPES[part] if part in ESCAPES else bytes([int(part[2:], 16)]) if part.startswith(r"\x") else part.encode()
        for part in parts
    )
    return data, found[2].removeprefix("localhost:8000")


@pytest.mark.parametrize(("commands", "answers"), EXAMPLES)
def test_the_commands_are_answered_as_the_page_says(client: FlaskClient, commands: str, answers: str) -> None:
    pairs = list(zip(commands.strip().splitlines(), answers.strip().splitlines(), strict=True))
    for command, expected in pairs:
        data, address = sent(command)
        answer = client.post(address, data=data, content_type="application/x-www-form-urlencoded").json
        if expected.startswith("{"):
            parts = json.loads(expected)["read"]
            assert {name: answer["read"][name] for name in parts} == parts, answer
        else:
            assert answer.get("detail") == expected, answer


def test_every_command_of_the_section_has_an_answer() -> None:
    section = PAGE.split("## How tables are read", 1)[1]
    assert len(EXAMPLES) >= 9
    assert section.count("printf '") == sum(commands.count("printf '") for commands, _ in EXAMPLES)


def test_jobs_read_their_targets_as_the_page_says(client: FlaskClient) -> None:
    assert len(JOBS) == PAGE.split("## Classes or values")[1].split("\n## ")[0].count("curl") >= 4
    for body, targets in JOBS:
        assert client.post("/v1/jobs", data=body).json.get("targets") == json.loads(targets)
