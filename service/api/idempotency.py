"""`Idempotency-Key` on a POST that creates or changes something: a repeated request gets the first one's answer."""

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from flask import Response, current_app, g, request

from service.api.answers import answer
from service.api.context import services
from service.api.unpacking import BLOCK_BYTES, MULTIPART, blocks_of
from service.errors import Invalid, ServiceError, UnderWay
from service.jobs import views
from service.models.views import read_version
from service.predictions import views as predictions
from service.store import audit, idempotency
from service.store.database import Connection
from service.store.idempotency import StoredAnswer
from service.webhooks import views as webhooks

HEADER = "Idempotency-Key"
MAX_KEY = 255
STORED_HEADERS = ("Content-Type", "ETag", "Location", "Retry-After")
NOT_COVERED = (b"wait", b"pretty")  # parameters of the query that change the answer's form alone

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
        """Read the rest of the input; return the SHA-256 of all of it and of the query, without what is not covered."""
        whole = _digest_of_form() if request.mimetype == MULTIPART else self._digest_of_all()
        query = request.query_string.split(b"&")
        whole.update(b"&".join(part for part in query if part.partition(b"=")[0] not in NOT_COVERED))
        return whole.hexdigest()

    def _digest_of_all(self) -> "hashlib._Hash":
        while request.stream.read(BLOCK_BYTES):
            pass
        return self.digest.copy()


def _digest_of_form() -> "hashlib._Hash":
    """Return the digest of a form's fields and files: what stands between them is made anew each time it is sent."""
    whole = hashlib.sha256()
    for name, value in request.form.items(multi=True):
        whole.update(f"{name!r}={value!r};".encode())
    for name, file in request.files.items(multi=True):
        position = file.stream.tell()
        file.stream.seek(0)
        whole.update(f"{name!r}:{file.mimetype!r}:".encode())
        for block in blocks_of(file.stream):
            whole.update(block)
        file.stream.seek(position)
    return whole


@dataclass(frozen=True)
class Keyed:
    """A request with a key: whose it is, when it started, and its input."""

    tenant: int | None
    key: str
    started_at: datetime
    body: HashedInput


class Unanswered:
    """Keys that are still to be released, of requests that created nothing while the database did not answer."""

    def __init__(self) -> None:
        self._left: list[Keyed] = []
        self._turn = threading.Lock()

    def add(self, keyed: Keyed) -> None:
        with self._turn:
            self._left.append(keyed)

    def forget(self, connection: Connection, tenant: int | None) -> None:
        """Release the keys of a tenant, whose scope the transaction has; if it fails, they expire."""
        with self._turn:
            left = [keyed for keyed in self._left if keyed.tenant == tenant]
            self._left = [keyed for keyed in self._left if keyed.tenant != tenant]
        for keyed in left:
            idempotency.forget(connection, keyed.key, keyed.started_at)


def record_made(connection: Connection, location: str, status: int = 202) -> None:
    """Record what a request creates or changes, in its transaction, so that its key creates or changes nothing else.

    `status` is that of its answer, which `location` is read for if it is lost.
    """
    audit.name_resource(connection, location)
    keyed: Keyed | None = g.get("keyed")
    if keyed is None:
        return
    headers = {"Location": location} | ({"Retry-After": "1"} if status == 202 else {})
    known = StoredAnswer(keyed.body.rest(), status, headers, None)
    if not idempotency.record_made(connection, keyed.key, keyed.started_at, known):
        raise UnderWay(f"another request with this {HEADER} is under way; nothing was stored")


def _unanswered() -> Unanswered:
    return cast(Unanswered, current_app.extensions["unanswered"])


def checked_key() -> str | None:
    """Return the key of the request, None without one; raise `Invalid` for one that is empty or too long."""
    given = request.headers.get(HEADER)
    if given is not None and not 0 < len(given) <= MAX_KEY:
        raise Invalid(f"{HEADER} must have 1 to {MAX_KEY} characters")
    return given


def once(
    view: Callable[[], Response], answer_error: Callable[[ServiceError], Response], path: str, reads_body: bool
) -> Response:
    """Run the view, or answer with the stored answer to the same request.

    Parameters
    ----------
    path
        The address, the same for each of its spellings.
    reads_body
        Whether the view does; otherwise the body is read before, so that no transaction waits for it.
    """
    given = checked_key()
    if given is None:
        return view()
    key = hashlib.sha256(f"{request.method} {path}\n{given}".encode()).hexdigest()
    keyed = Keyed(services().tenant, key, datetime.now(UTC), HashedInput(request.environ["wsgi.input"]))
    request.environ["wsgi.input"] = keyed.body
    if not reads_body:
        keyed.body.rest()
    with services().database.begin() as connection:
        _unanswered().forget(connection, services().tenant)
        known = idempotency.begin(connection, key, keyed.started_at)
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
        _store(keyed, response)


def _again(known: StoredAnswer, body: HashedInput) -> Response:
    if known.status is None:
        raise UnderWay(f"the first request with this {HEADER} is still under way")
    if known.request != body.rest():
        raise Invalid(f"this {HEADER} was used for another body")
    headers = {**(known.headers or {}), "Idempotent-Replayed": "true"}
    if known.body is None:  # the answer was lost with its process or the database: the current state is answered
        return answer(_current(headers["Location"]), known.status, headers)
    return Response(known.body, known.status, headers)


def _current(location: str) -> Mapping[str, object]:
    """Return a job, a version of a model or a prediction of a dataset, as it is now, by its address."""
    match location.split("/")[2:]:
        case ["models", name, "versions", version]:
            return read_version(services(), name, version)
        case ["predictions", prediction_id]:
            return predictions.read(services(), prediction_id)
        case ["webhooks", webhook_id, *rest]:
            return webhooks.read(services(), webhook_id, *rest[1:])
        case [*_, job_id]:
            return views.read(services(), job_id)
    raise AssertionError(location)


def _store(keyed: Keyed, response: Response | None) -> None:
    """Store the answer, unless there is none or it is an error, after which the request may be sent again.

    The request has been executed: when its answer cannot be stored, the client still receives it.
    """
    try:
        _write(keyed, response)
    except ServiceError as error:
        log.warning("an answer cannot be stored under its %s: %s", HEADER, error.detail)
        _unanswered().add(keyed)


def _write(keyed: Keyed, response: Response | None) -> None:
    with services().database.begin() as connection:
        if response is None or response.status_code >= 400:
            idempotency.forget(connection, keyed.key, keyed.started_at)
            return
        headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
        known = StoredAnswer(keyed.body.rest(), response.status_code, headers, response.get_data())
        idempotency.store_answer(connection, keyed.key, keyed.started_at, known)
