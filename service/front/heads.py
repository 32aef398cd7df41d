"""A request's line and headers as the environment of WSGI (PEP 3333), and the refusal of those that are ambiguous."""

import sys
from urllib.parse import unquote_to_bytes

import httptools

from service.front.environ import Environ
from service.front.refusals import Refused

MOST_CACHED = 512
_keys: dict[bytes, str] = {}


def template(peer: tuple[str, int], local: tuple[str, int]) -> Environ:
    """Return what all requests of a connection have in common."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": local[0],
        "SERVER_PORT": str(local[1]),
        "REMOTE_ADDR": peer[0],
        "REMOTE_PORT": str(peer[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def add_target(environ: Environ, method: str, target: bytes, version: str) -> None:
    """Add the method, path and query of a request's line; raise `Refused` for what is no path."""
    authority = None
    if target == b"*" and method == "OPTIONS":  # the server as a whole
        target = b"/"
    if not target.startswith(b"/"):
        target, authority = _of_absolute(target, method)
    path, _, query = target.partition(b"?")
    environ["REQUEST_METHOD"] = method
    environ["PATH_INFO"] = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
    environ["QUERY_STRING"] = query.decode("latin-1")
    environ["SERVER_PROTOCOL"] = "HTTP/" + version
    hosts = environ.get("HTTP_HOST")
    if authority is not None and hosts not in (None, authority):
        raise Refused(400, "the request's line and its Host header name different hosts")
    if hosts is None and version == "1.1":
        raise Refused(400, "the request has no Host header")


def _of_absolute(target: bytes, method: str) -> tuple[bytes, str]:
    """Return the path with its query, and the host, of a target such as `http://host/path`, as proxies are sent."""
    scheme, colon, rest = target.partition(b"://")
    if not colon or scheme.lower() not in (b"http", b"https") or method == "CONNECT":
        raise Refused(400, "the request's target must be a path that begins with /")
    authority, slash, path = rest.partition(b"/")
    if b"@" in authority or b"?" in authority or not authority:
        raise Refused(400, "the request's target must be a path that begins with /")
    return slash + path or b"/", authority.decode("latin-1")


def add_header(environ: Environ, name: bytes, value: bytes) -> None:
    """Add a header; those of one name are joined, except those of which a second one would change the meaning."""
    key = _keys.get(name) or _key_of(name)
    if not key:
        return
    text = value.decode("latin-1")
    if key in environ:
        if key in ("HTTP_HOST", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
            raise Refused(400, f"the request has two {name.decode('latin-1')} headers")
        text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
    environ[key] = text


def _key_of(name: bytes) -> str:
    """Return a header's name in the environment; empty for a name with `_`, which would pass for one with `-`."""
    key = "" if b"_" in name else name.decode("latin-1").upper().replace("-", "_")
    if key and key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = "HTTP_" + key
    if len(_keys) < MOST_CACHED:
        _keys[name] = key
    return key


def length_of(environ: Environ, version: str) -> int | None:
    """Return the length of a body, 0 without one, None for one in chunks, and remove what is then no longer true."""
    coding = environ.pop("HTTP_TRANSFER_ENCODING", None)
    if coding is None:
        return int(environ.get("CONTENT_LENGTH") or 0)
    if coding.strip().lower() != "chunked" or version != "1.1":
        raise Refused(400, f"Transfer-Encoding `{coding[:40]}` is not read here; send `chunked`, by HTTP/1.1")
    if "CONTENT_LENGTH" in environ:
        raise Refused(400, "the request has both Content-Length and Transfer-Encoding")
    return None


def explained(error: httptools.HttpParserError) -> Refused:
    """Return the refusal for a request that cannot be parsed."""
    if isinstance(error.__context__, Refused):
        return error.__context__
    return Refused(400, f"the request is not HTTP/1.1: {error}")
