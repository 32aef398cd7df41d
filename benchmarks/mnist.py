"""Nielsen's 784-30-10 network on MNIST, through HTTP, everything stored: `make bench MNIST=mnist.npz`.

Prints the seconds of training, the test accuracy, and XOR's 10,000 epochs from POST to succeeded. It starts a service
of its own in a temporary folder and stops it.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.jobs import NotTrained, finish
from benchmarks.plain_client import Client
from service.config import Settings
from service.ops.listening import free_port
from service.ops.supervisor import running

SEEDS = (1, 2, 3)
NORMAL = {"type": "normal", "stddev": 1.0}
NIELSEN: dict[str, Any] = {
    "dataset": "mnist",
    "network": {
        "layers": [
            {
                "type": "dense",
                "units": units,
                "activation": "sigmoid",
                "initializer": NORMAL,
                "bias_initializer": NORMAL,
            }
            for units in (30, 10)
        ]
    },
    "training": {
        "loss": "quadratic",
        "optimizer": {"type": "sgd", "learning_rate": 3.0},
        "epochs": 30,
        "batch_size": 10,
        "rows": [0, 50_000],
        "validation": {"dataset": "mnist-test"},
        "metrics": ["accuracy"],
    },
}
XOR: dict[str, Any] = {
    "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]},
    "network": {
        "layers": [
            {"type": "dense", "units": 4, "activation": "sigmoid"},
            {"type": "dense", "units": 1, "activation": "sigmoid"},
        ]
    },
    "training": {"epochs": 10_000, "batch_size": 4, "loss": "quadratic"},
}


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        print("give the path of mnist.npz: make bench MNIST=mnist.npz", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", port=free_port(), log_level="warning")
        with running(settings):
            client = Client(f"http://127.0.0.1:{settings.port}")
            client.wait_until_ready()
            try:
                _mnist(client, Path(sys.argv[1]))
                _xor(client)
            except NotTrained as error:
                raise SystemExit(str(error)) from None
    return 0


def _mnist(client: Client, path: Path) -> None:
    data = path.read_bytes()
    client.send("PUT", "/v1/datasets/mnist?scale=255", data, "application/x-npz")
    test = "/v1/datasets/mnist-test?scale=255&inputs=x_test&targets=y_test"
    client.send("PUT", test, data, "application/x-npz")
    print(f"{os.cpu_count()} cores; 784-30-10, sigmoid, quadratic, rate 3, batch 10, 30 epochs, 50,000 rows\n")
    print("| seed | training s | POST to succeeded s | epochs stored | best test accuracy | last |")
    print("|---|---|---|---|---|---|")
    for seed in SEEDS:
        body = {**NIELSEN, "training": {**NIELSEN["training"], "seed": seed}}
        began = time.perf_counter()
        job = finish(client, body)
        wall = time.perf_counter() - began
        epochs = client.send("GET", f"/v1/jobs/{job['id']}/epochs?limit=100")["data"]
        accuracy = [epoch["metrics"]["validation"]["accuracy"] for epoch in epochs]
        stored = sum(epoch["parameters_stored"] for epoch in epochs)
        training = sum(epoch["seconds"] for epoch in epochs)
        print(
            f"| {seed} | {training:.1f} | {wall:.1f} | {stored} | {max(accuracy):.4f} | {accuracy[-1]:.4f} |",
            flush=True,
        )


def _xor(client: Client) -> None:
    finish(client, XOR)
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        job = finish(client, XOR)
        seconds.append(time.perf_counter() - began)
    last = client.send("GET", f"/v1/jobs/{job['id']}/epochs?after=9999")["data"]
    assert last[0]["epoch"] == 10_000, json.dumps(last)
    print(f"\nXOR 2-4-1, 10,000 epochs, all stored: {sorted(seconds)[1]:.2f} s from POST to succeeded (median of 3)")


if __name__ == "__main__":
    sys.exit(main())
