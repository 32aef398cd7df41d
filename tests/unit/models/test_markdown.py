"""Text of clients in Markdown stays text: no markup, no link, no HTML, no further cell or line."""

import pytest
from markdown_it import MarkdownIt

from service.models.markdown import code, table, text

HOSTILE = [
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "https://evil.example and www.evil.example",
    "a | b | c",
    "`code` and **bold** and _it_ and ~~no~~",
    "# heading",
    "&lt;b&gt; &amp;",
    "one\n\n# two\r\n- three\u2028four",
    "\\ \\| \\`",
    "1. first",
    "---",
    "- item",
    "-- a - b --",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_text_is_shown_as_it_is(hostile: str) -> None:
    shown = MarkdownIt("commonmark").enable("table").parse("\n".join(table(["name"], [[text(hostile)]])))
    cells = [token for token in shown if token.type == "inline"]
    assert len(cells) == 2
    (written,) = [cells[1].content] if cells[1].children is None else ["".join(c.content for c in cells[1].children)]
    kinds = {child.type for child in cells[1].children or []}
    assert kinds <= {"text", "text_special"} and written == " ".join(hostile.replace("\u2028", " ").split())
    alone = MarkdownIt("commonmark").parse(f"{text(hostile)}\n")
    assert [token.type for token in alone] == ["paragraph_open", "inline", "paragraph_close"]


def test_dates_and_hyphenated_words_are_written_as_they_are() -> None:
    assert text("2026-11-27 well-known") == "2026-11-27 well-known"


def test_long_text_is_cut() -> None:
    assert len(text("x" * 5000)) == 200


def test_code_cannot_end_its_block() -> None:
    lines = "\n".join(code("a\n````\n# b", "sh"))
    (block,) = MarkdownIt("commonmark").parse(lines)
    assert block.type == "fence" and block.content == "a\n````\n# b\n" and block.info == "sh"
