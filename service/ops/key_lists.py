"""Lists of names to make keys for, and the files that hold what was made."""

import csv
import io
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.definitions.base import NAME_PATTERN
from service.errors import Misconfigured
from service.store.tenancy import DEFAULT_TENANT_NAME

MOST = 10_000
LONGEST_TENANT = 64
SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Entry:
    """A row of a list: whom a key is for, and in which tenant."""

    name: str
    tenant: str


@dataclass(frozen=True)
class Made:
    """A key that was made for an entry."""

    entry: Entry
    id: str
    key: str

    def __repr__(self) -> str:
        return f"Made({self.id})"


def read_names(path: Path, tenant: str, tenant_each: bool) -> list[Entry]:
    """Read a CSV with a column `name` and, if each row has one of its own, a column `tenant`.

    Cells are separated as the header's are, by comma, semicolon or tab; empty rows, as spreadsheets add them, are left
    out. With `tenant_each` a tenant is called after each name. Raises `Misconfigured` with the row that is at fault.
    """
    header, *rows = _read_cells(path) or [[]]
    columns = [cell.strip().lower() for cell in header]
    if "name" not in columns or not rows:
        found = ", ".join(f"`{column[:40]}`" for column in columns[:5]) or "nothing"
        there = "no row below it" if "name" in columns else found
        raise Misconfigured(f"{path} must have a header with a column `name`, and a row for each key; it has {there}")
    if len(rows) > MOST:
        raise Misconfigured(f"{path} has {len(rows):,} rows; at most {MOST:,} keys are made at once")
    named = [dict(zip(columns, row, strict=False)) for row in rows]
    entries = [_entry(path, number, row, tenant, tenant_each) for number, row in enumerate(named, 1)]
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        mine = entry.tenant if tenant_each else entry.name
        if (first := seen.setdefault(mine, number)) != number:
            raise Misconfigured(f"{path}, row {number}: {mine!r} is that of row {first} too; tell them apart")
    return entries


def _read_cells(path: Path) -> list[list[str]]:
    """Return the cells of all rows that are not empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        separator = max(SEPARATORS, key=text.lstrip().partition("\n")[0].count)
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        return [row for row in rows if any(cell.strip() for cell in row)]
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{path} is not in UTF-8: spreadsheets save it as `CSV UTF-8`") from None
    except csv.Error as error:
        raise Misconfigured(f"{path} cannot be read as CSV: {error}") from None


def _entry(path: Path, number: int, row: dict[str, str], tenant: str, tenant_each: bool) -> Entry:
    name = row.get("name", "").strip()
    if not name:
        raise Misconfigured(f"{path}, row {number}: the name is empty")
    own = called_after(name) if tenant_each else row.get("tenant", "").strip() or tenant
    if tenant_each and own == DEFAULT_TENANT_NAME:
        raise Misconfigured(
            f"{path}, row {number}: a tenant called after {name!r} would be `{own}`, which is the operator's; "
            "call the row something else"
        )
    if not re.fullmatch(NAME_PATTERN.strip("^$"), own):
        raise Misconfigured(
            f"{path}, row {number}: a tenant cannot be called {own[:80]!r}; a name begins with a letter or digit and "
            "has up to 64 of a to z, 0 to 9, and . _ -; a column `tenant` says it outright"
        )
    return Entry(name, own)


def called_after(name: str) -> str:
    """Return the name of a tenant that is called after a person: `Zoë Müller` becomes `zoe-muller`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._]+", "-", plain).strip("-._")[:LONGEST_TENANT]


def write_made(path: Path, made: Sequence[Made]) -> None:
    """Write a new CSV with the keys, which only its owner may read."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="")
    except FileExistsError:
        raise Misconfigured(
            f"{path} is there already; --to names a new file, as the keys are shown only once"
        ) from None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}") from None
    with file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "tenant", "id", "key"])
        writer.writerows([each.entry.name, each.entry.tenant, each.id, each.key] for each in made)
