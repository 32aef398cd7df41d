"""Measures what keys, tenants, checks, logs and metrics cost a warm prediction: `python -m benchmarks.warm_prediction`.

Each variant predicts one row again and again, in blocks that alternate: in this process, through the WSGI application,
in its processor time, which other work on the machine changes little; then over HTTP in elapsed time. Prints medians,
and medians of the ratios to the first variant in the same round. In process the first variant looks at no keys.
The second is Flask with the view alone: from it, log, metrics, checks of Host and Origin,
compression, security headers and the door before Flask are removed too.
"""

import argparse
import io
import json
import logging
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, TextIO, cast

from flask import Flask, g
from werkzeug.test import EnvironBuilder

from benchmarks.backends import EMBEDDED, serving
from benchmarks.clients import Message
from benchmarks.report import machine
from benchmarks.sockets import ask
from benchmarks.workloads import XOR_INPUTS, XOR_TARGETS
from service import logs
from service.access.keyring import KeyRing
from service.access.principal import ANYBODY
from service.access.rates import Rates
from service.api.authentication import identify
from service.api.limiting import Limiter
from service.app import create_app
from service.config import Settings
from service.definitions.limits import Limits
from service.door.door import Door
from service.services import open_services
from service.store.migrate import migrate
from workers.run.run import run_next_job

ROUNDS = 30
BLOCK_SECONDS = 0.5  # of one variant in one round
BODY = json.dumps({"instances": [[0, 1]]}).encode()
WITHOUT, BARE = "without keys", "the view alone"
NO_KEYS, A_KEY, ANOTHER = "no keys", "a key", "a key, a tenant with limits"
LIMITS = {"requests_per_second": 100_000, "predictions_per_second": 100_000}  # that are never reached
SCOPES = ["read", "predict", "train"]
OF_DEFAULT, OF_ANOTHER = "warm", "other"  # the models; no name is taken twice, as the bare view sees all tenants

Ask = Callable[[str, str, Mapping[str, Any], str], dict[str, Any]]  # method, path, JSON, key
Variants = dict[str, Callable[[], None]]  # each predicts once, and raises unless that is answered with 200


def job(model: str) -> dict[str, Any]:
    dataset = {"name": model, "inputs": XOR_INPUTS, "targets": XOR_TARGETS}
    return {"model": model, "dataset": dataset, "network": {"hidden": [4]}, "training": {"epochs": 3, "seed": 1}}


def path_of(model: str) -> str:
    return f"/v1/models/{model}:predict"


