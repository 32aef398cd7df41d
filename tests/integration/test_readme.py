"""The README's tour is run line by line, so it cannot go stale."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.service import Service

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(mark: str, nth: int = 0) -> str:
    """The nth code block after a comment that begins with `mark`."""
    after = README.split(f"<!-- {mark}:", 1)[1]
    return re.findall(r"```\w*\n(.*?)```", after, re.DOTALL)[nth]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("tour") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the shell finds `curl`: the machine's own, or where it has none a stand-in that knows the tour's flags."""
    if shutil.which("curl"):
        return dict(os.environ)
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "curl"
    script.write_text(f"#!{sys.executable}\n" + (Path(__file__).parent / "curl.py").read_text())
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def run(service: Service, script: str, environment: dict[str, str]) -> list[str]:
    """Run the commands in one shell, as a person would; what each printed."""
    lines = [line for line in script.splitlines() if line.strip() and not line.startswith("#")]
    marked = "\n".join(f"{line}\necho\necho ===" for line in lines).replace(
        "localhost:8000", f"localhost:{service.port}"
    )
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", marked],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ended.returncode == 0, ended.stderr
    answers = [part.strip() for part in ended.stdout.split("===")[:-1]]
    assert len(answers) == len(lines)
    for line, answer in zip(lines, answers, strict=True):
        if line.startswith("curl") and "format=csv" not in line and " -o " not in line:
            assert '"type":"/problems/' not in answer, f"{line}\n{answer}"
            json.loads(answer)
    return answers


def test_every_line_of_the_tour_works(service: Service, environment: dict[str, str]) -> None:
    answers = run(service, block("tour"), environment)
    text = "\n".join(answers)
    assert '"status":"succeeded"' in answers[1]
    assert json.loads(answers[2])["labels"] == ["virginica"]
    assert json.loads(answers[3])["predictions"][0]["species"] == "setosa"
    assert "epoch,training_loss" in text
    assert json.loads(answers[5])["labels"] == ["virginica"]
    assert json.loads(answers[6])["outputs"][1]["data"] == ["virginica"]
    assert json.loads(answers[7])["status"] == "succeeded"
    assert [round(row[0]) for row in json.loads(answers[17])["predictions"]] == [1, 0]
    assert json.loads(answers[20])["status"] == "ready"


def test_the_mistake_is_answered_as_the_readme_says(service: Service, environment: dict[str, str]) -> None:
    command = block("mistake").replace("localhost:8000", f"localhost:{service.port}")
    shown = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(shown)["detail"] == block("mistake", 1).strip()


def test_every_file_the_readme_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
