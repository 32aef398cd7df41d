"""Small WSGI applications under the service's own HTTP server: `python -m benchmarks.serving.applications NAME PORT`.

They are what a prediction can cost at least: `wsgi` and `flask` answer with the body that they are sent, `numpy` is a
service of predictions as anybody would write it with Flask, orjson and NumPy. The networks are read from a folder.
"""

import argparse
import multiprocessing
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from flask import Flask, Response, request

from benchmarks.peers.forward import Forward, read_networks
from service.datasets.media_types import RAW
from service.front.environ import admission_of
from service.front.limits import Limits
from service.front.server import serve

PROCESSES = 2
MOST_BYTES = 64 * 1024 * 1024


Application = Callable[..., Iterable[bytes]]


def admitting(application: Application) -> Application:
    """Let the server read bodies of any size, for which it asks before it reads a large one."""

    def asked(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        admission = admission_of(environ)
        if admission is None:
            return application(environ, start_response)
        admission.most_bytes = MOST_BYTES
        start_response("204 No Content", [])
        return []

    return asked


def wsgi(_: dict[str, Forward]) -> Application:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", environ["CONTENT_TYPE"]), ("Content-Length", str(len(body)))])
        return [body]

    return application


def flask(_: dict[str, Forward]) -> Flask:
    app = Flask("echo", static_folder=None)

    @app.post("/<name>")
    def echo(name: str) -> Response:
        return Response(request.get_data(), mimetype=request.mimetype)

    return app


def numpy(networks: dict[str, Forward]) -> Flask:
    app = Flask("numpy", static_folder=None)

    @app.post("/<name>")
    def predict(name: str) -> Response:
        if request.mimetype == RAW:
            outputs = networks[name](np.frombuffer(request.get_data(), np.float32).reshape(networks[name].shape))
            return Response(outputs.tobytes(), mimetype=RAW)
        outputs = networks[name](np.array(orjson.loads(request.get_data())["instances"], np.float32))
        return Response(
            orjson.dumps({"predictions": outputs}, option=orjson.OPT_SERIALIZE_NUMPY), mimetype="application/json"
        )

    return app


APPLICATIONS: dict[str, Callable[[dict[str, Forward]], Application]] = {
    "wsgi": wsgi,
    "flask": flask,
    "numpy": numpy,
}


def _listener(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _run(name: str, port: int, folder: Path) -> None:
    make = partial(APPLICATIONS[name], read_networks(folder))
    serve(lambda: admitting(make()), _listener(port), Limits(spool_folder=folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=APPLICATIONS)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # which ends the processes below, too
    processes = [
        multiprocessing.Process(target=_run, args=(given.name, given.port, given.folder), daemon=True)
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
