"""`backprop keys` and `backprop audit`: keys are made, listed, revoked and replaced on the machine of the service.

Whoever may read its database may do this; it is how the first key is made, and the way back when all are lost.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.access import keys as access
from service.access.keys import KeySpec
from service.config import Settings
from service.definitions.keys import KeyRequest, duration_of
from service.definitions.validation import check
from service.errors import Invalid, Misconfigured
from service.ops.key_lists import Made, read_names, write_made
from service.ops.resource_commands import AddFlag, Command, add_actions, opened
from service.services import Services
from service.store import audit, keys, tenants
from service.store.audit import Actor
from service.store.database import Database
from service.store.keys import KeyRecord
from service.store.records import Page

DEFAULT = "default"
MOST = 1000
IN_A_BODY = re.compile(r"^#(?:/(\w+)(?:/\d+)?)?: ")  # where a fault lies, which begins a sentence
HEADER: tuple[str, ...] = ("id", "tenant", "scopes", "name", "until", "last used", "limited to")


def register(command: Command, add: AddFlag) -> None:
    """Add the commands; `command` makes one of `backprop`, `add` gives a parser the flag of a setting."""
    action = add_actions(command, add, "keys", "make, list, revoke and replace keys")

    create = action("create", _create, "make a key, or one for each name of a list, and print it once")
    create.add_argument("--tenant", default=DEFAULT, help="whose key it is; `default` if left out")
    create.add_argument("--scopes", required=True, help="of read,predict,train,admin")
    create.add_argument("--name", help="what it is called in lists")
    create.add_argument(
        "--expires", help="30m, 12h, 90d, 2w, or a time such as 2030-01-31T00:00:00Z; if left out never"
    )
    create.add_argument("--models", help="the only models it may use: a,b")
    create.add_argument("--origins", help="of the only pages that may send it: https://a.org,https://b.org")
    create.add_argument("--from", dest="names", type=Path, help="a CSV with a column `name`: a key for each row")
    create.add_argument("--to", type=Path, help="with --from: the new CSV file that the keys are written to")
    create.add_argument("--tenant-each", action="store_true", help="with --from: a tenant for each row")
    listed = action("list", _list, "list the keys of a tenant, or of all")
    listed.add_argument("--tenant", help="only of this tenant")
    revoke = action("revoke", _revoke, "end a key now")
    revoke.add_argument("id", help="as `backprop keys list` shows it")
    rotate = action("rotate", _rotate, "make a key that replaces another, which goes on for a while")
    rotate.add_argument("id", help="as `backprop keys list` shows it")
    rotate.add_argument("--overlap", default="1d", help="how long the old key goes on: 30m, 12h, 1d, ...")
    changed = command("audit", _audit, "list who changed what, newest first", "data-dir")
    changed.add_argument("--tenant", help="only in this tenant")
    changed.add_argument("--limit", type=int, default=50, help="how many, at most")


def of_tenant(database: Database, name: str) -> Database:
    """Return the database as a tenant sees it."""
    with database.read() as connection:
        return database.scoped(tenants.number_of(connection, name))


def _create(settings: Settings, options: argparse.Namespace) -> int:
    if options.names is not None:
        return _create_many(settings, options)
    spec = spec_of(options, options.name)
    with opened(settings) as services:
        actor, database = Actor(None, "backprop keys create", "/v1/keys"), services.database
        with of_tenant(database, options.tenant).recording(audit.recorder_of(actor)).begin() as connection:
            made = access.create(connection, spec)
    print(made.token.text)
    where = f" in {settings.data_dir.absolute()}" if database.is_sqlite else ""
    print(f"key {made.record.id} of tenant {options.tenant}{where}: it is shown this once", file=sys.stderr)
    return 0


def spec_of(options: argparse.Namespace, name: str | None) -> KeySpec:
    """Return what the options ask for; raise `Misconfigured` with the flag that is at fault."""
    texts = {"scopes": options.scopes, "models": options.models, "origins": options.origins}
    body: dict[str, Any] = {field: _split(text) for field, text in texts.items() if text}
    body |= {"name": name, "expires": options.expires}
    try:
        return access.spec_of(check(KeyRequest, body))
    except Invalid as invalid:
        raise Misconfigured(IN_A_BODY.sub(_flag, invalid.detail)) from None


def _flag(place: re.Match[str]) -> str:
    """Return the flag that gave what stands at a place of a body."""
    return f"--{place[1]} " if place[1] else ""


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _create_many(settings: Settings, options: argparse.Namespace) -> int:
    """Make a key for each row of a CSV, in one transaction: all of them and the file, or nothing."""
    if options.to is None:
        raise Misconfigured("--from needs --to: the new CSV file that the keys are written to")
    entries = read_names(options.names, options.tenant, options.tenant_each)
    specs = [spec_of(options, entry.name) for entry in entries]
    with opened(settings) as services, services.database.begin() as connection:
        made = []
        for entry, spec in zip(entries, specs, strict=True):
            tenant = tenants.find_or_add(connection, entry.tenant)
            key = access.create(connection, spec, tenant)
            audit.record(connection, Actor(None, "backprop keys create", f"/v1/keys/{key.record.id}"), tenant)
            made.append(Made(entry, key.record.id, key.token.text))
        write_made(options.to, made)
    noun = "key" if len(made) == 1 else "keys"
    print(f"{options.to} holds {len(made)} {noun}: give each to its owner, then delete the file")
    return 0


def _list(settings: Settings, options: argparse.Namespace) -> int:
    with opened(settings) as services:
        there = services.database if options.tenant is None else of_tenant(services.database, options.tenant)
        with there.read() as connection:
            found = keys.list_keys(connection, Page(MOST))
    now = datetime.now(UTC)
    rows = [HEADER, *(_row(record, now) for record in found.data)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    if found.has_more:
        print(f"the newest {MOST:,} keys; --tenant lists those of one")
    return 0


def _row(record: KeyRecord, now: datetime) -> tuple[str, ...]:
    until = "-" if record.expires_at is None else _day(record.expires_at)
    if record.ended(now):
        until = "revoked" if record.revoked_at else f"expired {until}"
    used = "never" if record.last_used_at is None else _day(record.last_used_at)
    limits = ",".join([*(record.models or ()), *(record.origins or ())])
    return record.id, record.tenant_name, ",".join(record.scopes), record.name or "-", until, used, limits or "-"


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _revoke(settings: Settings, options: argparse.Namespace) -> int:
    with _of_key(settings, options.id, "keys revoke") as services:
        services.ending(lambda connection: access.revoke(connection, options.id))
    print(f"key {options.id} is revoked: every process of the service refuses it within a second or two")
    return 0


def _rotate(settings: Settings, options: argparse.Namespace) -> int:
    try:
        overlap = duration_of(options.overlap)
    except ValueError as error:
        raise Misconfigured(f"--overlap {error}") from None
    with _of_key(settings, options.id, "keys rotate") as services, services.database.begin() as connection:
        made, old = access.rotate(connection, options.id, overlap)
    print(made.token.text)
    assert old.expires_at is not None
    print(
        f"key {made.record.id} replaces {old.id}, which ends at {_day(old.expires_at)} UTC; it is shown this once",
        file=sys.stderr,
    )
    return 0


@contextmanager
def _of_key(settings: Settings, id: str, action: str) -> Iterator[Services]:
    """Open the resources of the tenant that a key belongs to; what is changed is recorded."""
    with opened(settings) as services:
        with services.database.read() as connection:
            mine = services.scoped(keys.get_key(connection, id).tenant)
        actor = Actor(None, f"backprop {action}", f"/v1/keys/{id}")
        yield replace(mine, database=mine.database.recording(audit.recorder_of(actor)))


def _audit(settings: Settings, options: argparse.Namespace) -> int:
    if not 1 <= options.limit <= MOST:
        raise Misconfigured(f"--limit must lie within 1 and {MOST}, got {options.limit}")
    with opened(settings) as services:
        there = services.database if options.tenant is None else of_tenant(services.database, options.tenant)
        with there.read() as connection:
            found = audit.list_changes(connection, Page(options.limit))
    for change in found.data:
        key = "no key" if change.key is None else f"key {change.key}"
        request = "" if change.request is None else f"  request {change.request}"
        print(
            f"{change.at.isoformat(timespec='seconds')}  {change.tenant_name}  {key}  {change.action}  "
            f"{change.resource}{request}"
        )
    return 0
