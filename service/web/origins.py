"""Origins (scheme, host and port) of the pages whose requests a browser sends, and those that the settings name."""

import re
from dataclasses import dataclass
from functools import lru_cache

from service.errors import Misconfigured
from service.web.hosts import LONGEST, Authority, entries, read_authority

CORS_ORIGINS = "BACKPROP_CORS_ORIGINS"
FRAME_ANCESTORS = "BACKPROP_FRAME_ANCESTORS"
PORTS = {"http": 80, "https": 443}
ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{0,40})://(?P<authority>[^/?#@]+)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """The origin of a page; the port is None where the scheme has none of its own and none is given."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, scheme: str, authority: Authority) -> "Origin":
        scheme = scheme.lower()
        return cls(scheme, authority.host, PORTS.get(scheme) if authority.port is None else authority.port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port in (None, PORTS.get(self.scheme)) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@lru_cache(1024)
def read_origin(text: str) -> Origin | None:
    """Read an `Origin` header; None for `null`, which every sandboxed page sends, and for what is no origin."""
    found = ORIGIN.fullmatch(text) if len(text) <= LONGEST else None
    authority = None if found is None else read_authority(found["authority"])
    return None if found is None or authority is None else Origin.of(found["scheme"], authority)


@dataclass(frozen=True)
class Origins:
    """The origins whose pages may send requests and read the answers."""

    listed: frozenset[Origin] = frozenset()
    every: bool = False

    def allow(self, origin: Origin | None) -> bool:
        """Whether pages of this origin may; `null`, None here, never is one that can be named."""
        return origin is not None and (self.every or origin in self.listed)


def cors_origins(listed: str) -> Origins:
    """Read a setting such as `https://shop.example.org, http://localhost:3000`, or `*`."""
    found, every = set(), False
    for entry in entries(listed):
        if entry == "*":
            every = True
            continue
        origin = read_origin(entry)
        if origin is None:
            raise Misconfigured(
                f"{CORS_ORIGINS} is a list of origins such as `https://shop.example.org, http://localhost:3000`, "
                f"without a path and without wildcards, got {entry!r}"
            )
        found.add(origin)
    return Origins(frozenset(found), every)


def frame_ancestors(listed: str) -> str:
    """Read who may show this service in a frame, as Content-Security-Policy says it: `'none'` for nobody."""
    sources = []
    for entry in entries(listed):
        scheme, separator, rest = entry.partition("://")
        named = read_origin(scheme + separator + rest.removeprefix("*."))
        if entry.strip("'") in ("none", "self"):
            sources.append(f"'{entry.strip(chr(39))}'")
        elif named is None:
            raise Misconfigured(
                f"{FRAME_ANCESTORS} is a list of `self` and of origins such as "
                f"`https://school.example.org, https://*.example.org`, got {entry!r}"
            )
        else:
            sources.append(str(named).replace("://", "://*.") if rest.startswith("*.") else str(named))
    if "'none'" in sources and len(sources) > 1:
        raise Misconfigured(f"{FRAME_ANCESTORS} cannot have `none` beside others, got {listed!r}")
    return " ".join(sources) or "'none'"
