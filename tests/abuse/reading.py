r"""Reads the text files of cases in `tables/`.

A case begins with `== ` and its title. A line that begins with `? ` has the query, one that begins with `@ ` the media
type and what else is special: `json`, `jsonl`, `encoding=utf-16`, `gzip`, `bytes`, and `zip`, for which the lines are
the names of the files inside, and which is sent without a type, as `curl -T` does. Then the file follows as an editor
shows it, up to a line that begins with `-> `. `\r`, `\t`, `\0`, `\\`, `\xff` and `\u00a0` stand for these characters,
and a `\` at the end of the last line for no line end there.

The answer is either the stored table: the columns as `name:type`, with `*` behind a target and `!` behind a weight, and
its rows, parted by two spaces or more, then lines that begin with `~ ` for what `read` says and for `warnings` besides
those of columns with more categories than half their rows; or a status (`4xx` for any), and behind it parts of the
sentence that has to be answered, parted by ` .. `.
"""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("tables")
ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|x[0-9a-f]{2}|r|t|0|\\)")
CONTROLS = {"r": "\r", "t": "\t", "0": "\0", "\\": "\\"}
TYPES = {"csv": "text/csv", "json": "application/json", "jsonl": "application/jsonl"}


@dataclass
class Case:
    """A file with the answer to it."""

    theme: str
    title: str
    query: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    @property
    def media_type(self) -> str | None:
        if "zip" in self.settings:
            return None
        return next((TYPES[name] for name in TYPES if name in self.settings), TYPES["csv"])

    @property
    def data(self) -> bytes:
        text = "\n".join(self.lines) + "\n"
        text = text[:-2] if text.endswith("\\\n") and not text.endswith("\\\\\n") else text
        if "zip" in self.settings:
            return _zipped(self.lines)
        raw = "".join(_parts(text)).encode("latin-1") if "bytes" in self.settings else None
        data = raw if raw is not None else "".join(_parts(text)).encode(self.settings.get("encoding", "utf-8"))
        return gzip.compress(data) if "gzip" in self.settings else data

    @property
    def refusal(self) -> str | None:
        """The status of a refusal, `422` or `4xx`; None where the table is stored."""
        word = self.expected[0].split(" ", 1)[0]
        return word if re.fullmatch(r"4\d\d|4xx", word) else None

    @property
    def fragments(self) -> list[str]:
        return self.expected[0].partition(" ")[2].split(" .. ")


def _zipped(names: list[str]) -> bytes:
    """Return a ZIP file with empty files of these names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return stream.getvalue()


def _parts(text: str) -> Iterator[str]:
    """Yield the text with its escapes replaced."""
    position = 0
    for match in ESCAPE.finditer(text):
        yield text[position : match.start()]
        code = match[1]
        yield CONTROLS[code] if code in CONTROLS else chr(int(code[1:], 16))
        position = match.end()
    yield text[position:]


def cases() -> Iterator[Case]:
    """Yield the cases of all files, in order."""
    for file in sorted(FOLDER.glob("*.txt")):
        case: Case | None = None
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("== "):
                if case is not None:
                    yield case
                case = Case(file.stem, line[3:])
            elif case is not None:
                _add(case, line)
        if case is not None:
            yield case


def _add(case: Case, line: str) -> None:
    if case.expected:
        if line.strip():
            case.expected.append(line)
    elif line.startswith("-> "):
        case.expected.append(line[3:])
    elif line.startswith("? ") and not case.lines:
        case.query = line[2:]
    elif line.startswith("@ ") and not case.lines:
        case.settings |= {name: value for name, _, value in (word.partition("=") for word in line[2:].split())}
    else:
        case.lines.append(line)


def shown(dataset: dict[str, Any], rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return a stored table as the cells of its description: the columns, then the rows, with dates as days."""
    marks = {"input": "", "target": "*", "weight": "!"}
    head = [f"{cell(column['name'])}:{column['type']}{marks[column['role']]}" for column in dataset["columns"]]
    names = [column["name"] for column in dataset["columns"]]
    dates = (dataset["read"] or {}).get("dates", [])
    values = [[row["values"][name] for name in names] for row in rows]
    for row in values:
        row[:] = [days(value) if name in dates and value else value for name, value in zip(names, row, strict=True)]
    return [head, *([cell(value) for value in row] for row in values)]


def days(text: str) -> float:
    """Return the days from 1970 to a date or time of ISO 8601."""
    time = datetime.fromisoformat(text)
    return (time.replace(tzinfo=time.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)


def bounds(cells: list[list[str]]) -> list[tuple[float, float]]:
    """Return the smallest and the largest number of each column of numbers."""
    head, *rows = cells
    numbers = [
        [float(row[index]) for row in rows if row[index] != "null"]
        for index, name in enumerate(head)
        if ":number" in name
    ]
    return [(min(column), max(column)) for column in numbers]


def cell(value: Any) -> str:
    """Return a value as tables write it: text as it is unless it could be taken for something else."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return (
            value
            if value and value.strip() == value and "  " not in value and value.isprintable()
            else json.dumps(value)
        )
    return f"{value:.17g}" if float(f"{value:g}") != value else f"{value:g}"


def table(lines: list[str]) -> list[list[str]]:
    """Return the cells of an expected table."""
    return [re.split(r" {2,}", line.strip()) for line in lines if not line.startswith("~ ")]


def crowded(cells: list[list[str]]) -> list[str]:
    """Return the names of the category columns of a table that have more categories than half its rows."""
    head, *rows = cells
    texts = {name.rpartition(":")[0]: index for index, name in enumerate(head) if ":category" in name}
    crowded = [name for name, index in texts.items() if len({row[index] for row in rows} - {"null"}) > len(rows) / 2]
    return [json.loads(name) if name.startswith('"') else name for name in crowded]


def notes(lines: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return what `read` has to say, and a part of each warning."""
    read: dict[str, Any] = {}
    warnings = []
    for line in lines:
        if line.startswith("~ warning "):
            warnings.append(line.removeprefix("~ warning "))
        elif line.startswith("~ "):
            name, _, value = line[2:].partition(" ")
            read[name] = json.loads(value)
    return read, warnings
