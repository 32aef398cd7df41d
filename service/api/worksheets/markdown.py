"""Writes worksheets as Markdown: names of columns are text, and all other words the service's own."""

from service.api.worksheets.sheets import HOW, TITLE, Cell, Part, Sheet, Table
from service.models.markdown import heading, table, text

LINE = r"\_" * 10  # to write on


def write(sheet: Sheet) -> str:
    """Return a worksheet as a Markdown document."""
    lines = [f"# {TITLE}", "", text(sheet.about), "", f"Name: {LINE}{LINE} Date: {LINE}", "", HOW, ""]
    for part in (*sheet.given, *sheet.tasks):
        lines += _part(part)
    if sheet.key:
        rows = (
            (f"({line.number})", line.of, ", ".join(f"`{step}`" for step in line.working), line.value)
            for line in sheet.key
        )
        lines += [*heading("Key"), *table(("", "number", "computed as", "value"), rows)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _part(part: Part) -> list[str]:
    lines = heading(part.title)
    for each in (*part.texts, *(f"`{equation}`" for equation in part.equations)):
        lines += [each, ""]
    for each_table in part.tables:
        lines += _table(each_table)
    return lines


def _table(shown: Table) -> list[str]:
    rows = ([text(name), *map(_cell, cells)] for name, cells in shown.lines)
    return table(["", *map(text, shown.head)], rows)


def _cell(cell: Cell) -> str:
    return cell.text if cell.blank is None else f"({cell.blank}) {LINE}"
