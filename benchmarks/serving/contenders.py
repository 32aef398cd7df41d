"""The servers that `make bench-serve` compares, each as processes of its own with the same two networks."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.backends import EMBEDDED, serving
from benchmarks.serving.rows import DIGITS, SIZES, SMALL, Row, job, model_of
from service.ops.listening import free_port
from service.ops.supervisor import THREAD_VARIABLES
from tests.integration.service import Service
from tests.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent
SERVICE, WSGI, FLASK, NUMPY = "this service", "bare WSGI", "bare Flask", "Flask, orjson, NumPy"
FASTAPI, MLSERVER = "FastAPI, uvicorn", "MLServer"
PROCESSES = 2
START_SECONDS = 60.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Contender:
    """A server that runs. `url` says where a row is sent, None where it cannot be; `form` is that of its JSON."""

    name: str
    url: Callable[[Row], str | None]
    form: str = "instances"


@contextmanager
def everything(folder: Path, environments: Mapping[str, Path], only: frozenset[str]) -> Iterator[list[Contender]]:
    """Run all contenders, or those that are named, until the block ends; peers whose environment is there."""
    networks = folder / "networks"
    networks.mkdir()
    with ExitStack() as stack:
        service = stack.enter_context(serving(EMBEDDED, folder / "service"))
        train(service, networks)
        found = [
            Contender(SERVICE, lambda row: f"{service.address}/v1/models/{model_of(row.network)}:predict{query(row)}")
        ]
        for name, key in ((WSGI, "wsgi"), (FLASK, "flask"), (NUMPY, "numpy")):
            if name in only:
                command = [sys.executable, "-m", "benchmarks.serving.applications", key]
                port = stack.enter_context(_running(command, ["{port}", str(networks)], {}, folder / f"{key}.log"))
                found.append(Contender(name, _simple(port)))
        if FASTAPI in only and FASTAPI in environments:
            found.append(stack.enter_context(_fastapi(environments[FASTAPI], networks, folder)))
        if MLSERVER in only and MLSERVER in environments:
            found.append(stack.enter_context(_mlserver(environments[MLSERVER], networks, folder)))
        yield found


def query(row: Row) -> str:
    return f"?shape={row.shape[0]},{row.shape[1]}&format=raw" if row.is_raw else ""


def train(service: Service, networks: Path) -> None:
    """Train both networks, and write their parameters for the others."""
    for network in SIZES:
        trained = service.post("/v1/jobs?wait=60", job(network))
        assert trained["status"] == "succeeded", trained
        layers = service.get(f"/v1/jobs/{trained['id']}/epochs/last/parameters")["layers"]
        arrays = {}
        for index, layer in enumerate(layers):
            arrays[f"W{index}"] = np.array(layer["weights"], np.float32)
            arrays[f"b{index}"] = np.array(layer["biases"], np.float32)
        np.savez(networks / f"{network}.npz", allow_pickle=False, **arrays)


def _simple(port: int) -> Callable[[Row], str]:
    return lambda row: f"http://127.0.0.1:{port}/{row.network}"


@contextmanager
def _running(command: list[str], ends: list[str], variables: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run a server until the block ends; yield its port once it takes connections."""
    port = free_port()
    threads = dict.fromkeys(THREAD_VARIABLES, "1")
    given = {name: value.format(port=port) for name, value in variables.items()}
    environment = {**os.environ, **threads, "PYTHONPATH": str(ROOT), **given}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *(end.format(port=port) for end in ends)],
            env=environment,
            stdout=output,
            stderr=output,
            cwd=ROOT,
        )
    try:
        wait_until(lambda: _takes(port, process), START_SECONDS, f"a server that takes connections, see {log}")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _takes(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, f"the server ended with {process.returncode}"
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


@contextmanager
def _fastapi(environment: Path, networks: Path, folder: Path) -> Iterator[Contender]:
    command = [str(environment / "bin/python"), "-m", "uvicorn", "benchmarks.peers.fastapi_server:app"]
    options = ["--port", "{port}", "--workers", str(PROCESSES), "--no-access-log"]
    with _running(command, options, {"NETWORKS": str(networks)}, folder / "fastapi.log") as port:
        address = f"http://127.0.0.1:{port}"
        yield Contender(
            FASTAPI, lambda row: f"{address}/raw/{row.network}" if row.is_raw else f"{address}/{row.network}"
        )


@contextmanager
def _mlserver(environment: Path, networks: Path, folder: Path) -> Iterator[Contender]:
    """Run MLServer with a custom runtime; it computes in its own process, which is faster here than its pool of them.

    Its HTTP server reads no binary tensors.
    """
    models = folder / "mlserver"
    ports = {name: free_port() for name in ("grpc_port", "metrics_port")}
    for network in (SMALL, DIGITS):
        (models / network).mkdir(parents=True)
        settings = {"name": network, "implementation": "benchmarks.peers.mlserver_runtime.Runtime"}
        (models / network / "model-settings.json").write_text(json.dumps(settings))
    general = {**ports, "host": "127.0.0.1", "parallel_workers": 0, "debug": False}
    (models / "settings.json").write_text(json.dumps(general))
    command = [str(environment / "bin/mlserver"), "start", str(models)]
    with _running(
        command, [], {"NETWORKS": str(networks), "MLSERVER_HTTP_PORT": "{port}"}, folder / "mlserver.log"
    ) as port:
        address = f"http://127.0.0.1:{port}"
        yield Contender(
            MLSERVER, lambda row: None if row.is_raw else f"{address}/v2/models/{row.network}/infer", "tensor"
        )
