"""Every command of docs/datasets.md about units and predictions is sent, and answered as the page says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.services import Services
from workers.run.run import run_next_job

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
EXAMPLES = re.findall(r"```bash\n(curl .*?)```\n```\n(.*?)```", PAGE.split("\n## Units\n", 1)[1], re.DOTALL)
COMMAND = re.compile(r"curl -sS 'localhost:8000([^']*)' -d '([^']*)'")


def test_the_commands_are_answered_as_the_page_says(client: FlaskClient, service: Services) -> None:
    assert len(EXAMPLES) == 4
    for commands, answers in EXAMPLES:
        for command, expected in zip(commands.strip().splitlines(), answers.strip().splitlines(), strict=True):
            found = COMMAND.fullmatch(command)
            assert found, command
            address = found[1].replace("?wait=30", "")  # the worker is this process
            answer = client.post(address, data=found[2], content_type="application/x-www-form-urlencoded")
            if address == "/v1/jobs":
                assert run_next_job(service, "test", lambda: False)
            if not expected.startswith("{"):
                assert answer.json.get("detail") == expected, answer.text
                continue
            assert answer.status_code < 300, answer.text
            for name, value in json.loads(expected).items():
                assert_alike(answer.json[name], value)


def assert_alike(found: Any, expected: Any) -> None:
    """Compare an answer with what the page shows of it, which are rounded numbers."""
    if isinstance(expected, list) and isinstance(found, list):
        assert len(found) == len(expected)
        for left, right in zip(found, expected, strict=True):
            assert_alike(left, right)
    elif isinstance(expected, int | float):
        assert found == pytest.approx(expected, abs=0.1)
    else:
        assert found == expected
