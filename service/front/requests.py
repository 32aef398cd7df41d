"""httptools' callbacks for one connection: they make requests of bytes, and bound headers while they arrive."""

from collections.abc import Callable

import httptools

from service.front.environ import Environ
from service.front.exchange import Exchange
from service.front.heads import add_header, add_target, length_of
from service.front.limits import MAX_HEAD_BYTES, MAX_HEADERS
from service.front.refusals import Refused

AROUND_HEADER = len(": \r\n")
MOST_OF_CHUNK = 16  # bytes that a chunk has around its data, without extensions


class Requests:
    """The requests of a connection, one after the other."""

    def __init__(
        self,
        template: Environ,
        make: Callable[[Environ, int | None, bool], Exchange],
        begin: Callable[[Exchange], None],
        now: Callable[[], float],
    ) -> None:
        """Each request is given to `begin` as what `make` makes of it, before its body arrives."""
        self._template = template
        self._make = make
        self._begin = begin
        self._now = now
        self._parser = httptools.HttpRequestParser(self)
        self._environ: Environ = {}
        self._target = b""
        self._head_bytes = 0
        self._unended = 0  # bytes of a head, without a part that a request before ended in
        self._headers = 0
        self._begun = 0  # requests so far
        self._framing = 0  # bytes of an arriving body that are none of its data
        self._arriving: Exchange | None = None
        self._in_head_since: float | None = None
        self._body_after_upgrade = b""
        self._is_resuming = False

    @property
    def arriving(self) -> Exchange | None:
        """The request whose body is arriving."""
        return self._arriving

    @property
    def in_head_since(self) -> float | None:
        """When the first byte of headers came that have not ended."""
        return self._in_head_since

    def end(self) -> None:
        """Let go of the parser, which holds this: a cycle would keep the whole connection until it is collected."""
        del self._parser

    def restart_clock(self) -> None:
        """Measure a head's time from now on: what came before was held up by the server."""
        if self._in_head_since is not None:
            self._in_head_since = self._now()

    def feed(self, data: bytes) -> None:
        """Parse bytes; raise `httptools.HttpParserError` or `Refused`."""
        begun, arriving = self._begun, self._arriving
        is_between = arriving is None and self._in_head_since is None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade()
            self.feed(data[upgrade.args[0] :])
            return
        # of a header that has not ended httptools says nothing, and it copies what it has of it with each call
        if self._in_head_since is not None:
            if self._begun == begun + is_between:  # nothing of the request before is in these bytes
                self._unended += len(data)
                _check_head(self._unended)
        elif arriving is not None and arriving is self._arriving:
            self._framing += len(data)
            if self._framing > MAX_HEAD_BYTES:
                raise Refused(400, f"chunks and trailers have more than {MAX_HEAD_BYTES:,} bytes beside the body")
        else:
            self._framing = 0

    def _ignore_upgrade(self) -> None:
        """Go on with HTTP/1.1, as RFC 9110 allows when another protocol is asked for.

        The parser takes the body for the other protocol's, so a second parser reads it, after a head that frames it.
        """
        self._parser = httptools.HttpRequestParser(self)
        if self._body_after_upgrade:
            self._is_resuming = True
            self._parser.feed_data(b"POST / HTTP/1.1\r\n" + self._body_after_upgrade + b"\r\n\r\n")
            self._is_resuming = False
            self._body_after_upgrade = b""

    def on_message_begin(self) -> None:
        if self._is_resuming:
            return
        self._environ = self._template.copy()
        self._target = b""
        self._head_bytes = self._unended = self._headers = 0
        self._begun += 1
        self._in_head_since = self._now()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        _check_head(self._head_bytes)

    def on_url(self, part: bytes) -> None:
        if self._is_resuming:
            return
        self._target += part
        self._count(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head_since is None:
            return  # a trailer
        self._headers += 1
        if self._headers > MAX_HEADERS:
            raise Refused(431, f"the request has more than {MAX_HEADERS} headers")
        self._count(len(name) + len(value) + AROUND_HEADER)
        add_header(self._environ, name, value)

    def on_headers_complete(self) -> None:
        if self._is_resuming:
            return
        parser, environ = self._parser, self._environ
        self._in_head_since = None
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise Refused(400, f"HTTP/{version} is not read here; send HTTP/1.1")
        add_target(environ, parser.get_method().decode("latin-1"), self._target, version)
        length = length_of(environ, version)
        if version == "1.0":
            environ.pop("HTTP_EXPECT", None)  # it knows no answer before the answer
        if environ.get("HTTP_EXPECT", "100-continue").lower() != "100-continue":
            raise Refused(417, f"Expect `{environ['HTTP_EXPECT'][:40]}` is not met here")
        if parser.should_upgrade() and length != 0:
            self._body_after_upgrade = (
                b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
            )
        self._arriving = self._make(environ, length, parser.should_keep_alive())
        self._begin(self._arriving)

    def on_chunk_header(self) -> None:
        self._framing -= MOST_OF_CHUNK

    def on_body(self, data: bytes) -> None:
        self._framing -= len(data)
        if self._arriving is not None:
            self._arriving.feed(data)

    def on_message_complete(self) -> None:
        if self._body_after_upgrade:
            return
        arriving, self._arriving = self._arriving, None
        if arriving is not None:
            arriving.end_of_body()


def _check_head(size: int) -> None:
    if size > MAX_HEAD_BYTES:
        raise Refused(431, f"the request's line and headers have more than {MAX_HEAD_BYTES:,} bytes")
