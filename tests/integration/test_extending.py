"""The code of docs/extending.md is put into a copy of the service, which then has it everywhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = re.compile(r"<!-- (append|file): (\S+) -->\n```python\n(.*?)```", re.DOTALL)

CHECK = """
import sys
from pathlib import Path

import numpy as np

import service
from docs.generate import PAGE, generated
from service.app import create_app
from service.backprop.inspection.gradient_check import gradient_check
from service.backprop.losses import LOSSES
from service.backprop.training.rows import ArrayRows
from service.backprop.training.loop import train
from service.config import Settings
from service.definitions.build import build_network, build_settings
from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.requests import JobRequest
from service.definitions.resolve import resolve
from service.definitions.validation import check

here = Path.cwd()
assert Path(service.__file__).is_relative_to(here), service.__file__

layers = [
    {"type": "dense", "units": 6, "activation": "mish"},
    {"type": "scale", "start": 0.5},
    {"type": "dense", "units": 1},
]
training = {"optimizer": {"type": "lion", "learning_rate": 0.01}, "epochs": 60, "precision": "float64", "seed": 1}
job = check(JobRequest, {"dataset": "rows", "network": {"layers": layers}, "training": training})
columns = [Column(name, Role.INPUT, ColumnType.NUMBER, -1.0, 1.0) for name in "ab"]
target = Column("y", Role.TARGET, ColumnType.NUMBER, -1.0, 1.0)
table = Table(40, (*columns, target), "float64", 1.0, "0", 960)
resolved = resolve(job.network.definition(), table, job.training, 1, 10_000)
assert resolved.parameters == 18 + 6 + 7

X = np.random.default_rng(1).uniform(-1, 1, (40, 2))
Y = X[:, :1] * X[:, 1:]
network = build_network(resolved.network.normalised(), "float64")
network.initialize(1)
for found in gradient_check(network, LOSSES["mean_squared_error"](), X, Y):
    assert found.largest < 1e-6, found
losses = [run.training_loss[0] for run in train(network, build_settings(resolved.training, None), ArrayRows(X, Y))]
assert losses[-1] < losses[0] / 2, losses

answer = create_app(Settings(data_dir=here / "data", auth="off")).test_client().get("/openapi.json")
page = generated(PAGE.read_text())
for name in ("mish", "scale", "lion"):
    assert f'"{name}"' in answer.text, name
    assert f"| `{name}` |" in page, name
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the service with the page's code in it."""
    folder = tmp_path_factory.mktemp("extended")
    for part in ("service", "docs", "tests/unit/backprop"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for what, path, code in BLOCKS.findall(PAGE):
        file = folder / path
        assert file.exists() == (what == "append")
        file.write_text(file.read_text() + "\n\n" + code if what == "append" else code)
    return folder


def run(folder: Path, *command: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    ended = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]


def test_what_the_page_adds_is_accepted_trained_and_documented(extended: Path) -> None:
    run(extended, "-W", "error", "-c", CHECK)


def test_the_tests_of_gradients_find_it_by_themselves(extended: Path) -> None:
    tests = ["tests/unit/backprop/test_gradients.py", "tests/unit/backprop/test_activations.py"]
    wanted = "quadratic-scale or quadratic-dense or (large_inputs and mish)"
    run(extended, "-m", "pytest", "-p", "no:cacheprovider", *tests, "-k", wanted)


def test_it_is_laid_out_as_the_house_has_it(extended: Path) -> None:
    files = [path for _, path, _ in BLOCKS.findall(PAGE)]
    run(extended, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), *files)
    run(extended, "-m", "ruff", "format", "--check", "--config", str(ROOT / "pyproject.toml"), *files)


def test_the_pages_blocks_are_all_used() -> None:
    assert len(BLOCKS.findall(PAGE)) == PAGE.count("```python") == 3
