"""Make the fixture of this folder: databases with jobs in every state, made by the code of commit c315006.

    cd CHECKOUT_OF_C315006
    PYTHONPATH=. python PATH_OF/make_fixture.py FOLDER postgresql://postgres@127.0.0.1:5432/EMPTY_DATABASE

The service runs as a user would run it: `backprop serve` makes the data folder, `backprop api` answers over HTTP, and
`backprop backup` and `pg_dump` write the files. Only the worker is started by this script, with a few hooks that make
it stand still or die where the story needs it; see `worker`.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from reading import compute_everything, read_everything
from sqlalchemy import Connection, create_engine, text

Body = dict[str, Any]

EXAMPLES = Path("examples")
HOST = "worker-host"
WAIT_SECONDS = 60.0
ALIVE_SECONDS = 31.0  # after which a worker that was killed no longer counts as living
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

# ---------------------------------------------------------------------------------------------------------------------
# What is trained


def single(epochs: int = 6, **training: Any) -> Body:
    """A job whose epochs are stored one by one, as it validates."""
    settings = {"seed": 11, "epochs": epochs, "batch_size": 16, "optimizer": {"type": "adam", "learning_rate": 0.02}}
    settings |= {"validation": {"fraction": 0.2}, **training}
    return {"dataset": "iris", "network": {"hidden": [4]}, "training": settings}


def short(epochs: int = 24, **training: Any) -> Body:
    """A job of short epochs, which are stored in runs."""
    settings = {"seed": 12, "epochs": epochs, "batch_size": 4, "loss": "quadratic", "store_parameters": {"every": 10}}
    settings["optimizer"] = {"type": "sgd", "learning_rate": 0.5, "momentum": 0.9}
    return {"dataset": "xor", "network": "sigmoids", "training": settings | training}


def stored(**more: Any) -> Body:
    """A job that stores the optimizer's state with its epochs."""
    return single(5, store_parameters={"optimizer_state": True}, **more)


def within() -> Body:
    """A job that can be interrupted between the batches of an epoch."""
    body = single(3, batch_size=4)
    body["network"] = {
        "layers": [
            {"type": "dense", "units": 5, "activation": "tanh"},
            {"type": "batch_normalization"},
            {"type": "dropout", "rate": 0.2},
            {"type": "dense", "units": 3, "activation": "softmax"},
        ]
    }
    return body


def deep() -> Body:
    """A job that is warned of gradients that vanish."""
    layers = [{"type": "dense", "units": 3, "activation": "sigmoid"} for _ in range(6)]
    network = {"layers": [*layers, {"type": "dense", "units": 3, "activation": "softmax"}]}
    return {**single(4), "network": network}


DATASETS: list[Body] = [
    {"name": "xor", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]},
    {"name": "xor-again", "inputs": [[0.1, 0], [0, 0.9], [1, 0.1]], "targets": [[0], [1], [1]]},
    {"name": "alike", "inputs": [[0, 0], [0, 1], [1, 0]], "targets": [[0.5], [0.5], [0.5]]},
    {
        "name": "houses",
        "target": "price",
        "rows": [
            {
                "size": 40 + index * 37 % 90,
                "place": ("north", "south", "west")[index * 7 % 3],
                "age": None if index % 9 == 4 else index * 13 % 60,
                "price": 100 + index * 29 % 71,
            }
            for index in range(40)
        ],
    },
    {
        "name": "weighed",
        "columns": ["x", "y", "w", "kind"],
        "target": "kind",
        "weight": "w",
        "rows": [[index * 17 % 23 / 10, index * 5 % 13 / 5, 0.5 + index % 3, "aab"[index % 3]] for index in range(45)],
    },
    {"name": "temporary", "inputs": [[0, 1], [1, 0], [1, 1]], "targets": [1, 0, 1]},
]
NETWORKS: list[Body] = [
    {
        "name": "sigmoids",
        "layers": [
            {"type": "dense", "units": 3, "activation": "sigmoid"},
            {"type": "dense", "units": 1, "activation": "sigmoid"},
        ],
    },
    {"name": "with-training", "hidden": [3], "training": {"epochs": 4, "optimizer": {"type": "nadam"}, "seed": 3}},
    {
        "name": "varied",
        "inputs": 4,
        "layers": [
            {"type": "dense", "units": 4, "initializer": "he_normal"},
            {"type": "layer_normalization"},
            {"type": "activation", "activation": {"type": "leaky_relu", "slope": 0.2}},
            {"type": "dropout", "rate": 0.1},
            {"type": "dense", "units": 3, "activation": "softmax"},
        ],
    },
]

