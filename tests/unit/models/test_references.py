"""What stands for a version in a path: a number, or the name of an alias."""

import pytest

from service.errors import NotFound
from service.models.references import wanted_version


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1", 1), ("007", 7), ("champion", "champion"), ("a", "a"), ("v1.2_b-c", "v1.2_b-c"), ("x" * 64, "x" * 64)],
)
def test_digits_are_a_number_and_other_names_an_alias(text: str, wanted: int | str) -> None:
    assert wanted_version(text) == wanted


@pytest.mark.parametrize("text", ["", "latest", "-1", "1a", "1.0", "A", "é", "x" * 65, "1234567890", "٣", "a b", "a\n"])
def test_anything_else_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match=r"number or an alias|is no alias"):
        wanted_version(text)
