"""Requests: a pool of connections, retries of what may be repeated, keys for POSTs that create, problems as exceptions.

Every request may be sent twice without doing something twice, but for those that say `repeats=False`: a GET, PUT or
DELETE by its meaning, a POST that creates because it carries an `Idempotency-Key`, others because they change nothing.
"""

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from urllib3.util import Timeout

from backprop_client.content import Content, json_bytes
from backprop_client.errors import BackpropError, NotFound, Unexpected, Unreachable, problem_of
from backprop_client.retrying import never_left, pause_before_next, retry_after_of

T = TypeVar("T")
Values = Mapping[str, Any]

CONNECT_SECONDS = 10.0
CONNECTIONS = 8  # kept open to one service
RETRIES = 6
RETRIES_OF_A_STRANGER = 2  # where nobody has answered yet, the address is more likely wrong than the service restarting
NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')
NOTHING: Values = MappingProxyType({})


@dataclass(frozen=True)
class Answer:
    """A status below 400, the headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    def json(self) -> Any:
        """Return the JSON of the body; None for an empty one. Raise `Unexpected` for what is no JSON."""
        try:
            return json.loads(self.data) if self.data else None
        except ValueError as error:
            begin = self.data[:80].decode("utf-8", "replace")
            raise Unexpected(f"what answers sends no JSON, so it is not this service: {begin}") from error


@dataclass(frozen=True)
class Request:
    """A request that may be sent more than once; `timeout` is in seconds without a byte of the answer."""

    method: str
    path: str
    query: Values = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Content | None = None
    creates: bool = False
    repeats: bool = True
    timeout: float | None = None

    @property
    def target(self) -> str:
        return target_of(self.path, self.query)

    @property
    def may_repeat(self) -> bool:
        return self.repeats and (self.content is None or self.content.rewinds)


def target_of(path: str, query: Values) -> str:
    """Return a path with a query; values of None are left out, a list gives the name once for each value."""
    given = {name: _text(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True, quote_via=quote)}" if given else path


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_text(item) for item in value] if isinstance(value, list | tuple) else value


def segment(name: str | int) -> str:
    """Return a name or an id as a part of a path."""
    if not isinstance(name, str | int):
        raise TypeError(f"an id or a name is needed, got {type(name).__name__}; of an answer, its `id` or `name`")
    return quote(str(name), safe="@")


def _check_address(url: str) -> None:
    """Raise `ValueError` unless the text is the address of a service; the message never repeats a password in it."""
    if "@" in url:
        raise ValueError("the address must hold no user and no password, which are not sent; give the key as `key`")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"the address must begin with http:// or https:// and name a host, got {url!r}")
    if parts.query or parts.fragment:
        raise ValueError("the address must end with its path: requests have queries of their own")


def _checked_key(key: str) -> str:
    """Return a key; raise `ValueError`, which does not repeat it, for what no header can carry."""
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ValueError("the key must be ASCII without spaces and line ends; it is not repeated here")
    return key


class Transport:
    """Sends requests to one service; threads may share it, and a forked process makes connections of its own.

    Parameters
    ----------
    url
        The address of the service, `http://` or `https://`, perhaps with a path.
    key
        What `Authorization: Bearer` carries; None sends no key.
    timeout
        Seconds without a byte of the answer after which a request counts as lost.
    retries
        How often a request is repeated; None for `RETRIES`, and `RETRIES_OF_A_STRANGER` while no connection was made.
    agent
        What `User-Agent` carries.
    pool
        Connections that the caller has set up, for a proxy or certificates of its own.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        timeout: float,
        retries: int | None,
        agent: str,
        pool: urllib3.PoolManager | None,
    ) -> None:
        _check_address(url)
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.retries = RETRIES if retries is None else retries
        self._is_patient = retries is not None  # or something has answered
        self._headers = {"User-Agent": agent, "Accept": "application/json", "Accept-Encoding": "gzip"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {_checked_key(key.strip())}"
        self._pool = pool
        self._pool_of: int | None = None

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Values = NOTHING,
        headers: Values = NOTHING,
        content: Content | None = None,
        creates: bool = False,
        repeats: bool = True,
        wait: float | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send a request and return its answer.

        Parameters
        ----------
        body, content
            What is sent: as JSON, or other content.
        creates
            Whether an `Idempotency-Key` goes along.
        wait
            For how many seconds, at most 60, the service may hold the answer.

        Raises
        ------
        Problem
            For a status of 400 or more.
        Unreachable
            Without an answer.
        """
        if body is not None:
            content = Content.of_bytes(json_bytes(body), "application/json")
        if wait:
            query = {**query, "wait": f"{wait:g}"}
            timeout = (self.timeout if timeout is None else timeout) + wait
        return self.run(Request(method, path, query, headers, content, creates, repeats, timeout), _whole)

    def delete(self, path: str, query: Values = NOTHING, headers: Values = NOTHING) -> None:
        """Delete what is there; not found at a repetition, it was deleted by the attempt whose answer was lost."""
        try:
            self.send("DELETE", path, query=query, headers=headers)
        except NotFound as missing:
            if missing.attempts == 1:
                raise

    def run(self, request: Request, consume: Callable[[urllib3.BaseHTTPResponse], T]) -> T:
        """Send the request until `consume` has read an answer below 400, or raise what the last attempt came to."""
        headers = self._headers_of(request)
        for attempt in range(self.retries + 1):
            try:
                response = self._sent(request, headers)
                self._is_patient = True
                if response.status < 400:
                    return consume(response)
                retry_after = retry_after_of(response.headers.get("Retry-After"))
                failure: BackpropError = problem_of(
                    response.status, response.reason or "", response.read(), retry_after
                )
            except urllib3.exceptions.HTTPError as error:
                failure = Unreachable(f"no answer from {self.url}: {error}")
                failure.__cause__ = error
            failure.attempts = attempt + 1
            pause = pause_before_next(failure, attempt, request.may_repeat)
            if pause is None or attempt >= self._most_retries(failure):
                raise failure
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _most_retries(self, failure: BackpropError) -> int:
        """Return how often a request is repeated that failed like this."""
        if self._is_patient or not never_left(failure):
            return self.retries
        return min(self.retries, RETRIES_OF_A_STRANGER)

    def _headers_of(self, request: Request) -> dict[str, str]:
        headers = {**self._headers, **request.headers}
        if request.creates:
            headers.setdefault("Idempotency-Key", secrets.token_hex(16))
        if request.content is not None:
            headers |= request.content.headers
        return headers

    def _sent(self, request: Request, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """Send the request once; return the answer with its body unread."""
        seconds = self.timeout if request.timeout is None else request.timeout
        return self._connections().request(
            request.method,
            self.url + request.target,
            body=None if request.content is None else request.content.rewound(),
            headers=headers,
            timeout=Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def pages(self, path: str, query: Values) -> Iterator[Any]:
        """Yield the entries of a list; the next page is asked for when the one before is used up."""
        target = target_of(path, query)
        while target:
            answer = self.send("GET", target)
            yield from answer.json()["data"]
            found = NEXT.search(answer.headers.get("Link", ""))
            target = "" if found is None else self._own_target(found[1])

    def _own_target(self, link: str) -> str:
        """Return the path and query of a link of an answer, below the address of the service."""
        parts = urlsplit(link)
        return f"{parts.path.removeprefix(urlsplit(self.url).path)}?{parts.query}"

    def _connections(self) -> urllib3.PoolManager:
        if self._pool is None or self._pool_of not in (None, os.getpid()):
            self._pool, self._pool_of = urllib3.PoolManager(maxsize=CONNECTIONS), os.getpid()
        return self._pool

    def close(self) -> None:
        """Close the connections; a request that comes later opens new ones."""
        if self._pool is not None:
            self._pool.clear()


def _whole(response: urllib3.BaseHTTPResponse) -> Answer:
    return Answer(response.status, response.headers, response.read())
