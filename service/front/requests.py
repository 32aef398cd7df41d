"""httptools' callbacks for one connection: they make requests of bytes, and bound headers while they arrive."""

from collections.abc import Callable

import httptools

from service.front.environ import Environ
from service.front.exchange import Exchange
from service.front.heads import add_header, add_target, length_of
from service.front.limits import MAX_HEAD_BYTES, MAX_HEADERS
from service.front.refusals import Refused


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
        self._headers = 0
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

    def feed(self, data: bytes) -> None:
        """Parse bytes; raise `httptools.HttpParserError` or `Refused`."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade()
            self.feed(data[upgrade.args[0] :])
        if self._in_head_since is not None:
            self._count(len(data))  # of a header that has not ended httptools says nothing

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

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise Refused(431, f"the request's line and headers have more than {MAX_HEAD_BYTES:,} bytes")

    def on_message_begin(self) -> None:
        if self._is_resuming:
            return
        self._environ = self._template.copy()
        self._target = b""
        self._head_bytes = self._headers = 0
        self._in_head_since = self._now()

    def on_url(self, part: bytes) -> None:
        if self._is_resuming:
            return
        self._target += part
        if len(self._target) > MAX_HEAD_BYTES:
            raise Refused(431, f"the request's line has more than {MAX_HEAD_BYTES:,} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head_since is None:
            return  # a trailer
        self._headers += 1
        if self._headers > MAX_HEADERS:
            raise Refused(431, f"the request has more than {MAX_HEADERS} headers")
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
        if environ.get("HTTP_EXPECT", "100-continue").lower() != "100-continue":
            raise Refused(417, f"Expect `{environ['HTTP_EXPECT'][:40]}` is not met here")
        if parser.should_upgrade() and length != 0:
            self._body_after_upgrade = (
                b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
            )
        self._arriving = self._make(environ, length, parser.should_keep_alive())
        self._begin(self._arriving)

    def on_body(self, data: bytes) -> None:
        if self._arriving is not None:
            self._arriving.feed(data)

    def on_message_complete(self) -> None:
        if self._body_after_upgrade:
            return
        arriving, self._arriving = self._arriving, None
        if arriving is not None:
            arriving.end_of_body()
