"""Keys across processes: a revoked one stops everywhere, and all go on while the database does not answer."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from service.access import keys
from service.access.keys import KeySpec
from service.access.tokens import new_token
from service.config import Settings
from service.errors import Unavailable
from service.services import Services
from service.store.tenancy import DEFAULT_TENANT
from tests.freezing import frozen
from tests.servers import Postgres, Redis, free_port
from tests.waiting import wait_until

STOPS_SECONDS = 5.0
ANSWER_SECONDS = 2.0


@dataclass
class Api:
    """One `backprop api` of its own, with one process that answers."""

    port: int
    process: subprocess.Popen[bytes]

    def status(self, key: str | None) -> int:
        """Return the status of who is asking, which needs no database."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/session", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def is_up(self) -> bool:
        assert self.process.poll() is None
        try:
            return self.status(None) > 0
        except OSError:
            return False


@pytest.fixture
def apis(settings: Settings) -> Iterator[tuple[Api, Api]]:
    with ExitStack() as stack:
        started = [_start(settings, stack), _start(settings, stack)]
        for api in started:
            wait_until(api.is_up, 60, "an API that answers")
        yield started[0], started[1]


def _start(settings: Settings, stack: ExitStack) -> Api:
    port = free_port()
    outer = {name: value for name, value in os.environ.items() if not name.startswith("BACKPROP_")}
    variables = {
        "BACKPROP_DATA_DIR": str(settings.data_dir),
        "BACKPROP_DATABASE_URL": settings.database_url,
        "BACKPROP_QUEUE_URL": settings.queue_url,
        "BACKPROP_PORT": str(port),
        "BACKPROP_API_PROCESSES": "1",
    }
    process = subprocess.Popen([sys.executable, "-m", "service.ops.cli", "api"], env={**outer, **variables})

    def stop() -> None:
        process.terminate()
        process.wait(30)

    stack.callback(stop)
    return Api(port, process)


def make(service: Services) -> tuple[str, str]:
    with service.database.scoped(DEFAULT_TENANT).begin() as connection:
        made = keys.create(connection, KeySpec(("read",)))
    return made.record.id, made.token.text


def revoke(service: Services, id: str) -> None:
    with service.database.scoped(DEFAULT_TENANT).begin() as connection:
        keys.revoke(connection, id)


def test_a_key_begins_goes_on_and_ends_in_every_process(
    service: Services, apis: tuple[Api, Api], servers: tuple[Postgres | None, Redis]
) -> None:
    assert [api.status(None) for api in apis] == [200, 200]
    id, text = make(service)
    for api in apis:
        wait_until(lambda api=api: api.status(None) == 401, STOPS_SECONDS, "a process that asks for keys")
        assert api.status(text) == 200 and api.status(new_token().text) == 401
    if servers[0] is not None:
        check_outages(servers[0], apis, text)
        wait_until(lambda: _answers(service), 10, "a database that answers again")
    revoke(service, id)
    for api in apis:
        if service.database.is_sqlite:
            assert api.status(text) == 401  # at once
        wait_until(lambda api=api: api.status(text) == 401, STOPS_SECONDS, "a process that refuses a revoked key")


def check_outages(postgres: Postgres, apis: tuple[Api, Api], text: str) -> None:
    """Freeze PostgreSQL, then stop and start it: keys are recognised as before, each answer within its limit."""

    def check() -> None:
        for api in apis:
            assert api.status(text) == 200
            assert api.status(new_token().text) == api.status(None) == 401

    with frozen(*postgres.processes()):
        check()
    postgres.stop()
    check()
    postgres.start()


def _answers(service: Services) -> bool:
    try:
        make(service)
    except Unavailable:
        return False
    return True
