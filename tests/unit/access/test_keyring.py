"""The keys that a process holds: read again when a change is seen, and how long they last without the database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.access import keys, sessions
from service.access.keyring import RETRY_SECONDS, STAYS_VALID_SECONDS, KeyRing
from service.access.keys import KeySpec
from service.config import Settings
from service.errors import Unauthenticated, Unavailable
from service.store import changes
from service.store import keys as stored
from service.store.changes import Seen
from service.store.database import Database
from service.store.keys import KeyKind
from service.store.migrate import migrate
from service.store.tenancy import DEFAULT_TENANT

KEYS = frozenset({KeyKind.KEY})


@dataclass
class Clock:
    """A clock that is set, and the changes as a database would tell them."""

    database: Database
    now: float = 1000.0
    answers: bool = True
    last: Seen = field(default_factory=lambda: Seen(-1, 0.0))

    def __call__(self) -> float:
        return self.now

    def look(self, name: str) -> Seen:
        if self.answers:
            with self.database.read() as connection:
                self.last = Seen(changes.value(connection, name), self.now)
        return self.last


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'd.sqlite3'}")
    migrate(opened)
    yield opened.scoped(DEFAULT_TENANT)
    opened.dispose()


@pytest.fixture
def clock(database: Database) -> Clock:
    return Clock(database)


@pytest.fixture
def ring(database: Database, clock: Clock) -> KeyRing:
    looked: Any = clock
    return KeyRing(database, Settings(), looked, clock)


def made(database: Database, expires_at: datetime | None = None) -> tuple[str, str]:
    """Return the id and the text of a new key."""
    with database.begin() as connection:
        key = keys.create(connection, KeySpec(("read",), expires_at=expires_at))
    return key.record.id, key.token.text


def test_a_change_is_seen_at_the_next_request(database: Database, ring: KeyRing) -> None:
    assert not ring.asks
    id, text = made(database)
    assert ring.asks and ring.principal_of(text, KEYS).key_id == id
    with database.begin() as connection:
        keys.revoke(connection, id)
    with pytest.raises(Unauthenticated):
        ring.principal_of(text, KEYS)
    assert ring.asks


def test_nothing_is_read_again_while_nothing_changes(database: Database, ring: KeyRing) -> None:
    _, text = made(database)
    ring.principal_of(text, KEYS)
    held = ring.held()
    ring.principal_of(text, KEYS)
    assert ring.held() is held


def test_keys_stay_valid_for_a_quarter_of_an_hour_while_the_database_does_not_answer(
    database: Database, ring: KeyRing, clock: Clock
) -> None:
    _, text = made(database)
    ring.principal_of(text, KEYS)
    clock.answers = False
    clock.now += STAYS_VALID_SECONDS
    assert ring.principal_of(text, KEYS)
    with pytest.raises(Unauthenticated):
        ring.principal_of(text[:-1], KEYS)
    clock.now += 1
    with pytest.raises(Unavailable, match="not known whether keys are still valid"):
        ring.principal_of(text, KEYS)
    clock.answers = True
    assert ring.principal_of(text, KEYS)


def test_keys_go_on_when_a_change_was_seen_and_cannot_be_read(
    database: Database, ring: KeyRing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, text = made(database)
    ring.principal_of(text, KEYS)
    with database.begin() as connection:
        keys.revoke(connection, id)
    calls = list[float]()

    def broken(*_: Any, **__: Any) -> Any:
        calls.append(clock.now)
        raise Unavailable("the database does not answer")

    looked = clock.look("access")
    with monkeypatch.context() as patched:
        patched.setattr(ring.database, "read", broken)
        patched.setattr(clock, "look", lambda _: looked)
        for _ in range(5):
            assert ring.principal_of(text, KEYS)
        assert len(calls) == 1  # not asked again for each request
        clock.now += RETRY_SECONDS
        assert ring.principal_of(text, KEYS) and len(calls) == 2
        clock.now += STAYS_VALID_SECONDS
        with pytest.raises(Unavailable):
            ring.principal_of(text, KEYS)
    clock.now += RETRY_SECONDS
    with pytest.raises(Unauthenticated):
        ring.principal_of(text, KEYS)


def test_a_key_ends_at_its_moment_without_any_change(database: Database, ring: KeyRing) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    id, text = made(database, ends)
    assert ring.principal_of(text, KEYS)
    held = ring.held().keys[id]
    assert ring._is_live(held, ring.held())
    assert held.expires_at == ends


def test_a_session_ends_with_its_key(database: Database, ring: KeyRing) -> None:
    id, text = made(database)
    with database.begin() as connection:
        session = sessions.begin(connection, stored.get_key(connection, id))
    kinds = frozenset({KeyKind.SESSION})
    assert ring.principal_of(session.token.text, kinds).key_id == id
    for wrong, asked in ((session.token.text, KEYS), (text, kinds)):
        with pytest.raises(Unauthenticated):
            ring.principal_of(wrong, asked)
    with database.begin() as connection:
        keys.revoke(connection, id)
    with pytest.raises(Unauthenticated):
        ring.principal_of(session.token.text, kinds)


def test_the_oldest_sessions_of_a_key_end_when_there_are_many(
    database: Database, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_OF_A_KEY", 3)
    id, _ = made(database)
    texts = []
    for _ in range(5):
        with database.begin() as connection:
            texts.append(sessions.begin(connection, stored.get_key(connection, id)).token.text)
    live = []
    for text in texts:
        try:
            ring.principal_of(text, frozenset({KeyKind.SESSION}))
            live.append(text)
        except Unauthenticated:
            pass
    assert live == texts[2:]
