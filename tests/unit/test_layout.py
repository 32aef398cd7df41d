"""The folders of the unit tests are those of the packages that they test."""

from pathlib import Path

UNIT = Path(__file__).parent
ROOT = UNIT.parent.parent
TOP = ("benchmarks", "docs", "workers")  # packages next to `service`, whose own folders stand here without its name


def test_every_folder_of_unit_tests_is_that_of_a_package() -> None:
    for file in UNIT.rglob("test_*.py"):
        folder = file.parent.relative_to(UNIT)
        package = ROOT / folder if folder.parts[:1] and folder.parts[0] in TOP else ROOT / "service" / folder
        assert package.is_dir(), f"{file.relative_to(ROOT)} tests no package: there is no {package.relative_to(ROOT)}"