# What has ended in the fixture, by label; `metadata` of a job instructs the hooks of the worker.
SUCCEED: dict[str, Body] = {
    "single": single(),
    "runs": short(),
    "runs-all-stored": short(20, store_parameters={"every": 1}),
    "long-runs": short(100, store_parameters={"every": 40}, seed=13),
    "early-stopping": single(40, early_stopping={"patience": 2, "min_delta": 0.05}),
    "stop-when": single(60, stop_when={"training_accuracy": 0.9}, schedule={"type": "cosine", "warmup_epochs": 2}),
    "thinned": single(16, store_parameters={"limit_bytes": 1200}),
    "thinned-runs": short(32, store_parameters={"limit_bytes": 1000}),
    "float64": {**single(5, precision="float64", schedule={"type": "one_cycle"}), "network": "varied"},
    "within-whole": within(),
    "regression": {
        "dataset": "houses",
        "network": {"layers": [{"type": "dense", "units": 3, "activation": "gelu"}, {"type": "dense", "units": 1}]},
        "training": {
            "epochs": 6,
            "seed": 14,
            "loss": {"type": "huber", "delta": 0.5},
            "preprocessing": {"missing": "indicator", "targets": "min_max"},
            "optimizer": "adagrad",
            "metrics": ["mae", "r2"],
            "validation": {"rows": [30, 40]},
        },
    },
    "weights": {
        "dataset": "weighed",
        "network": {"hidden": [3]},
        "training": {"epochs": 5, "seed": 15, "class_weights": "balanced", "metrics": ["accuracy", "f1", "roc_auc"]},
    },
    "other-dataset": {**short(12, validation={"dataset": "xor-again"}), "metadata": {"purpose": "validation"}},
    "null-metrics": {**short(12, metrics=["r2", "mae"]), "dataset": "alike"},
    "null-metrics-single": {**short(6, metrics=["r2", "mae"], validation={"rows": [2, 3]}), "dataset": "alike"},
    "warned": deep(),
    "defaults": {"dataset": "iris", "network": "with-training", "priority": 3},
    "state": stored(),
    "blobs": {**stored(seed=16), "metadata": {"blobs": "yes"}},
    "dataset-gone": {"dataset": "temporary", "network": {"hidden": [2]}, "training": {"epochs": 3, "seed": 17}},
    "second-version": {**single(3, seed=18), "model": "single"},
    "removed": {**single(3, seed=19), "model": "survivor"},
}
FAIL: dict[str, Body] = {
    "diverged": {
        **single(60, optimizer={"type": "sgd", "learning_rate": 4.0}, loss="mean_squared_error", seed=20),
        "network": {"layers": [{"type": "dense", "units": 3}, {"type": "dense", "units": 3}]},
    },
    "diverged-runs": {
        **short(80, optimizer={"type": "sgd", "learning_rate": 1.5}, seed=21),
        "network": {"layers": [{"type": "dense", "units": 2}, {"type": "dense", "units": 1}]},
    },
    "time-limit": {**single(40, time_limit_seconds=0.2), "metadata": {"slow": "0.05"}},
    "invalid-data": {
        "dataset": "houses",
        "network": {"hidden": [2]},
        "training": {"epochs": 3, "seed": 22, "rows": [0, 20]},
    },
    "crashed": {**single(), "metadata": {"crash": "3"}},
}
# Interrupted by a request of the client; each is then cancelled, stays paused, or is resumed while no worker is there.
CANCEL: dict[str, Body] = {
    "cancelled-running": {**single(), "metadata": {"halt_at": "3"}},
    "cancelled-runs": {**short(), "metadata": {"halt_at": "9"}},
}
PAUSE: dict[str, Body] = {
    "paused": {**single(), "metadata": {"halt_at": "3"}},
    "paused-runs": {**short(), "metadata": {"halt_at": "9"}},
    "paused-thinned": {**single(16, store_parameters={"limit_bytes": 1200}), "metadata": {"halt_at": "11"}},
    "paused-blobs": {**single(seed=23), "metadata": {"halt_at": "3", "blobs": "yes"}},
    "paused-state": {**stored(seed=23), "metadata": {"halt_at": "3"}},
    "paused-stopping": {
        **single(
            40,
            early_stopping={"patience": 2, "min_delta": 0.05},
            schedule={"type": "reduce_on_plateau", "patience": 0},
            seed=23,
        ),
        "metadata": {"halt_at": "3"},
    },
    "paused-null-metrics": {**short(20, metrics=["r2"], seed=26), "dataset": "alike", "metadata": {"halt_at": "9"}},
    "queued-resumed": {**single(seed=27), "metadata": {"halt_at": "3"}},
    "queued-resumed-runs": {**short(seed=28), "metadata": {"halt_at": "9"}},
    "queued-wait": {**single(seed=27), "metadata": {"halt_at": "3"}, "on_other_machine": "wait"},
    "queued-restart": {**short(seed=28), "metadata": {"halt_at": "9"}, "on_other_machine": "restart"},
    "queued-step": {**short(seed=28), "metadata": {"halt_at": "9"}},
}
# Their worker is killed in the middle. Those with `deaf` do not do what is asked of them before.
KILL: dict[str, Body] = {
    "running": {**single(seed=32), "metadata": {"halt_at": "3", "deaf": "yes"}},
    "running-runs": {**short(seed=33), "metadata": {"halt_at": "9", "deaf": "yes"}},
    "running-blobs": {**single(seed=32), "metadata": {"halt_at": "3", "deaf": "yes", "blobs": "yes"}},
    "running-pausing": {**single(seed=32), "metadata": {"halt_at": "3", "deaf": "yes"}},
    "running-cancelling": {**short(seed=33), "metadata": {"halt_at": "9", "deaf": "yes"}},
    "running-first-batch": {**single(seed=32), "metadata": {"halt_at": "start"}},
    "running-after-crashes": {**single(seed=32), "metadata": {"halt_at": "start", "crash": "2"}},
}
QUEUE: dict[str, Body] = {
    "queued": single(seed=38),
    "queued-runs": short(seed=39),
    "queued-hold": {**single(seed=38), "hold": True},
    "queued-first": {**short(seed=39), "priority": 7},
    "paused-queued": single(seed=38),
    "cancelled-queued": single(seed=38),
}
# Forks, by label: the label of the parent and the body.
FORKS: dict[str, tuple[str, Body]] = {
    "fork-stored": ("state", {"epoch": 3, "training": {"epochs": 3}}),
    "fork-fresh": ("state", {"epoch": "best", "training": {"epochs": 3, "optimizer": "adadelta", "seed": 44}}),
    "fork-of-fork": ("fork-stored", {"epoch": 2, "training": {"epochs": 3}}),
    "fork-of-runs": ("runs", {"epoch": 20, "training": {"epochs": 12}}),
}
QUEUED_FORKS: dict[str, tuple[str, Body]] = {
    "queued-fork": ("state", {"epoch": 3, "training": {"epochs": 3}}),
    "queued-fork-of-blobs": ("blobs", {"epoch": 3, "training": {"epochs": 4}}),
    "queued-fork-of-runs": ("runs", {"epoch": 10, "training": {"epochs": 12}}),
}
PAUSED_FORKS: dict[str, tuple[str, Body]] = {
    "paused-fork": ("state", {"epoch": 4, "training": {"epochs": 5}, "metadata": {"halt_at": "3"}}),
}
STEPPED: dict[str, Body] = {"steps": short(seed=39), "held": single(seed=38), "paused-steps": short(seed=39)}
WITHIN: dict[str, Body] = {"paused-within": {**within(), "metadata": {"slow": "0.5"}}}
PUT_BACK: dict[str, Body] = {"queued-put-back": {**single(seed=27), "metadata": {"halt_at": "3"}}}

