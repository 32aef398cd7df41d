"""`Idempotency-Key` on a POST that creates: the first answer is given again to whoever sends the same again."""

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from flask import Response, current_app, g, request

from service.api.answers import answer
from service.api.context import services
from service.errors import Conflict, Invalid, ServiceError
from service.jobs import views
from service.store import idempotency
from service.store.database import Connection
from service.store.idempotency import KeptAnswer

HEADER = "Idempotency-Key"
MAX_KEY = 255
NOT_KEPT = frozenset({400, 401, 422, 429})
KEPT_HEADERS = ("Content-Type", "Location", "Retry-After")
BLOCK_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


class HashedInput:
    """The request's input, hashed as it is read."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.stream.read(size)
        self.digest.update(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        data: bytes = self.stream.readline(size)
        self.digest.update(data)
        return data

    def rest(self) -> str:
        """Read what is left; the SHA-256 of it all, with what stands in the query."""
        while request.stream.read(BLOCK_BYTES):
            pass
        whole = self.digest.copy()
        whole.update(request.query_string)
        return whole.hexdigest()


@dataclass(frozen=True)
class Keyed:
    """A request with a key: when it began, and its input."""

    key: str
    began: datetime
    body: HashedInput


class Unanswered:
    """The keys of this process' requests that came to nothing while the database was away: still to be let go of."""

    def __init__(self) -> None:
        self._left: list[Keyed] = []
        self._turn = threading.Lock()

    def add(self, keyed: Keyed) -> None:
        with self._turn:
            self._left.append(keyed)

    def forget(self, connection: Connection) -> None:
        """Let go of them; those of a transaction that fails now are lost after a while by themselves."""
        with self._turn:
            left, self._left = self._left, []
        for keyed in left:
            idempotency.forget(connection, keyed.key, keyed.began)


def note_made(connection: Connection, location: str) -> None:
    """To be called in the transaction in which a request makes a thing, so that its key makes no other."""
    keyed: Keyed | None = g.get("keyed")
    if keyed is None:
        return
    known = KeptAnswer(keyed.body.rest(), 202, {"Location": location, "Retry-After": "1"}, None)
    if not idempotency.made(connection, keyed.key, keyed.began, known):
        raise Conflict(f"another request with this {HEADER} is under way; nothing was stored")


def _unanswered() -> Unanswered:
    return cast(Unanswered, current_app.extensions["unanswered"])


def once(view: Callable[[], Response], answer_error: Callable[[ServiceError], Response]) -> Response:
    """Run the view, or answer as it was answered before."""
    given = request.headers.get(HEADER)
    if given is None:
        return view()
    if not 0 < len(given) <= MAX_KEY:
        raise Invalid(f"{HEADER} must have 1 to {MAX_KEY} characters")
    key = hashlib.sha256(f"{request.method} {request.path}\n{given}".encode()).hexdigest()
    keyed = Keyed(key, datetime.now(UTC), HashedInput(request.environ["wsgi.input"]))
    request.environ["wsgi.input"] = keyed.body
    with services().database.begin() as connection:
        _unanswered().forget(connection)
        known = idempotency.begin(connection, key, keyed.began)
    if known is not None:
        return _again(known, keyed.body)
    g.keyed = keyed
    response = None
    try:
        try:
            response = view()
        except ServiceError as error:
            response = answer_error(error)
        return response
    finally:
        _keep(keyed, response)


def _again(known: KeptAnswer, body: HashedInput) -> Response:
    if known.status is None:
        raise Conflict(f"the first request with this {HEADER} is still under way")
    if known.request != body.rest():
        raise Invalid(f"this {HEADER} was used for another body")
    headers = {**(known.headers or {}), "Idempotent-Replayed": "true"}
    if known.body is None:  # its process died, or lost the database, before it had answered: the job as it now stands
        return answer(views.read(services(), headers["Location"].rpartition("/")[2]), known.status, headers)
    return Response(known.body, known.status, headers)


def _keep(keyed: Keyed, response: Response | None) -> None:
    """Keep the answer, unless it is one that the client may mend, or there is none.

    The work is done by now: when the answer cannot be kept, the client still gets it.
    """
    try:
        _write(keyed, response)
    except ServiceError as error:
        log.warning("an answer cannot be kept under its %s: %s", HEADER, error.detail)
        _unanswered().add(keyed)


def _write(keyed: Keyed, response: Response | None) -> None:
    with services().database.begin() as connection:
        if response is None or response.status_code in NOT_KEPT or response.status_code >= 500:
            idempotency.forget(connection, keyed.key, keyed.began)
            return
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        known = KeptAnswer(keyed.body.rest(), response.status_code, headers, response.get_data())
        idempotency.keep(connection, keyed.key, keyed.began, known)
