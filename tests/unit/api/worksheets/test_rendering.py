"""Worksheets as Markdown and as pages: names are text, nothing is loaded, and the key can be left out."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from service.api.worksheets import markdown, page
from service.api.worksheets.sheets import sheet_of
from service.definitions.columns import ColumnType
from service.explain.worksheet_answers import WorksheetAnswer
from service.explain.worksheets import worksheet_of
from service.preprocessing.fitted_columns import InputColumn, TargetColumn
from tests.unit.explain.steps import dense, step_of
from tests.unit.explain.test_claims import example

EVIL = "<script>alert(1)</script>|[a](b)"


def with_names(with_key: bool = True) -> WorksheetAnswer:
    step = example()
    inputs = (InputColumn(EVIL, ColumnType.NUMBER), InputColumn("x" * 10_000, ColumnType.NUMBER))
    preprocessing = replace(step.subject.preprocessing, inputs=inputs, targets=(TargetColumn("a & b"),))
    step = replace(step, subject=replace(step.subject, preprocessing=preprocessing))
    return worksheet_of(step, ["delta", "gradients"], with_key)


class Parsed(HTMLParser):
    """The elements of a page, its attributes and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_with_markup_are_text_on_the_page() -> None:
    shown = Parsed(page.render(sheet_of(with_names())))
    assert "script" not in shown.elements and f"input 1 ({EVIL})" in shown.text and "output 1 (a & b)" in shown.text
    assert not {"src", "href", "style"} & {name for name, _ in shown.attributes}
    assert "x" * 61 not in shown.text and "(10,000 characters)" in shown.text


def test_names_with_markup_are_text_in_markdown() -> None:
    written = markdown.write(sheet_of(with_names()))
    assert "<script>" not in written and "[a](b)" not in written
    rows = [line for line in written.splitlines() if "script" in line]
    assert rows and all(len(re.findall(r"(?<!\\)\|", row)) in (3, 4) for row in rows)


def test_the_policy_allows_the_style_of_the_page_alone() -> None:
    source = page.render(sheet_of(with_names()))
    assert page.policy().startswith("default-src 'none'") and "unsafe" not in page.policy()
    assert source.count("<style>") == 1 and f"<style>{page.style()}</style>" in source
    assert "@media print" in page.style() and "url(" not in page.style() and "@import" not in page.style()


@pytest.mark.parametrize("format", [page.render, markdown.write])
def test_the_key_is_at_the_end_or_left_out(format: object) -> None:
    assert callable(format)
    with_key, without = (format(sheet_of(with_names(key))) for key in (True, False))
    before, _, key = with_key.partition("Key")
    assert "-0.0968801" in key and "-0.0968801" not in before and "(-0.0968801) * 0.7" in key.replace("&#39;", "'")
    assert "Key" not in without and "-0.0968801" not in without
    for number in range(1, 13):
        assert f"({number})" in before and f"({number})" in without


def test_wide_tables_are_written_in_parts() -> None:
    step = step_of([dense(12, "tanh"), dense(1, "linear")], [[0.5]], [[1]])
    sheet = sheet_of(worksheet_of(step, ["gradients"], True))
    weights = next(part for part in sheet.tasks if part.title == "Gradients of the weights of layer 1")
    assert [len(table.head) for table in weights.tables] == [5, 5, 2]
    numbers = [cell.blank for table in weights.tables for _, cells in table.lines for cell in cells]
    first = numbers[0] or 0
    assert numbers == list(range(first, first + 12))
    assert weights.tables[-1].head == ["to hidden 11", "to hidden 12"]


def test_blanks_stand_where_their_units_and_rows_are() -> None:
    sheet = sheet_of(worksheet_of(example(2), ["delta", "gradients"], True))
    by_title = {part.title: part.tables[0] for part in sheet.tasks}
    delta = by_title["Delta of layer 1"]
    assert delta.head == ["row 1", "row 2"] and [name for name, _ in delta.lines] == ["hidden 1", "hidden 2"]
    solutions = {solution.number: solution.of for solution in sheet.key}
    blanks = np.array([[cell.blank for cell in cells] for _, cells in delta.lines])
    assert [solutions[number] for number in blanks[:, 0]] == ["delta of hidden 1", "delta of hidden 2"]
    assert blanks[0, 1] == blanks[0, 0] + 2  # row 2 is computed behind both units of row 1
    weights = by_title["Gradients of the weights of layer 1"]
    assert weights.head == ["to hidden 1", "to hidden 2"] and [name for name, _ in weights.lines] == [
        "input 1",
        "input 2",
    ]
    assert solutions[weights.lines[1][1][0].blank or 0] == "dC/dw of input 2 -> hidden 1"
