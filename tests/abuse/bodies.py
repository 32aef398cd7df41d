r"""Reads the cases of `refusals.txt`, `requests.txt`, `keys.txt`; writes out bodies too long for a file.

A case: a line of comment, the request, its body, and the answer. The request is a method, a path, and where they are
not JSON's the media type and headers as `Name=value`. In a path, a header and a body `<<text>>*9` stands for the text
nine times with commas between, `<<text>>~9` for it nine times without, and no number for as often as the body's size
takes; `##` in the text is a number from 0, `\n` a line end, `\\` a backslash. A body of `@name 9` is made by that
function of `files.py` or `forged.py`. The answer is a status and parts of `detail`, parted by ` .. `.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.abuse import files, forged

FILE = Path(__file__).with_name("refusals.txt")
REPEATED = re.compile(r"<<(.*?)>>([*~])([\d_]*)", re.DOTALL)
MAKERS = files.FILES | forged.FILES
ESCAPE = re.compile(r"\\(n|\\|x[0-9a-f]{2})")


@dataclass(frozen=True)
class Case:
    """One request and how it is answered."""

    line: int
    title: str
    method: str
    path: str
    template: str
    status: str
    detail: str
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, size: int) -> bytes:
        """Return the body, of about `size` bytes where the case leaves that open."""
        if self.template.startswith("@"):
            name, *numbers = self.template[1:].split()
            return MAKERS[name](*(size if number == "size" else int(number) for number in numbers))
        return written_out(self.template, size)

    @property
    def fragments(self) -> list[str]:
        return self.detail.split(" .. ")

    def answers(self, status: int) -> bool:
        """Return whether this is a status that the case expects."""
        return re.fullmatch(self.status.replace("x", r"\d"), str(status)) is not None


def cases(file: Path = FILE) -> list[Case]:
    """Read the cases of a file, which are separated by empty lines; other paragraphs are words for the reader."""
    found, line = [], 1
    for paragraph in file.read_text(encoding="utf-8").split("\n\n"):
        lines = [text for text in paragraph.strip().split("\n") if text]
        texts = [text for text in lines if not text.startswith("# ")]
        title = " ".join(text[2:] for text in lines if text.startswith("# "))
        if len(texts) == 3 and title:
            found.append(_case(line, title, *texts))
        line += paragraph.count("\n") + 2
    return found


def _case(line: int, title: str, request: str, body: str, answer: str) -> Case:
    method, path, *rest = request.split(" ")
    status, _, detail = answer.partition(" ")
    headers = dict(text.split("=", 1) for text in rest if "/" not in text.split("=")[0])
    types = [text for text in rest if "/" in text.split("=")[0]]
    shown = {name: written_out(value, 0).decode() for name, value in headers.items()}
    return Case(
        line,
        title,
        method,
        written_out(path, 0).decode(),
        "" if body == "-" else body,
        status,
        detail,
        types[0] if types else "application/json",
        shown,
    )


def written_out(template: str, size: int) -> bytes:
    """Return a template's text; what has no number is repeated until the whole has about `size` bytes."""
    parts, position = [], 0
    for match in REPEATED.finditer(template):
        parts.append(_plain(template[position : match.start()]))
        text, joined, number = match.groups()
        one, between = _plain(text), b"," if joined == "*" else b""
        room = max(1, (size - len(template)) // (len(one) + len(between) + 4 * (b"##" in one)))
        count = int(number.replace("_", "")) if number else room
        if b"##" in one:
            parts.append(between.join(one.replace(b"##", b"%d" % index) for index in range(count)))
        else:
            parts.append((one + between) * (count - 1) + one)
        position = match.end()
    parts.append(_plain(template[position:]))
    return b"".join(parts)


def _plain(text: str) -> bytes:
    """Return a piece of a template with its escapes replaced."""
    parts: Iterator[bytes] = (_escaped(part) for part in re.split(r"(\\n|\\\\|\\x[0-9a-f]{2})", text))
    return b"".join(parts)


def _escaped(part: str) -> bytes:
    match = ESCAPE.fullmatch(part)
    if match is None:
        return part.encode()
    return {"n": b"\n", "\\": b"\\"}.get(match[1]) or bytes([int(match[1][1:], 16)])
