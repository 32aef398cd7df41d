"""`Client`: the resources of one service, by one address and one key."""

import os
from pathlib import Path
from typing import Any, Self

import urllib3

from backprop_client.datasets import Datasets
from backprop_client.explanations import Explanations
from backprop_client.http import Answer, Transport
from backprop_client.jobs import Jobs
from backprop_client.models import Models
from backprop_client.predictions import Predictions
from backprop_client.resources import Keys, Networks, Webhooks
from backprop_client.version import __version__

DEFAULT_URL = "http://127.0.0.1:8000"


def key_of_environment() -> str | None:
    """Return the key that `BACKPROP_KEY` has, or the file that `BACKPROP_KEY_FILE` names."""
    if file := os.environ.get("BACKPROP_KEY_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get("BACKPROP_KEY") or None


class Client:
    """A client of one service; a context manager that closes its connections. Threads may share it.

    Requests that get no answer, or are asked to come again (429, 502, 503, 504), are repeated, a POST under the same
    `Idempotency-Key`, so nothing is done twice.

    Parameters
    ----------
    url
        The address of the service; by default `BACKPROP_URL`, else http://127.0.0.1:8000.
    key
        A key (`bp_...`); by default `BACKPROP_KEY`, or what the file has that `BACKPROP_KEY_FILE` names, else none is
        sent.
    timeout
        Seconds without a byte of the answer after which a request counts as lost.
    retries
        How often a request is repeated; the pauses are those of `Retry-After`, else they double from 0.5 to 8 s. By
        default 6 times, and twice while nothing has answered at the address yet.
    pool
        Connections set up by you, such as `urllib3.ProxyManager(...)` or a `PoolManager` with certificates.

    Notes
    -----
    A pickled client has its `key` if it was given one; one from `BACKPROP_KEY` is read where it is unpickled.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: int | None = None,
        pool: urllib3.PoolManager | None = None,
    ) -> None:
        self._given: dict[str, Any] = {"url": url, "key": key, "timeout": timeout, "retries": retries}
        self._key = key or key_of_environment()
        self._transport = Transport(
            url or os.environ.get("BACKPROP_URL") or DEFAULT_URL,
            self._key,
            timeout,
            retries,
            f"backprop-client/{__version__}",
            pool,
        )
        self.networks = Networks(self._transport)
        self.datasets = Datasets(self._transport)
        self.jobs = Jobs(self._transport)
        self.models = Models(self._transport)
        self.predictions = Predictions(self._transport)
        self.explanations = Explanations(self._transport)
        self.webhooks = Webhooks(self._transport)
        self.keys = Keys(self._transport)

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._transport.url

    def health(self) -> dict[str, Any]:
        """Return the health of the database, the queue and the workers; raise `Unavailable` without the database."""
        answer: dict[str, Any] = self._transport.send("GET", "/readyz").json()
        return answer

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send any other request; see `Transport.send` for the options."""
        return self._transport.send(method, path, body, **options)

    def hurried(self) -> Self:
        """Return a client of the same service that gives up at once, for the end of a process."""
        return type(self)(self.url, self._key, timeout=5.0, retries=0)

    def close(self) -> None:
        """Close the connections; a request that comes later opens new ones."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def __getstate__(self) -> dict[str, Any]:
        return self._given

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self  # copies of an estimator share it
