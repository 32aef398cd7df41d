"""Processes of the API for the corpus, one that asks for no keys and one that does, and what they hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from chaos.stage_corpus import api, memory_of
from service.access.tokens import id_of
from service.config import Settings
from service.ops.listening import free_port
from service.services import open_services
from service.store import tables
from service.store.changes import ACCESS, announce
from tests.abuse.corpus import Attack, Sender, attacks, store

LIMITS: dict[str, Any] = {"max_json_bytes": 2_000_000, "max_upload_bytes": 8_000_000, "api_processes": 1}


@dataclass(frozen=True)
class Held:
    """What a process holds: resident bytes, now and at their peak, descriptors and threads."""

    resident: int
    peak: int
    descriptors: int
    threads: int

    @classmethod
    def by(cls, pid: int) -> "Held":
        folder = Path(f"/proc/{pid}")
        counts = (len(list((folder / name).iterdir())) for name in ("fd", "task"))
        return cls(memory_of(pid, "VmRSS"), memory_of(pid, "VmHWM"), *counts)


@dataclass(frozen=True)
class Running:
    """The cases, and the ids of the processes that they are sent to."""

    attacks: tuple[Attack, ...]
    pids: tuple[int, int]
    sender: Sender


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Start both processes on one database and store what cases name."""
    open_to_all = replace(settings, port=free_port(), auth="off", **LIMITS)
    asks = replace(open_to_all, port=free_port(), auth="required")
    services = open_services(open_to_all)
    with api(open_to_all) as (client, pid):
        words = {"JOB": store(client, services)}
        words |= _keys(client)
        with services.database.begin() as connection:
            past = datetime.now(UTC) - timedelta(hours=1)
            expired = tables.keys.c.id == id_of(words["{EXPIRED}"])
            connection.execute(update(tables.keys).where(expired).values(expires_at=past))
            announce(connection, ACCESS)
        services.database.dispose()
        with api(asks) as (keyed, other):
            sender = Sender(client, words)
            yield Running(tuple(attacks(sender, Sender(keyed, words))), (pid, other), sender)


def _keys(client: Any) -> dict[str, str]:
    """Return the keys that cases name."""
    key, read, expired, revoked = (
        client.post("/v1/keys", json={"scopes": [scope]}).json["key"] for scope in ("admin", "read", "read", "admin")
    )
    assert client.open(f"/v1/keys/{id_of(revoked)}", "DELETE").status_code == 204
    names = {"KEY": key, "READ": read, "EXPIRED": expired, "REVOKED": revoked, "SHORT": key[:-1], "UPPER": key.upper()}
    return {f"{{{name}}}": value for name, value in names.items()}
