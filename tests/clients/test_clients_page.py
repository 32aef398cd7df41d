"""The commands and the Python of docs/clients.md and the README are run as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.service import Service

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"<!-- python.*?-->\n```python\n(.*?)```", PAGE, re.DOTALL)
SECONDS = 120


def environment(service: Service) -> dict[str, str]:
    """Where `backprop` is that of this interpreter."""
    folder = service.data_dir.parent / "bin"
    folder.mkdir(exist_ok=True)
    command = folder / "backprop"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m service.ops.cli "$@"\n')
    command.chmod(0o755)
    paths = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": paths, "BACKPROP_URL": service.address, "PYTHONPATH": str(ROOT / "clients/python")}


def run(service: Service, *command: str) -> str:
    """Run a command in a folder that has the examples, as a checkout does, and return what it prints."""
    folder = service.data_dir.parent
    if not (folder / "examples").exists():
        (folder / "examples").symlink_to(ROOT / "examples")
    ended = subprocess.run(
        command, cwd=folder, env=environment(service), capture_output=True, text=True, timeout=SECONDS
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_every_command_of_the_page_works(service: Service) -> None:
    block = re.findall(r"<!-- commands:.*?-->\n```bash\n(.*?)```", PAGE, re.DOTALL)[0]
    said = run(service, "bash", "-euo", "pipefail", "-c", block)
    assert "succeeded: model iris, version" in said and said.rstrip().splitlines()[-1].startswith("job_")
    assert (service.data_dir.parent / "predicted.csv").read_text().startswith("species,")


def test_the_program_of_the_readme_works(service: Service) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"<!-- program:.*?-->\n```python\n(.*?)```", page, re.DOTALL)
    assert "['virginica']" in run(
        service, sys.executable, "-c", program.replace("http://localhost:8000", service.address)
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "['virginica']"), (1, "(150, 3)"), (2, "did you mean `learning_rate`?"), (3, "hidden_layer_sizes")],
)
def test_every_program_of_the_page_works(service: Service, number: int, said: str) -> None:
    assert len(PROGRAMS) == 4
    assert said in run(service, sys.executable, "-c", PROGRAMS[number])