# Whatever of these has not ended goes on after the upgrade. Each is also run undisturbed, to compare with.
GOING_ON: dict[str, Body] = {**PAUSE, **KILL, **QUEUE, **STEPPED, **WITHIN, **PUT_BACK}
GOING_ON_FORKS = {**QUEUED_FORKS, **PAUSED_FORKS}
ENDED_LABELS = ("steps", "cancelled-queued", "running-cancelling")
DEFINING = ("dataset", "network", "training")  # what of a job's body decides what is computed


# ---------------------------------------------------------------------------------------------------------------------
# The worker


def worker() -> int:
    """Run `python -m workers` with hooks that do what the `metadata` of a job says.

    `halt_at`: stand still after that epoch until something is asked, or with `deaf` for ever; `start` before all.
    `slow`: sleep so many seconds before each batch. `crash`: end the process in so many attempts. `blobs`: put byte
    strings that are longer than 100 bytes into the blobs.
    """
    from service import stored_bytes
    from workers import __main__ as program
    from workers import training_run, watching

    socket.gethostname = lambda: HOST  # what the fixture has in place of this machine's name
    sizes = (stored_bytes.IN_ROW_BYTES, stored_bytes.WRITTEN_IN_ROW_BYTES)
    prepare, stops_after, stop = training_run.prepare, training_run._stops_after, watching.Watch.stop

    def preparing(parts: Any, job: Any) -> Any:
        small = "blobs" in job.metadata
        stored_bytes.IN_ROW_BYTES, stored_bytes.WRITTEN_IN_ROW_BYTES = (100, 100) if small else sizes
        if job.attempt <= int(job.metadata.get("crash", 0)):
            os._exit(70)
        while job.metadata.get("halt_at") == "start":
            time.sleep(1)
        return prepare(parts, job)

    def halting(recorder: Any, watch: Any, pauses: bool) -> Any:
        words = recorder.job.metadata
        is_there = recorder.is_resumable and "halt_at" in words and recorder.last_epoch >= int(words["halt_at"])
        if is_there:
            recorder.flush()
            while "deaf" in words or not (watch.asked or watch.should_stop()):
                time.sleep(0.02)
        return stops_after(recorder, watch, pauses)

    def slowly(watch: Any) -> bool:
        time.sleep(float(watch.job.metadata.get("slow", 0)))
        return bool(stop(watch))

    training_run.prepare, training_run._stops_after, watching.Watch.stop = preparing, halting, slowly
    return int(program.main())


