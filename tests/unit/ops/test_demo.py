"""The demo finds its example data, in a checkout and in an installed wheel."""

from pathlib import Path

import pytest

import service
from service.errors import Misconfigured
from service.ops import demo


@pytest.mark.parametrize("name", ["digits.csv", "iris.csv"])
def test_examples_are_found_next_to_the_package(name: str) -> None:
    assert demo._example(name) == Path(service.__file__).parents[1] / "examples" / name


def test_examples_are_found_within_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = tmp_path / "service" / "examples"
    examples.mkdir(parents=True)
    (examples / "digits.csv").write_text("a,b")
    monkeypatch.setattr(service, "__file__", str(tmp_path / "service" / "__init__.py"))
    assert demo._example("digits.csv") == examples / "digits.csv"


def test_a_missing_example_is_an_error_of_the_installation() -> None:
    with pytest.raises(Misconfigured, match=r"nothing\.csv is not installed"):
        demo._example("nothing.csv")
