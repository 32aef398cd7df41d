"""The client installed by pip on its own, and within what the service is installed as, which has its pages, too."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.integration.service import Service

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "clients" / "python"
MODULES = {f"backprop_client/{file.name}" for file in (PACKAGE / "backprop_client").glob("*.py")}
TEMPLATES = {
    f"service/api/documentation/templates/{file.name}"
    for file in (ROOT / "service" / "api" / "documentation" / "templates").iterdir()
}
TOUR = """
import sys
from backprop_client import Client
client = Client(sys.argv[1])
client.datasets.upload(sys.argv[2], name="packaged")
client.jobs.wait(client.jobs.create("packaged", model="packaged", training={"epochs": 20}))
print(client.models.predict("packaged", [[5.9, 3.0, 5.1, 1.8]]).labels, {"numpy", "service"} & set(sys.modules))
"""


@pytest.mark.long
def test_pip_installs_the_client_into_an_empty_environment(service: Service, tmp_path: Path) -> None:
    """It needs the package index, as `make setup` does."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "empty"], check=True)
    python = tmp_path / "empty" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", PACKAGE], check=True)
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    names = {line.partition("==")[0] for line in listed.stdout.splitlines()} - {"pip", "setuptools"}
    assert {name.partition(" ")[0] for name in names} == {"backprop-client", "urllib3"}
    command = [python, "-c", TOUR, service.address, ROOT / "examples" / "iris.csv"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.stdout == "['virginica'] set()\n", ended.stderr


def test_the_wheel_of_the_service_has_the_client_and_the_templates_of_pages(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert MODULES | {"backprop_client/py.typed", "service/ops/client/commands.py"} <= names
    assert len(TEMPLATES) > 5 and names >= TEMPLATES
