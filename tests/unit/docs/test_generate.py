"""The tables in the documents are those of the code."""

import re

import pytest

from docs.generate import PAGE, REFERENCE, TABLES, generated, reference

PROSE = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_what_make_docs_would_write() -> None:
    assert generated(PROSE) == PROSE, "run `make docs`"


def test_the_table_of_errors_in_the_reference_is_that_of_the_api() -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    assert reference(page) == page, "run `make docs`"
    assert "| 429 | `too-many` |" in page


@pytest.mark.parametrize("kind", list(TABLES))
def test_every_choice_has_a_row_with_words(kind: str) -> None:
    table = re.search(f"<!-- table: {kind} -->\n(.*?)<!-- end -->", PROSE, re.DOTALL)
    assert table is not None
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table[1].splitlines()[2:]]
    assert [row[0].strip() for row in rows] == [f"`{name}`" for name in TABLES[kind]]
    assert all(len(row) == 3 and row[2].strip() for row in rows)
