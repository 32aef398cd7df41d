"""Every command of docs/datasets.md whose answer is shown is sent, and answered as the page says.

Those from "Units" on need a trained model: see `test_predictions_page`.
"""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.page_commands import assert_answered, commands_of, send

pytestmark = POSTGRESQL_IS_LONG

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
WITHOUT_MODELS = tuple(SECTIONS)[: tuple(SECTIONS).index("Units")]


@pytest.mark.parametrize("title", WITHOUT_MODELS)
def test_the_commands_are_answered_as_the_page_says(client: FlaskClient, title: str) -> None:
    found = list(commands_of(SECTIONS[title]))
    assert found, title
    for command, expected in found:
        assert_answered(send(client, command), expected)


def test_every_command_that_needs_no_file_has_an_answer() -> None:
    without_files = [
        line
        for line in PAGE.splitlines()
        if line.startswith(("printf '", "curl -")) and not re.search(r"-sST \w|file=@", line)
    ]
    assert without_files == [command for command, _ in commands_of(PAGE)]
    assert len(without_files) > 45


def test_the_table_of_contents_leads_to_every_section() -> None:
    linked = re.findall(r"\]\(#([\w-]+)\)", PAGE.split("\n## ", 1)[0])
    headings = [
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in re.findall(r"^##+ (.*)$", PAGE, re.M)
    ]
    assert linked == headings
