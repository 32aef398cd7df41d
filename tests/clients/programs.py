"""Where the programs are that the tests of clients run: `tests.programs` says what happens without one."""

import shutil
from pathlib import Path

from tests.programs import missing

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "javascript" / "backprop.js"
TYPESCRIPT = Path(__file__).parent / "typescript"


def node() -> str:
    """Return Node's path."""
    return shutil.which("node") or missing("Node is missing: `apt-get install -y --no-install-recommends nodejs`")


def npm_package(name: str) -> Path:
    """Return the folder of an installed package of tests/clients/typescript."""
    folder = TYPESCRIPT / "node_modules" / name
    return folder if folder.exists() else missing(f"no {folder.relative_to(ROOT)}: make generators")


def generators() -> Path:
    """Return the folder of the programs of requirements/generators.txt."""
    folder = ROOT / ".venv-generators" / "bin"
    return folder if folder.exists() else missing(f"no {folder.relative_to(ROOT)}: make generators")
