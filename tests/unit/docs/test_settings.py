"""Every setting has a row in the reference, with its default, and the documents name no others but those of clients."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from service.config import OF_CLIENTS, PREFIX, Settings

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", ROOT / "docker-compose.yml", *sorted((ROOT / "docs").glob("*.md"))]
ROW = re.compile(r"^\| `(BACKPROP_\w+)` \| (.*?) ?\| ", re.MULTILINE)
VARIABLE = re.compile(r"\bBACKPROP_[A-Z][A-Z_]*[A-Z]\b")
DEFAULTS = {PREFIX + field.name.upper(): field.default for field in fields(Settings)}


def shown(default: object, variable: str) -> str:
    """Return how the reference writes a default."""
    if isinstance(default, Path):
        return f"./{default}"
    if not isinstance(default, int | float) or variable.endswith("_PORT"):
        return str(default)
    if variable.endswith("_BYTES"):
        mib = default / 1024**2
        return f"{mib:.0f} MiB" if mib < 1024 else f"{mib / 1024:.0f} GiB"
    return f"{default:,.0f}"


def test_every_setting_has_one_row_in_the_reference_with_its_default() -> None:
    rows = ROW.findall((ROOT / "docs" / "reference.md").read_text(encoding="utf-8"))
    assert sorted(name for name, _ in rows) == sorted(DEFAULTS)
    assert dict(rows) == {variable: shown(default, variable) for variable, default in DEFAULTS.items()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_a_setting_that_there_is_not(document: Path) -> None:
    named = {variable.removesuffix("_FILE") for variable in VARIABLE.findall(document.read_text(encoding="utf-8"))}
    assert named <= {*DEFAULTS, *OF_CLIENTS}
