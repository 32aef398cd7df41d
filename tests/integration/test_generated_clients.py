"""Clients generated from /openapi.json: nothing is dropped, they compile, and they do the README's tour alone."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import TYPESCRIPT, generators, node, npm_package
from tests.integration.service import Service

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests" / "clients"
CONFIGURATION = CLIENTS / "openapi-python-client.yaml"
SECONDS = 300
METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("generated") / "data"
    with Service(data, BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1") as running:
        yield running


@pytest.fixture(scope="module")
def document(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service's own OpenAPI document, as a file."""
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_text(json.dumps(service.get("/openapi.json")))
    return file


@pytest.fixture(scope="module")
def given(service: Service) -> str:
    """What the tours are given on standard input; from here on the service asks for the key."""
    key = service.post("/v1/keys", {"name": "tour", "scopes": ["read", "predict", "train"]})["key"]
    csv = (ROOT / "examples" / "iris.csv").read_text()
    return json.dumps({"url": service.address, "key": key, "csv": csv})


def operations(document: Path) -> set[str]:
    paths: dict[str, dict[str, Any]] = json.loads(document.read_text())["paths"]
    return {of[method]["operationId"] for of in paths.values() for method in METHODS if method in of}


def run(*command: str | Path, given: str = "", **settings: str) -> str:
    """Run a command; return what it printed."""
    ended = subprocess.run(
        [str(word) for word in command],
        input=given,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def python_client(document: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package that openapi-python-client writes, without one warning."""
    programs, folder = generators(), tmp_path_factory.mktemp("python")
    written = ["--output-path", folder / "backprop_api", "--config", CONFIGURATION, "--meta", "none"]
    path = f"{programs}:{os.environ['PATH']}"  # it calls ruff
    run(programs / "openapi-python-client", "generate", "--path", document, *written, "--fail-on-warning", PATH=path)
    return folder


def test_openapi_python_client_generates_every_operation(document: Path, python_client: Path) -> None:
    modules = {file.stem for file in (python_client / "backprop_api" / "api").glob("*/*.py")} - {"__init__"}
    assert modules == operations(document)


def test_every_module_that_openapi_python_client_generates_is_imported(python_client: Path) -> None:
    script = (
        "import importlib, pkgutil, backprop_api\n"
        "found = [each.name for each in pkgutil.walk_packages(backprop_api.__path__, 'backprop_api.')]\n"
        "for name in found: importlib.import_module(name)\n"
        "print(len(found))"
    )
    assert int(run(generators() / "python", "-c", script, PYTHONPATH=str(python_client))) > 400


def test_the_tour_with_openapi_python_client_is_typed_and_done(python_client: Path, given: str) -> None:
    tour = CLIENTS / "generated_tour.py"
    cache = python_client / "cache"
    # silent: a field called `types` shadows the module of that name in what is generated, which harms the types alone
    strict = ["--strict", "--follow-imports=silent", "--config-file", os.devnull, "--cache-dir", cache]
    run(generators() / "mypy", *strict, tour, MYPYPATH=str(python_client))
    assert run(generators() / "python", tour, given=given, PYTHONPATH=str(python_client)) == "done\n"


def test_the_tour_with_openapi_typescript_is_typed_and_done(document: Path, given: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(TYPESCRIPT / "tour.ts", tmp_path)
    schema = tmp_path / "schema.ts"  # no `.d.ts`, which is not checked
    generator = npm_package("openapi-typescript") / "bin" / "cli.js"
    said = run(node(), generator, document, "--output", schema, "--default-non-nullable", "false", NO_COLOR="1")
    assert len(said.strip().splitlines()) == 2, said  # its name and what it wrote: each warning is a line more
    generated = schema.read_text().partition("export interface operations {")[2]
    assert set(re.findall(r"^    (\w+): \{$", generated, re.MULTILINE)) == operations(document)
    compiler = npm_package("typescript") / "bin" / "tsc"
    flags = ["--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"]
    types = ["--types", "node", "--typeRoots", npm_package("@types")]
    run(node(), compiler, *flags, *types, "--outDir", tmp_path / "compiled", tmp_path / "tour.ts")
    assert run(node(), tmp_path / "compiled" / "tour.js", given=given) == "done\n"
