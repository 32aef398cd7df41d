"""Server-sent events as the HTML standard defines them, resumed by `Last-Event-ID` without loss or repeat."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import urllib3

from backprop_client.http import Request, Transport, Values
from backprop_client.types import Event

STREAM = "text/event-stream"
SILENCE_SECONDS = 45.0  # the service sends a comment every 15 s
RETRY_SECONDS = 2.0
BLOCK = 64 * 1024


def follow(
    transport: Transport, path: str, query: Values, after: int | None, is_last: Callable[[Event], bool]
) -> Iterator[Event]:
    """Yield events in the order of their ids, each once, until one is the last or the service says there are no more.

    A connection that breaks is opened again, from the event that was yielded last on.

    Parameters
    ----------
    after
        The id of the last event that is known already. If events past it are no longer kept, the first one that is
        yielded has the type `gap`, and its id takes the place of `after`.
    """
    while True:
        with _opened(transport, path, query, after) as response:
            if response.status == 204:
                return
            for event in _events(response):
                if after is not None and event["id"] <= after and event["type"] != "gap":
                    continue
                after = event["id"]
                yield event
                if is_last(event):
                    return
        time.sleep(RETRY_SECONDS)


@contextmanager
def _opened(transport: Transport, path: str, query: Values, after: int | None) -> Iterator[urllib3.BaseHTTPResponse]:
    headers = {"Accept": STREAM, "Accept-Encoding": "identity"}
    if after is not None:
        headers["Last-Event-ID"] = str(after)
    response = transport.run(Request("GET", path, query, headers, timeout=SILENCE_SECONDS), lambda opened: opened)
    try:
        yield response
    finally:
        response.close()


def _events(response: urllib3.BaseHTTPResponse) -> Iterator[Event]:
    """Yield the events that arrive until the connection ends, however it does."""
    data: list[str] = []
    for line in _lines(response):
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            yield cast(Event, json.loads("\n".join(data)))
            data = []


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """Yield whole lines; half of one, after which the connection broke, is left out."""
    rest = b""
    try:
        for block in response.stream(BLOCK, decode_content=False):
            *lines, rest = (rest + block).split(b"\n")
            yield from (line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines)
    except urllib3.exceptions.HTTPError:
        return  # the caller goes on with another connection