def authorization(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


@dataclass(frozen=True)
class Keys:
    """A key of the tenant `default`, and one of another tenant."""

    default: str
    another: str


def make_keys(ask_: Ask) -> Keys:
    ask_("POST", "/v1/tenants", {"name": "another"}, "")
    ask_("PATCH", "/v1/tenants/another", LIMITS, "")
    admin = ask_("POST", "/v1/keys", {"scopes": ["admin"]}, "")["key"]
    default, another = (
        ask_("POST", "/v1/keys", {"scopes": SCOPES, "tenant": tenant}, admin)["key"]
        for tenant in ("default", "another")
    )
    return Keys(default, another)


def without_keys(app: Flask) -> Flask:
    """Remove keys from an application; the filter by tenant costs nothing where no statement is run."""

    def begin() -> None:
        g.principal = ANYBODY

    app.before_request_funcs = {None: [begin if act is identify else act for act in app.before_request_funcs[None]]}
    door = app.wsgi_app
    assert isinstance(door, Door)
    keyless = cast(KeyRing, SimpleNamespace(asks=False))
    parts = replace(door.parts, ring=keyless)
    app.wsgi_app = Door(door.behind, parts)  # type: ignore[method-assign]
    return app


def bare(app: Flask) -> Flask:
    """Remove all that runs around the views of an application, but for the id of the request."""

    no_limits = Limiter(Limits(), Rates(Path()), ANYBODY.tenant)  # nothing is counted where no rate is set

    def begin() -> None:
        g.request_id, g.principal, g.limiter = "0" * 16, ANYBODY, no_limits

    without_keys(app)
    app.before_request_funcs = {None: [begin]}
    app.after_request_funcs = {}
    app.teardown_request_funcs = {}
    app.wsgi_app = Flask.wsgi_app.__get__(app)  # type: ignore[method-assign]
    return app


@contextmanager
def in_process() -> Iterator[Variants]:
    """Yield the variants of the application in this process, which log to a file as `backprop serve` does."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bp-warm-")))
        log_to(stack.enter_context((folder / "log").open("w")))
        stack.callback(logs.configure, "warning", "text")  # to standard error again
        queue = f"filesystem://{folder / 'queue'}"
        open_, asking = (Settings(data_dir=folder, queue_url=queue, auth=auth) for auth in ("off", "auto"))
        services = open_services(asking)
        stack.callback(services.database.dispose)
        migrate(services.database)
        apps = {name: create_app(open_) for name in (WITHOUT, BARE, NO_KEYS)} | {A_KEY: create_app(asking)}
        without_keys(apps[WITHOUT])
        bare(apps[BARE])
        for app in apps.values():
            stack.callback(app.extensions["services"].database.dispose)
        keys = make_keys(partial(send, apps[A_KEY]))
        for model, key in ((OF_DEFAULT, keys.default), (OF_ANOTHER, keys.another)):
            send(apps[A_KEY], "POST", "/v1/jobs", job(model), key)
            assert run_next_job(services, "benchmark", lambda: False)
        yield {
            **{name: through_wsgi(apps[name], OF_DEFAULT, "") for name in (WITHOUT, BARE, NO_KEYS)},
            A_KEY: through_wsgi(apps[A_KEY], OF_DEFAULT, keys.default),
            ANOTHER: through_wsgi(apps[A_KEY], OF_ANOTHER, keys.another),
        }


def send(app: Flask, method: str, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
    answer = app.test_client().open(path, method=method, json=body, headers=authorization(key))
    assert answer.status_code < 300, answer.text
    return dict(answer.json or {})


def log_to(stream: TextIO) -> None:
    """Log as `backprop serve` does, to another stream than standard error."""
    logs.configure("info", "text")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)


def through_wsgi(app: Flask, model: str, key: str) -> Callable[[], None]:
    builder = EnvironBuilder(
        path_of(model), "http://127.0.0.1", method="POST", data=BODY, content_type="application/json",
        headers=authorization(key).items(), environ_base={"REMOTE_ADDR": "127.0.0.1"},
    )  # fmt: skip
    environ, statuses = builder.get_environ(), list[str]()

    def start(status: str, headers: Sequence[tuple[str, str]], error: Any = None) -> Callable[[bytes], None]:
        statuses.append(status)
        return lambda _: None

    def predict() -> None:
        answer = app({**environ, "wsgi.input": io.BytesIO(BODY)}, start)
        text = b"".join(answer)
        if hasattr(answer, "close"):  # what the door answers has none
            answer.close()
        if statuses.pop() != "200 OK":
            raise AssertionError(text)

    return predict


@contextmanager
def over_http() -> Iterator[Variants]:
    """Yield the variants of two services, one of which asks for keys; each has a connection."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bp-warm-")))
        services = {
            auth: stack.enter_context(serving(EMBEDDED, folder / auth, BACKPROP_AUTH=auth, BACKPROP_API_PROCESSES="1"))
            for auth in ("off", "auto")
        }

        def train(auth: str, model: str, key: str) -> Callable[[], None]:
            send_to(services[auth].port, "POST", "/v1/jobs?wait=60", job(model), key)
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", services[auth].port), 60))
            return over(connection, Message.of("predict", "POST", path_of(model), BODY, key).text)

        keys = make_keys(partial(send_to, services["auto"].port))
        yield {
            NO_KEYS: train("off", OF_DEFAULT, ""),
            A_KEY: train("auto", OF_DEFAULT, keys.default),
            ANOTHER: train("auto", OF_ANOTHER, keys.another),
        }


def send_to(port: int, method: str, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **authorization(key)}
    status, text = ask(port, method, path, json.dumps(body).encode(), headers)
    assert status < 300, text
    return dict(json.loads(text))


def over(connection: socket.socket, message: bytes) -> Callable[[], None]:
    def predict() -> None:
        connection.sendall(message)
        answer = b""
        while not answer.endswith(b"}\n"):
            part = connection.recv(65_536)
            assert part, answer
            answer += part
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise AssertionError(answer)

    return predict


def measure(variants: Variants, rounds: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Return the seconds of a prediction by variant and round; every other round has the reversed order."""
    for predict in variants.values():
        block(predict, clock)
    found: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds):
        for name in list(variants)[:: -1 if number % 2 else 1]:
            found[name].append(block(variants[name], clock))
    return found


def block(predict: Callable[[], None], clock: Callable[[], float]) -> float:
    """Predict for a while; return the seconds of one prediction."""
    until, count, began = time.perf_counter() + BLOCK_SECONDS, 0, clock()
    while time.perf_counter() < until:
        predict()
        count += 1
    return (clock() - began) / count


def lines(where: str, found: Mapping[str, Sequence[float]]) -> Iterator[str]:
    first = next(iter(found))
    for name, seconds in found.items():
        ratio = median(each / base for each, base in zip(seconds, found[first], strict=True))
        yield f"| {where} | {name} | {median(seconds) * 1e6:,.0f} | {ratio:.3f} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.warm_prediction", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of blocks of half a second")
    rounds = parser.parse_args().rounds
    for name in [name for name in os.environ if name.startswith("BACKPROP_")]:
        del os.environ[name]
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}; {rounds} rounds of blocks of {BLOCK_SECONDS} s\n")
    print("| where | variant | median, µs | ratio to the first |\n|---|---|---|---|", flush=True)
    with in_process() as variants:
        print("\n".join(lines("in process", measure(variants, rounds, time.process_time))), flush=True)
    with over_http() as variants:
        print("\n".join(lines("HTTP", measure(variants, rounds, time.perf_counter))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
