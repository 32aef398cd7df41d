"""Triton's client and the KServe SDK, unmodified, against a service; and the examples of docs/serving.md with them."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.service import Service
from tests.programs import missing, need

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
SECONDS = 180
ROWS = [[6.0, 3.0, 5.0, 2.0], [5.0, 3.0, 1.0, 0.0]]  # whole numbers, which every datatype holds
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if not PYTHON.exists():
        missing(f"no {PYTHON.relative_to(ROOT)}: make clients")
    with Service(tmp_path_factory.mktemp("clients") / "data") as running:
        _train(running)
        yield running


def _train(service: Service) -> None:
    names = [*NAMES, "species"]
    lines = [line.split(",") for line in (ROOT / "examples" / "iris.csv").read_text().splitlines()[1:]]
    rows = [[*map(float, line[:4]), line[4]] for line in lines]
    training = {"epochs": 20, "seed": 1}
    iris = {"dataset": {"columns": names, "rows": rows}, "model": "iris", "training": training}
    mixed = [[n + 0.5, ("A", "Bé")[n % 2], n % 3 == 0, n * 10.5] for n in range(20)]
    mixed_job = {"dataset": {"columns": ["amount", "plan", "active", "y"], "rows": mixed}, "model": "mixed"}
    for body in (iris, {**mixed_job, "training": training}):
        job = service.post("/v1/jobs?wait=60", body)
        assert job["status"] == "succeeded", job


@pytest.fixture(scope="module")
def given(service: Service) -> dict[str, Any]:
    """What the clients are told: the address, and the native answers for the same rows."""
    native = service.post("/v1/models/iris:predict", {"instances": ROWS})
    early = service.post("/v1/models/iris:predict?epoch=0", {"instances": ROWS})
    table = service.post("/v1/models/mixed:predict", {"instances": [[1.5, "A", True], [2.5, "Bé", False]]})
    return {
        "address": service.address.removeprefix("http://"),
        "url": service.address,
        "rows": ROWS,
        "columns": NAMES,
        "predictions": native["predictions"],
        "labels": native["labels"],
        "early": early["predictions"],
        "mixed": table["predictions"],
    }


def run(program: list[str], given: dict[str, Any]) -> str:
    ended = subprocess.run(
        [str(PYTHON), *program], input=json.dumps(given), capture_output=True, text=True, timeout=SECONDS
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return ended.stdout


@pytest.mark.parametrize("program", ["triton_tour.py", "kserve_tour.py"])
def test_a_client_gets_what_the_native_answers_say(given: dict[str, Any], program: str) -> None:
    run([str(ROOT / "tests" / "clients" / program)], given)


def test_the_commands_of_the_page_are_answered(service: Service, given: dict[str, Any]) -> None:
    need("bash", "curl")
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## Clients of .*?(?=^## )", page, re.DOTALL | re.MULTILINE)
    blocks = [block for section in sections for block in re.findall(r"```bash\n(curl.*?)```", section, re.DOTALL)]
    assert len(sections) == 2 and len(blocks) == 3
    for block in blocks:
        commands = block.replace("curl -sS", "curl -sS --fail-with-body")
        script = f"S={given['address']}\n{commands}"
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=SECONDS
        )
        assert ended.returncode == 0 and "virginica" in ended.stdout, ended.stdout + ended.stderr


def examples() -> list[str]:
    """The Python of the page that needs the clients."""
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return [block for block in blocks if "tritonclient" in block or "kserve" in block]


@pytest.mark.parametrize("number", range(2))
def test_the_examples_of_the_page_run(service: Service, given: dict[str, Any], number: int) -> None:
    assert len(examples()) == 2
    printed = run(["-c", examples()[number].replace("localhost:8000", given["address"])], given)
    assert "virginica" in printed
