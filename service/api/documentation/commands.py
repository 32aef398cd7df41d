"""A request of an operation as a command for curl, ready to be pasted into a shell."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Any
from urllib.parse import urlencode

from service.datasets.media_types import JSON

HERE = "localhost:8000"
FORM = "multipart/form-data"
LONGEST_LINE = 80  # characters of JSON that stand in one line
LONGEST_COMMAND = 90  # characters of a line; a longer command has a line for each option


def command(method: str, path: str, parameters: Sequence[Mapping[str, Any]], kind: str | None, body: Any) -> str:
    """Return a command; `kind` is the media type of the body, None without one. `parameters` have examples."""
    values = {each["name"]: each["example"] for each in parameters if each["in"] == "path"}
    address = HERE + re.sub(r"{(\w+)}", lambda found: str(values.get(found[1], found[1])), path)
    query = {each["name"]: each["example"] for each in parameters if each["in"] == "query" and each.get("required")}
    if query:
        address += "?" + urlencode(query, safe=",")
    verb = [] if method == ("GET" if kind is None else "POST") else [f"-X {method}"]
    parts = [" ".join(["curl -sS", *verb, quote(address)]), *_sent(kind, body)]
    one = " ".join(parts)
    return one if max(map(len, one.splitlines())) <= LONGEST_COMMAND else " \\\n  ".join(parts)


def _sent(kind: str | None, body: Any) -> Iterator[str]:
    """Yield the options of curl that send a body."""
    if kind == FORM:
        yield from (f"-F {quote(field)}" for field in _form(body))
    elif kind == JSON:
        yield f"-d {quote(shown(body))}"
    elif kind is not None:
        yield f"-H {quote(f'Content-Type: {kind}')}"
        yield f"--data-binary {quote(str(body))}"


def _form(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of a form; a list is sent as a field for each of its entries."""
    for name, value in fields.items():
        if name == "file":
            yield f'file="{value}";filename=table.csv'
        else:
            yield from (f"{name}={each}" for each in (value if isinstance(value, list) else [value]))


def shown(body: Any) -> str:
    """Return JSON in one line where it is short, else with a line for each of its fields."""
    text = json.dumps(body, ensure_ascii=False)
    if len(text) <= LONGEST_LINE or not isinstance(body, dict):
        return text
    fields = (f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in body.items())
    return "{\n" + ",\n".join(fields) + "\n}"
