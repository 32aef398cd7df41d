"""The server on each event loop."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.front.server import new_event_loop
from tests.unit.front.serving import Running, running


@pytest.fixture(params=[new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, request.param) as server:
        yield server
