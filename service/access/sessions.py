"""Sessions of the dashboard: a key becomes a cookie that scripts of the page cannot read.

A session is a row like a key's, with a secret of its own, and ends with its key. What a page sends to change something
must carry the session's CSRF token, which another site cannot know: it is derived from the secret, so it needs no
storage, and the secret does not follow from it.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from service.access.keys import MadeKey
from service.access.tokens import id_of, new_token
from service.store import keys
from service.store.database import Connection
from service.store.keys import KeyKind, KeyRecord, NewKey

LIVES = timedelta(hours=12)
MOST_OF_A_KEY = 50  # the oldest session of a key ends when there are more


def begin(connection: Connection, parent: KeyRecord) -> MadeKey:
    """Make a session of a key; it may do what the key may."""
    for id in keys.sessions_of(connection, parent.id)[: -MOST_OF_A_KEY + 1]:
        keys.revoke(connection, id)
    token = new_token()
    end = datetime.now(UTC) + LIVES
    new = NewKey(
        token.id,
        KeyKind.SESSION,
        token.sha256,
        parent.scopes,
        models=parent.models,
        origins=parent.origins,
        job=parent.job,
        parent=parent.id,
        expires_at=end if parent.expires_at is None else min(end, parent.expires_at),
    )
    return MadeKey(keys.add_key(connection, new), token)


def end(connection: Connection, text: str) -> None:
    """End the session of a cookie's text, which has been recognised."""
    keys.revoke(connection, id_of(text) or "")


def csrf_token(text: str) -> str:
    """Return the CSRF token of a session, given the cookie's text."""
    return hmac.new(text.encode("utf-8", "surrogateescape"), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(given: str, text: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), csrf_token(text).encode())