# ---------------------------------------------------------------------------------------------------------------------
# The service


class Service:
    """The processes of one service on one data folder and one database, and requests to it."""

    def __init__(self, data_dir: Path, database_url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.data_dir, self.database_url = data_dir, database_url
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BACKPROP_")}
        self.environment = {
            **clean,
            **ONE_THREAD,
            "BACKPROP_DATA_DIR": str(data_dir),
            "BACKPROP_DATABASE_URL": database_url,
            "BACKPROP_QUEUE_URL": f"filesystem://{data_dir.parent / 'queue'}",
            "BACKPROP_PORT": str(self.port),
            "BACKPROP_API_PROCESSES": "1",
            "BACKPROP_LOOK_SECONDS": "0.2",
            "BACKPROP_LOG_LEVEL": "warning",
        }
        self.ids: dict[str, str] = {}
        self.with_key: list[Body] = []  # requests with a key, and what came back

    @contextmanager
    def running(self, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process of the service, its group ended afterwards."""
        environment = {**self.environment, **settings}
        process = subprocess.Popen([sys.executable, *arguments], env=environment, start_new_session=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)

    def wait_until_it_answers(self, path: str = "/healthz") -> None:
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            try:
                if json.loads(self.ask("GET", path, None)[1])["status"] in ("alive", "ready"):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit("the service does not answer")

    def ask(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Send a request; the status and the body of its answer."""
        kind = {} if body is None else {"Content-Type": "text/csv" if isinstance(body, bytes) else "application/json"}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        address = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(address, data, {**kind, **(headers or {})}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        status, data = self.ask(method, path, body, headers)
        if status >= 400:
            raise SystemExit(f"{method} {path}: {status} {data.decode()}")
        return json.loads(data or b"null")

    def post(self, path: str, body: Body, key: str | None) -> Any:
        """Post, with an `Idempotency-Key` where one is given."""
        if key is None:
            return self.send("POST", path, body)
        answer = self.send("POST", path, body, {"Idempotency-Key": key})
        self.with_key.append({"path": path, "key": key, "body": json.dumps(body), "answer": answer})
        return answer

    def submit(self, label: str, body: Body, path: str = "/v1/jobs", key: str | None = None) -> None:
        """Submit a job and remember it by its label, which is the name of its model, too, unless it has another."""
        body = {**body, "metadata": {"label": label, **body.get("metadata", {})}}
        if not path.endswith(":replay"):
            body = {"model": label, **body}
        self.ids[label] = self.post(path, body, key)["id"]

    def verb(self, label: str, verb: str, body: Any = None) -> None:
        self.send("POST", f"/v1/jobs/{self.ids[label]}:{verb}", body)

    def job(self, label: str) -> Any:
        return self.send("GET", f"/v1/jobs/{self.ids[label]}")

    def wait(self, label: str, is_there: Callable[[Any], bool], what: str) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            job = self.job(label)
            if is_there(job):
                print(f"{label} is {what}", file=sys.stderr)
                return
            time.sleep(0.05)
        raise SystemExit(f"{label} is not {what}: {json.dumps(job, indent=1)}")

    def wait_status(self, label: str, *statuses: str) -> None:
        self.wait(label, lambda job: job["status"] in statuses, " or ".join(statuses))

    def wait_epoch(self, label: str, body: Body) -> None:
        """Wait until a job stands still where its metadata says."""
        at = body["metadata"]["halt_at"]
        if at == "start":
            crashes = int(body["metadata"].get("crash", 0))
            self.wait(label, lambda job: job["status"] == "running" and job["attempt"] > crashes, "running")
            return
        self.wait(label, lambda job: job["progress"]["epoch"] >= int(at), f"at epoch {at}")

    def fork(self, label: str, fork: tuple[str, Body]) -> None:
        parent, body = fork
        self.submit(label, body, f"/v1/jobs/{self.ids[parent]}:fork")


# ---------------------------------------------------------------------------------------------------------------------
# The story


def run_story(service: Service) -> None:
    """Bring jobs into every state."""
    set_up(service)
    with service.running(__file__, "worker", BACKPROP_WORKERS="1") as process:
        _end_jobs(service)
        _fork(service)
        _replay(service)
        _interrupt(service)
        for label, body in PUT_BACK.items():
            service.submit(label, body)
            service.wait_epoch(label, body)
        process.terminate()
        process.wait(30)
    for label, body in KILL.items():
        service.submit(label, {"priority": 1, **body})
    with service.running(__file__, "worker", BACKPROP_WORKERS=str(len(KILL))) as process:
        for label, body in KILL.items():
            service.wait_epoch(label, body)
        service.verb("running-pausing", "pause")
        service.verb("running-cancelling", "cancel")
        time.sleep(1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    _queue(service)


def set_up(service: Service) -> None:
    """Store the networks and datasets; one of each with a key."""
    rows = (EXAMPLES / "iris.csv").read_bytes().splitlines(keepends=True)
    service.send("POST", "/v1/datasets?name=iris", b"".join([rows[0], *rows[1::3]]))
    for index, dataset in enumerate(DATASETS):
        service.post("/v1/datasets", dataset, None if index else "key-of-dataset")
    for index, network in enumerate(NETWORKS):
        service.post("/v1/networks", network, None if index else "key-of-network")


def _end_jobs(service: Service) -> None:
    for label, body in SUCCEED.items():
        service.submit(label, body, key="key-of-runs" if label == "runs" else None)
        service.wait_status(label, "succeeded")
    service.send("DELETE", "/v1/datasets/temporary")
    service.send("DELETE", f"/v1/jobs/{service.ids.pop('removed')}")
    for label, body in FAIL.items():
        service.submit(label, body)
        service.wait_status(label, "failed")
    for label, body in CANCEL.items():
        service.submit(label, body)
        service.wait_epoch(label, body)
        service.verb(label, "cancel")
        service.wait_status(label, "cancelled")


def _fork(service: Service) -> None:
    for label, fork in FORKS.items():
        service.fork(label, fork)
        service.wait_status(label, "succeeded")


def _replay(service: Service) -> None:
    """Replay records of several kinds, two of them damaged, so that verdicts of both kinds are there."""
    for label in ("damaged-hash", "damaged-bytes"):
        service.submit(label, single(4, seed=49))
        service.wait_status(label, "succeeded")
    _damage(service)
    for record in ("single", "runs", "cancelled-running", "diverged", "state", "damaged-hash", "damaged-bytes"):
        service.submit(f"replay-of-{record}", {}, f"/v1/jobs/{service.ids[record]}:replay")
        service.wait_status(f"replay-of-{record}", "succeeded")


def _damage(service: Service) -> None:
    """Change one recorded hash, and one byte of stored parameters, as a fault of a disk would."""
    number = "(SELECT number FROM jobs WHERE id = :id)"
    with _database(service) as connection:
        values = {"id": service.ids["damaged-hash"], "sha256": hashlib.sha256(b"another").hexdigest()}
        statement = f"UPDATE epochs SET sha256 = :sha256 WHERE epoch = 2 AND job = {number}"
        assert connection.execute(text(statement), values).rowcount == 1
        where = f"job = {number} AND first_epoch = (SELECT max(first_epoch) FROM parameters WHERE job = {number})"
        of = {"id": service.ids["damaged-bytes"]}
        data = bytearray(connection.execute(text(f"SELECT bytes FROM parameters WHERE {where}"), of).scalar_one())
        data[-1] ^= 1
        changed = {**of, "bytes": bytes(data)}
        assert connection.execute(text(f"UPDATE parameters SET bytes = :bytes WHERE {where}"), changed).rowcount == 1


def _interrupt(service: Service) -> None:
    """Pause jobs at an epoch that is known beforehand, one within an epoch, and some by steps."""
    for label, body in PAUSE.items():
        service.submit(label, body)
        _pause(service, label, body)
    for label, fork in PAUSED_FORKS.items():
        service.fork(label, fork)
        _pause(service, label, fork[1])
    service.submit("paused-replay", {"metadata": {"halt_at": "3"}}, f"/v1/jobs/{service.ids['single']}:replay")
    _pause(service, "paused-replay", {"metadata": {"halt_at": "3"}})
    for label, body in STEPPED.items():
        service.submit(label, {**body, "hold": True})
        service.wait_status(label, "paused")
        for epochs in (3, 7) if "steps" in label else ():
            service.verb(label, "step", {"epochs": epochs})
            service.wait_status(label, "paused")
    service.verb("steps", "resume")
    service.wait_status("steps", "succeeded")
    for label, body in WITHIN.items():
        service.submit(label, body)
        service.wait(label, lambda job: job["progress"]["epoch"] >= 1, "at epoch 1")
        service.verb(label, "pause")
        service.wait_status(label, "paused")


def _pause(service: Service, label: str, body: Body) -> None:
    service.wait_epoch(label, body)
    service.verb(label, "pause")
    service.wait_status(label, "paused")


def _queue(service: Service) -> None:
    """What is done while no worker is there."""
    for label in ("queued-resumed", "queued-resumed-runs", "queued-wait", "queued-restart"):
        service.verb(label, "resume")
    service.verb("queued-step", "step", {"epochs": 5})
    for label, body in QUEUE.items():
        service.submit(label, body, key="key-of-queued" if label == "queued" else None)
    service.verb("paused-queued", "pause")
    service.verb("cancelled-queued", "cancel")
    for label, fork in QUEUED_FORKS.items():
        service.fork(label, fork)
    service.submit("queued-replay", {}, f"/v1/jobs/{service.ids['runs']}:replay")


def run_undisturbed(service: Service) -> dict[str, Any]:
    """Run whatever goes on after the upgrade from its start to its end; its epochs by label."""
    set_up(service)
    with service.running(__file__, "worker", BACKPROP_WORKERS="1"):
        parents = {parent for parent, _ in GOING_ON_FORKS.values()}
        bodies = {label: SUCCEED[label] for label in sorted(parents)} | GOING_ON
        for label, body in bodies.items():
            service.submit(label, {name: value for name, value in body.items() if name in DEFINING})
            service.wait_status(label, "succeeded")
        for label, (parent, body) in GOING_ON_FORKS.items():
            service.fork(label, (parent, {name: value for name, value in body.items() if name != "metadata"}))
            service.wait_status(label, "succeeded")
    labels = [label for label in (*GOING_ON, *GOING_ON_FORKS) if label not in ENDED_LABELS]
    return {label: _course(service, label) for label in labels}


def _course(service: Service, label: str) -> dict[str, Any]:
    """What a job that ran undisturbed has computed, column by column."""
    job = service.job(label)
    epochs = service.send("GET", f"/v1/jobs/{service.ids[label]}/epochs?limit=1000")["data"]
    columns = ("sha256", "training_loss", "validation_loss", "metrics", "learning_rate")
    course = {column: [epoch[column] for epoch in epochs] for column in columns}
    return {**course, "chain": job["chain"], "best_epoch": job["best_epoch"], "stopped": job["stopped"]}


# ---------------------------------------------------------------------------------------------------------------------
# The files


def main(folder: Path, postgresql: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    expected: dict[str, Any] = {}
    folders: dict[str, Path] = {}
    with tempfile.TemporaryDirectory() as name:
        for database, url in (("sqlite", ""), ("postgresql", postgresql)):
            service = Service(Path(name) / database / "service" / "data", url)
            with _answering(service):
                run_story(service)
                time.sleep(ALIVE_SECONDS)
                answers = read_everything(service.ask)
                computed = compute_everything(service.ask, answers)
            expected[database] = {"jobs": service.ids, "answers": answers, "computed": computed}
            expected[database]["with_key"] = service.with_key
            expected["fingerprint"] = _fingerprint(service)
            if url:
                (service.data_dir / "postgresql.sql").write_bytes(_dump(url))
            else:
                service.data_dir = _backed_up(service)
            folders[database] = service.data_dir
        service = Service(Path(name) / "undisturbed" / "data", "")
        with _answering(service):
            expected["undisturbed"] = run_undisturbed(service)
        _pack(folders, expected, folder / "fixture.tar.xz")
    print(f"{folder / 'fixture.tar.xz'}: {(folder / 'fixture.tar.xz').stat().st_size:,} bytes", file=sys.stderr)


@contextmanager
def _answering(service: Service) -> Iterator[None]:
    """The data folder made by `backprop serve`, then the API alone."""
    service.data_dir.parent.mkdir(parents=True, exist_ok=True)
    with service.running("-m", "service.cli", "serve", BACKPROP_WORKERS="1"):
        service.wait_until_it_answers("/readyz")
    with _database(service) as connection:
        connection.execute(text("DELETE FROM workers"))  # whose name is this machine's
    with service.running("-m", "service.cli", "api"):
        service.wait_until_it_answers()
        yield


def _fingerprint(service: Service) -> str:
    """What the service has recorded of the machine that trained."""
    with _database(service) as connection:
        (found,) = connection.execute(text("SELECT DISTINCT fingerprint FROM jobs WHERE fingerprint IS NOT NULL"))
    return str(found[0])


@contextmanager
def _database(service: Service) -> Iterator[Connection]:
    """A transaction on the service's database, past the service."""
    url = service.database_url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url or f"sqlite:///{service.data_dir / 'backprop.sqlite3'}")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _backed_up(service: Service) -> Path:
    """The embedded data folder as `backprop backup` and `restore` copy it, without a log of SQLite's next to it."""
    archive, copy = service.data_dir.parent / "backup.tar", service.data_dir.parent / "copy"
    clean = {name: value for name, value in service.environment.items() if not name.startswith("BACKPROP_DATABASE")}
    for verb, folder in (("backup", service.data_dir), ("restore", copy)):
        command = [sys.executable, "-m", "service.cli", verb, str(archive), "--data-dir", str(folder)]
        subprocess.run(command, env=clean, check=True)
    return copy


def _pack(folders: dict[str, Path], expected: dict[str, Any], target: Path) -> None:
    """Pack everything together, as much is the same in both databases; nothing of this machine's accounts is in it."""
    data = json.dumps(expected, sort_keys=True, separators=(",", ":")).encode()
    with tarfile.open(target, "w:xz", format=tarfile.USTAR_FORMAT, preset=9) as archive:
        _add(archive, "expected.json", data)
        for database, folder in folders.items():
            names = [folder / "postgresql.sql", folder / "backprop.sqlite3", folder / "format.json"]
            for path in (*names, *sorted((folder / "blobs").glob("??/*"))):
                if path.is_file():
                    _add(archive, f"{database}/{path.relative_to(folder)}", path.read_bytes())


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, BytesIO(data))


def _dump(url: str) -> bytes:
    """The database as SQL that every PostgreSQL from 14 on reads."""
    options = ["--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=200"]
    made = subprocess.run(["pg_dump", *options, url], capture_output=True, check=True).stdout.decode()
    newer = ("SET transaction_timeout", "SET default_table_access_method", "\\restrict", "\\unrestrict", "--")
    return "".join(line for line in made.splitlines(keepends=True) if not line.startswith(newer)).encode()


if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        sys.exit(worker())
    main(Path(sys.argv[1]).absolute(), sys.argv[2])
