"""What names of models mean, held in the memory of each API process until a change of models is seen.

A name is asked of the database once, and again after each change of any model, alias or grant, of which
`service.store.changes` knows. The counter of changes is read before the question, so that an answer is never taken for
newer than it is. While the database does not answer, what was held goes on.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Generic, NamedTuple, TypeVar, cast

from service.errors import NotFound, Unavailable
from service.models.references import Wanted
from service.models.shared_number import SharedNumber
from service.services import Services
from service.store import grants, models
from service.store.changes import MODELS, Changes, Seen
from service.store.database import Connection, Database
from service.store.model_records import GrantedModel, VersionReference

MOST_HELD = 20_000  # of each kind
MOST_UNKNOWN = 1000  # names that mean nothing, which anybody can make up
MOST_USED = 200  # names that are looked up again when something has changed, before they are asked for
AWAY_SECONDS = 1.5  # without an answer to the question for changes, which is asked more often
RETRY_SECONDS = 1.0

T = TypeVar("T")
log = logging.getLogger(__name__)


class Name(NamedTuple):
    """What a request names: a tenant's model, and a version's number or an alias, or None for the model alone."""

    tenant: int | None
    model: str
    wanted: Wanted | None


class Grant(NamedTuple):
    """A model of another tenant that a tenant names."""

    grantee: int | None
    owner: str
    model: str


@dataclass(frozen=True)
class State:
    """Whether changes are seen now; `since` is when the database last said that there are none, if it is away."""

    since: datetime | None


class _Meaning(NamedTuple, Generic[T]):
    """What the database said at a value of the counter: what was found, or why nothing was."""

    value: int
    found: T | None
    unknown: str = ""

    def result(self) -> T:
        if self.unknown:
            raise NotFound(self.unknown)
        return cast(T, self.found)


class _Held(Generic[T]):
    """Meanings of names of one kind, of which those go that were used least recently."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, ...], _Meaning[T]] = OrderedDict()
        self._unknown: OrderedDict[tuple[object, ...], _Meaning[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: tuple[object, ...]) -> _Meaning[T] | None:
        with self._lock:
            meaning = self._known.get(name)
            if meaning is None:
                return self._unknown.get(name)
            self._known.move_to_end(name)
            return meaning

    def put(self, name: tuple[object, ...], meaning: _Meaning[T]) -> None:
        with self._lock:
            self._known.pop(name, None)
            self._unknown.pop(name, None)
            into, most = (self._unknown, MOST_UNKNOWN) if meaning.unknown else (self._known, MOST_HELD)
            into[name] = meaning
            if len(into) > most:
                into.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known) + len(self._unknown)


class Directory:
    """Knows which version a name means, and whose model a grant names.

    Parameters
    ----------
    number
        Changed by every process of this machine that has answered, or done, something that the others may not have
        seen yet; None where each look at the database sees every commit, as with SQLite.
    """

    def __init__(self, changes: Changes, number: SharedNumber | None) -> None:
        self._changes, self._number = changes, number
        self._seen_number = 0
        self._versions, self._grants = _Held[VersionReference](), _Held[GrantedModel]()
        self._used: set[Name] = set()
        self._failed_at: float | None = None

    def find(self, services: Services, name: str, wanted: Wanted | None) -> VersionReference:
        """Return which version of a model of the services' tenant is meant; `NotFound` if there is none."""
        key = Name(services.tenant, name, wanted)
        if key not in self._used and len(self._used) < MOST_USED:
            self._used.add(key)
        ask = partial(models.find_version, name=name, wanted=wanted)
        return self._meaning(self._versions, key, services.database, ask).result()

    def find_granted(self, services: Services, owner: str, model: str) -> GrantedModel:
        """Return a model that its owner has granted to the services' tenant; `NotFound` if it has not."""
        key = Grant(services.tenant, owner, model)
        ask = partial(grants.find_granted, owner=owner, model=model, grantee=cast(int, services.tenant))
        return self._meaning(self._grants, key, services.database, ask).result()

    def announce(self) -> None:
        """Let every process of this machine, this one too, ask the database before it says again what a name means."""
        if self._number is None or not self._number.raise_by_one():
            self._changes.look_again()

    def look(self) -> Seen:
        """Return the counter of changes of models, and when the database said so."""
        if self._number is not None:
            number = self._number.value()
            if number != self._seen_number:
                self._changes.look_again()
                self._seen_number = number
        return self._changes.look(MODELS)

    def state(self) -> State:
        """Return whether changes are seen now.

        Raises
        ------
        Unavailable
            When the database has not answered since this process began.
        """
        silent = time.monotonic() - self._changes.look(MODELS).at
        return State(None if silent <= AWAY_SECONDS else datetime.now(UTC) - timedelta(seconds=silent))

    def take_used(self) -> list[Name]:
        """Return names that were asked for since the last call, at most `MOST_USED`."""
        used, self._used = self._used, set()
        return list(used)

    @property
    def is_used(self) -> bool:
        """Whether names were asked for since `take_used` was called last."""
        return bool(self._used)

    def _meaning(
        self, held: _Held[T], name: tuple[object, ...], database: Database, ask: Callable[[Connection], T]
    ) -> _Meaning[T]:
        seen = self.look()
        before = held.get(name)
        if before is not None and (before.value == seen.value or self._is_away(seen)):
            return before
        try:
            with database.read() as connection:
                meaning = _Meaning(seen.value, ask(connection))
        except NotFound as error:
            meaning = _Meaning(seen.value, None, error.detail)
        except Unavailable as error:
            if before is None:
                raise
            if self._failed_at is None:
                log.warning("names of models go on as they were while the database is away: %s", error.detail)
            self._failed_at = time.monotonic()
            return before
        self._failed_at = None
        held.put(name, meaning)
        return meaning

    def _is_away(self, seen: Seen) -> bool:
        """Whether the database has not answered for so long that a request does not wait for it."""
        now = time.monotonic()
        failed_at = self._failed_at
        return now - seen.at > AWAY_SECONDS or (failed_at is not None and now - failed_at < RETRY_SECONDS)
