"""docs/architecture.md: every path and every function that the page names exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLACE = re.compile(r"`([\w/.-]+\.(?:py|md|toml|yml)|[\w/-]+/)(?::([A-Za-z_][\w.]*))?`")
LONGEST_READ_FIRST = 200  # lines


def places() -> list[tuple[str, str | None]]:
    """Return each (path, dotted name or None) that stands on the page in backticks, once."""
    return sorted({(found[1], found[2]) for found in PLACE.finditer(PAGE)}, key=str)


def section(title: str) -> str:
    """Return the text of the page's section with this title."""
    return re.split(r"^## ", PAGE.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def defines(tree: ast.AST, name: str) -> bool:
    """Whether a module defines a function, a class, a method or a module variable of this dotted name."""
    first, _, rest = name.partition(".")
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == first:
            return not rest or defines(node, rest)
        if isinstance(node, ast.Assign | ast.AnnAssign) and not rest:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == first for target in targets):
                return True
    return False


@pytest.mark.parametrize(("path", "name"), places())
def test_what_the_page_names_exists(path: str, name: str | None) -> None:
    assert (ROOT / path).exists(), f"there is no {path}"
    if name is not None:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert defines(tree, name), f"{path} defines no {name}"


def test_the_tree_lists_every_room() -> None:
    drawn = set(re.findall(r"^\s*([a-z_]+)/ ", section("The tree"), flags=re.M))
    rooms = {path.parent.name for path in (ROOT / "service").rglob("__init__.py")} - {"service"}
    assert rooms <= drawn, f"not drawn: {sorted(rooms - drawn)}"


def test_the_files_to_read_first_are_ten_and_short() -> None:
    listed = [path for path, _ in (match.groups() for match in PLACE.finditer(section("Ten files to read first")))]
    assert len(listed) == 10
    for path in listed:
        count = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        assert count < LONGEST_READ_FIRST, f"{path} has {count} lines"
