"""The service as a contender: jobs over HTTP, with the losses and parameters of every epoch stored."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.jobs import finish
from benchmarks.plain_client import Client
from benchmarks.standings import ALONE, SERVICE
from benchmarks.workloads import PIXEL_SCALE, THREADS, XOR_INPUTS, XOR_TARGETS, Arrays, Workload, as_npz
from service.config import Settings
from service.ops.listening import free_port
from service.ops.supervisor import running

LIMIT = 1000
WARM_UP_EPOCHS = 2


class NotStored(Exception):
    """A job has succeeded without every epoch's parameters."""


@contextmanager
def serving(folder: Path) -> Iterator[Client]:
    """Run a service of its own with one worker until the block ends; yield a client."""
    settings = Settings(
        data_dir=folder / "data", port=free_port(), workers=1, threads=THREADS, api_processes=1, log_level="warning"
    )
    with running(settings):
        client = Client(f"http://127.0.0.1:{settings.port}")
        client.wait_until_ready()
        yield client


def upload(client: Client, workload: Workload, arrays: Arrays, mnist: Path) -> None:
    """Store the workload's dataset; storing the same content again has no effect."""
    if workload.data == "xor":
        client.send("POST", "/v1/datasets", {"name": "xor", "inputs": XOR_INPUTS, "targets": XOR_TARGETS})
    elif workload.data == "mnist":
        client.send("PUT", f"/v1/datasets/mnist?scale={PIXEL_SCALE}", mnist.read_bytes(), "application/x-npz")
    else:
        client.send("PUT", f"/v1/datasets/{workload.data}", as_npz(*arrays), "application/x-npz")


class Served:
    """The service as a contender; each turn is a job with a new seed."""

    def __init__(self, client: Client, workload: Workload) -> None:
        self.client, self.workload, self.seed = client, workload, 1
        body = workload.job(self.seed)
        finish(client, {**body, "training": {**body["training"], "epochs": WARM_UP_EPOCHS}})

    def turn(self) -> tuple[dict[str, float], float]:
        """Train a job; return seconds per epoch, from POST to succeeded and of the epochs alone, and the last loss."""
        self.seed += 1
        began = time.perf_counter()
        job = finish(self.client, self.workload.job(self.seed))
        wall = time.perf_counter() - began
        epochs = self._stored(job["id"])
        alone = sum(epoch["seconds"] for epoch in epochs if epoch["epoch"])
        count = self.workload.epochs
        return {SERVICE: wall / count, ALONE: alone / count}, epochs[-1]["training_loss"]

    def _stored(self, job_id: str) -> list[dict[str, Any]]:
        """Return all epochs of a job, from 0 on; raise `NotStored` when one of them or its parameters is missing."""
        epochs: list[dict[str, Any]] = []
        more = True
        while more:
            after = f"&after={epochs[-1]['epoch']}" if epochs else ""
            page = self.client.send("GET", f"/v1/jobs/{job_id}/epochs?limit={LIMIT}{after}")
            epochs, more = epochs + page["data"], page["has_more"]
        missing = set(range(self.workload.epochs + 1)) - {one["epoch"] for one in epochs if one["parameters_stored"]}
        if missing:
            raise NotStored(f"{job_id} has no parameters of {len(missing)} epochs: {json.dumps(sorted(missing)[:10])}")
        return epochs
