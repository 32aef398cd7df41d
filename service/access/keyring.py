"""The keys that are valid now, held in the memory of each process until a change of them is seen.

While the database does not answer, what was held stays valid for 15 minutes.
"""

import hmac
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from service.access import tokens
from service.access.last_use import LastUse
from service.access.principal import Principal, Scope
from service.config import Settings
from service.errors import Unauthenticated, Unavailable
from service.store import changes, keys
from service.store.changes import Changes
from service.store.database import Database
from service.store.keys import KeyKind, KeyRecord, LiveKeys

STAYS_VALID_SECONDS = 900.0  # while the database does not answer
RETRY_SECONDS = 1.0
MOST_RECOGNISED = 1000  # texts that are known to be keys; all others are compared by their digests
NO_DIGEST = tokens.digest("")  # compared with where there is no such key, so that the work is the same
WORDS = (
    "this needs a valid key in the header `Authorization: Bearer bp_...`; no other header is read for it, nor the URL; "
    "`backprop keys create` makes keys, and so does `POST /v1/keys` with a key of the scope `admin`"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HeldKey:
    """What is held of a key: enough to recognise it and to say what it may do."""

    sha256: str
    kind: KeyKind
    principal: Principal
    expires_at: datetime | None
    parent: str | None


@dataclass(frozen=True)
class Held:
    """The keys at one value of the counter of changes.

    `recognised` has texts that were found to be keys of some kinds. It ends with this object, at the next change.
    """

    version: int
    ever_made: bool
    keys: Mapping[str, HeldKey]
    origins: frozenset[str]  # to whose pages some key is limited
    recognised: dict[tuple[str, frozenset[KeyKind]], HeldKey] = field(default_factory=dict, repr=False)


@dataclass
class KeyRing:
    """Recognises keys, and knows whether any are asked for."""

    database: Database
    settings: Settings
    changes: Changes
    clock: Callable[[], float] = time.monotonic
    _ever_made: bool = False
    _held: Held | None = None
    _confirmed_at: float = 0.0
    _failed_at: float = -RETRY_SECONDS
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.last_use = LastUse(self.database)
        self._ever_made = self._ever_made or self.settings.needs_a_key_to_start

    @property
    def asks(self) -> bool:
        """Whether requests need a key: under `auto` once one was made, or where not only this machine can reach it."""
        if self.settings.auth != "auto":
            return self.settings.auth == "required"
        if not self._ever_made:  # once there was a key, that stays so
            self._ever_made = self.held().ever_made
        return self._ever_made

    def names(self, origin: str) -> bool:
        """Return whether a key is limited to this origin, among others: its pages may send requests with that key."""
        return self.settings.auth != "off" and origin in self.held().origins

    def principal_of(self, text: str, kinds: frozenset[KeyKind]) -> Principal:
        """Return who a key belongs to, if it is one of these kinds.

        Raises
        ------
        Unauthenticated
            For every text that is no valid key, in the same words and after the same work; the log has the reason.
        """
        principal = self.recognised(text, kinds)
        if principal is None:
            known = self.held().keys.get(tokens.id_of(text) or "")
            log.info("a key is refused: %s", self._why(text, known, kinds))
            raise Unauthenticated(WORDS)
        return principal

    def recognised(self, text: str, kinds: frozenset[KeyKind]) -> Principal | None:
        """Return who a key belongs to, if it is one of these kinds, else None; a key's use is recorded."""
        held = self.held()
        known = held.recognised.get((text, kinds)) or self._matching(text, kinds, held)
        if known is None or not self._is_live(known, held):
            return None
        principal = known.principal
        if principal.key_id is not None:
            self.last_use.record(principal.key_id)
        return principal

    @staticmethod
    def _matching(text: str, kinds: frozenset[KeyKind], held: Held) -> HeldKey | None:
        """Return the key that a text is, if it is one of these kinds: by the same work whether or not it is a key."""
        digest = tokens.digest(text)
        known = held.keys.get(tokens.id_of(text) or "")
        matches = hmac.compare_digest(digest, known.sha256 if known else NO_DIGEST)
        if known is None or not matches or known.kind not in kinds:
            return None
        if len(held.recognised) < MOST_RECOGNISED:
            held.recognised[text, kinds] = known
        return known

    def is_live(self, id: str) -> bool:
        """Return whether a key, or a session, that was recognised before is still valid."""
        held = self.held()
        known = held.keys.get(id)
        return known is not None and self._is_live(known, held)

    @staticmethod
    def _is_live(known: HeldKey, held: Held) -> bool:
        """Return whether a key has not expired, nor the one that a session was signed in with."""
        if known.parent is not None:
            parent = held.keys.get(known.parent)
            if parent is None or _is_past(parent.expires_at):
                return False
        return not _is_past(known.expires_at)

    @staticmethod
    def _why(text: str, known: HeldKey | None, kinds: frozenset[KeyKind]) -> str:
        """Say for the log why a key is refused, without any part of what was sent."""
        if tokens.is_mistyped(text):
            return "it is mistyped or cut off (its checksum is wrong), or no key at all"
        if known is None:
            return "there is none of its id, or it is revoked"
        if not hmac.compare_digest(tokens.digest(text), known.sha256):
            return f"its secret is not that of key {known.principal.key_id}"
        if known.kind not in kinds:
            return f"it is a {known.kind}, which is not taken here"
        return f"key {known.principal.key_id} has expired"

    def held(self) -> Held:
        """Return the keys as they are now; read them again if a change was seen."""
        seen = self.changes.look(changes.ACCESS)
        held = self._held
        if held is None or held.version != seen.value:
            held = self._read_again(seen.value)
        elif seen.at > self._confirmed_at:
            self._confirmed_at = seen.at
        if self.clock() - self._confirmed_at > STAYS_VALID_SECONDS:
            raise Unavailable("the database does not answer, so it is not known whether keys are still valid")
        return held

    def _read_again(self, version: int) -> Held:
        """Read the keys, once for all requests; what was held goes on while the database does not answer."""
        with self._turn:
            held = self._held
            if held is not None and (held.version >= version or self.clock() - self._failed_at < RETRY_SECONDS):
                return held
            at = self.clock()
            try:
                with self.database.read(snapshot=True) as connection:
                    live = keys.live_keys(connection)
            except Unavailable:
                if held is None:
                    raise
                self._failed_at = self.clock()
                return held
            self._held, self._confirmed_at = _held(live), at
            return self._held


def _held(live: LiveKeys) -> Held:
    held = {record.id: _held_key(record) for record in live.keys}
    origins = {origin for key in held.values() for origin in key.principal.origins or ()}
    return Held(live.version, live.ever_made, held, frozenset(origins))


def _held_key(record: KeyRecord) -> HeldKey:
    principal = Principal(
        record.tenant,
        record.tenant_name,
        frozenset(map(Scope, record.scopes)),
        record.id if record.kind is not KeyKind.SESSION else record.parent,
        record.models,
        record.origins,
        record.job,
    )
    return HeldKey(record.sha256, record.kind, principal, record.expires_at, record.parent)


def _is_past(moment: datetime | None) -> bool:
    return moment is not None and moment <= datetime.now(UTC)
