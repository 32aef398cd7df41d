"""Predictions while jobs train: how long they take, and how much of the training they cost."""

import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from benchmarks.backends import EMBEDDED, serving
from benchmarks.clients import Load, Message, run
from tests.integration.service import Service
from tests.waiting import wait_until

JOBS, ROWS, INPUTS = 20, 10_000, 20
CLIENTS = 8
BEGIN_SECONDS = 180
PAUSE_SECONDS = 2.0  # until what a change of the load has caused is stored
MOST_SECONDS, MOST_LOST = 0.05, 0.1
BODY = json.dumps({"instances": [[0.1, 0.2, 0.3, 0.4]]}).encode()


def while_training(rate: float, seconds: float, rounds: int) -> Iterator[str]:
    """Train without and with predictions in turn; print the epochs a second, and the times of predictions."""
    with tempfile.TemporaryDirectory(prefix="bp-training-") as folder, serving(EMBEDDED, Path(folder)) as service:
        _prepare(service)
        yield f"{JOBS} jobs of 20-64-64-1, {rate:g} one-row predictions of 4-16-3 a second, {CLIENTS} connections\n"
        yield "| round | epochs a second without | with | ratio | median, ms | p99, ms | longest, ms |"
        yield "|---|---|---|---|---|---|---|"
        ratios, late = list[float](), list[float]()
        message = Message.of("predict", "POST", "/v1/models/iris:predict", BODY)
        for number in range(1, rounds + 1):
            order = (False, True) if number % 2 else (True, False)
            speeds: dict[bool, float] = {}
            taken: list[float] = []
            for predicts in order:
                time.sleep(PAUSE_SECONDS)
                before, began = _epochs(service), time.perf_counter()
                if predicts:
                    seen = run(service.port, Load([message], rate, seconds, CLIENTS))
                    assert set(seen.statuses) == {200}, seen.statuses
                    taken = sorted(seen.seconds["predict"])
                else:
                    time.sleep(seconds)
                speeds[predicts] = (_epochs(service) - before) / (time.perf_counter() - began)
            ratios.append(speeds[True] / speeds[False])
            late.append(quantiles(taken, n=100, method="inclusive")[98])
            cells = [f"{number}", f"{speeds[False]:.1f}", f"{speeds[True]:.1f}", f"{ratios[-1]:.3f}"]
            cells += [f"{each * 1000:.1f}" for each in (median(taken), late[-1], taken[-1])]
            yield f"| {' | '.join(cells)} |"
    yield (
        f"\nmedians: p99 {median(late) * 1000:.1f} ms ({'within' if median(late) < MOST_SECONDS else 'BEYOND'} 50 ms), "
        f"training at {median(ratios):.3f} of its speed alone "
        f"({'within' if median(ratios) > 1 - MOST_LOST else 'BEYOND'} a tenth)"
    )


def _prepare(service: Service) -> None:
    drawn = random.Random(1)
    iris = [[drawn.random() for _ in range(4)] for _ in range(30)]
    dataset = {"inputs": iris, "targets": [["a", "b", "c"][number % 3] for number in range(30)]}
    job = {"model": "iris", "dataset": dataset, "network": {"hidden": [16]}, "training": {"epochs": 5, "seed": 1}}
    assert service.post("/v1/jobs?wait=60", job)["status"] == "succeeded"
    inputs = [[round(drawn.random(), 3) for _ in range(INPUTS)] for _ in range(ROWS)]
    service.post("/v1/datasets", {"name": "tabular", "inputs": inputs, "targets": [sum(row) for row in inputs]})
    for seed in range(JOBS):
        training = {"epochs": 1_000_000, "seed": seed, "store_parameters": {"every": 1_000_000}, "optimizer": "adam"}
        service.post("/v1/jobs", {"dataset": "tabular", "network": {"hidden": [64, 64]}, "training": training})
    wait_until(lambda: _epochs(service) > 0, BEGIN_SECONDS, "epochs of the jobs")


def _epochs(service: Service) -> int:
    """Return how many epochs the jobs have done that go on."""
    jobs = service.get(f"/v1/jobs?limit={JOBS + 1}")["data"]
    return sum(job["progress"]["epoch"] for job in jobs if job["status"] != "succeeded")
