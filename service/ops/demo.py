"""`backprop demo`: starts the service and trains XOR and a classifier of handwritten digits over HTTP.

It uses the Python client as any program would, and prints what any client could.
"""

import csv
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import service
from backprop_client import BackpropError, Client, Unauthenticated
from backprop_client.types import Job
from service.config import Settings
from service.errors import Misconfigured, ServiceError
from service.ops.listening import check_port, free_port, url_of
from service.ops.supervisor import running
from service.ops.terminal_plots import bar, curve, digit

START_SECONDS = 60.0
JOB_SECONDS = 120.0
HELD_OUT = 5  # every fifth digit is not trained on
SHOWN = 5
SECONDS_BETWEEN_LOOKS = 0.1
ASKS = (
    "keys are asked for here: set BACKPROP_KEY to one with the scopes read, predict and train, or choose a --data-dir "
    "without keys and leave BACKPROP_AUTH=required out"
)

XOR: dict[str, Any] = {
    "dataset": {
        "name": "demo-xor",
        "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]],
        "targets": [[0], [1], [1], [0]],
    },
    "network": {
        "layers": [
            {"type": "dense", "units": 4, "activation": "sigmoid"},
            {"type": "dense", "units": 1, "activation": "sigmoid"},
        ]
    },
    "model": "demo-xor",
    "training": {
        "loss": "quadratic",
        "optimizer": {"type": "sgd", "learning_rate": 0.5, "momentum": 0.9},
        "epochs": 3000,
        "batch_size": 4,
        "seed": 1,
    },
}
DIGITS: dict[str, Any] = {
    "dataset": "demo-digits",
    "network": {
        "layers": [
            {"type": "dense", "units": 64, "activation": "relu", "initializer": "he_normal"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ]
    },
    "model": "demo-digits",
    "training": {
        "loss": "categorical_cross_entropy",
        "optimizer": {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9},
        "epochs": 40,
        "batch_size": 32,
        "seed": 1,
    },
}


def run_demo(settings: Settings, keep: bool) -> int:
    """Run the demonstration; return 0 when both networks reach their accuracy, else 1."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = replace(settings, port=_port(settings), log_level="warning")
    with running(settings) as state, Client(url_of(settings)) as client:
        print(f"The service starts on {client.url}", flush=True)
        learned = _shown(client, settings)
        if keep:
            print("\nThe service stays up; Ctrl-C stops it.", flush=True)
            state.wait(stop)
    return 0 if learned else 1


def _shown(client: Client, settings: Settings) -> bool:
    """Train both networks; return whether they reach their accuracy."""
    try:
        _wait_until_ready(client)
        learned = _xor(client) and _digits(client)
        _say_where(client, settings)
    except Unauthenticated:
        raise ServiceError(ASKS) from None
    except BackpropError as error:
        raise ServiceError(str(error)) from error
    return learned


def _wait_until_ready(client: Client) -> None:
    deadline = time.monotonic() + START_SECONDS
    with client.hurried() as hurried:
        while time.monotonic() < deadline:
            try:
                if hurried.health()["status"] == "ready":
                    return
            except BackpropError:
                pass  # nothing listens yet, or a part of it is not there; the deadline ends this
            time.sleep(SECONDS_BETWEEN_LOOKS)
    raise ServiceError(f"the service was not ready within {START_SECONDS:.0f} s")


def _train(client: Client, body: dict[str, Any]) -> Job:
    """Queue a job and show its progress until it ends."""
    job = client.jobs.create(**body)
    ended = client.jobs.wait(job, timeout=JOB_SECONDS, progress=_show_progress, every=SECONDS_BETWEEN_LOOKS)
    _show_progress(ended, last=True)
    if ended["status"] != "succeeded":
        raise ServiceError(f"{ended['id']} is {ended['status']}")
    return ended


def _port(settings: Settings) -> int:
    try:
        return check_port(settings.host, settings.port)
    except Misconfigured:
        return free_port()


def _show_progress(job: Job, last: bool = False) -> None:
    progress = job["progress"]
    loss = None if job["latest"] is None else job["latest"]["training_loss"]
    line = f"  {bar(progress['fraction'])} epoch {progress['epoch']} of {progress['epochs']}"
    line += "" if loss is None else f"  loss {loss:.5f}"
    if sys.stdout.isatty():
        print(f"\r{line}\x1b[K", end="\n" if last else "", flush=True)
    elif last:
        print(line, flush=True)


def _draw_losses(client: Client, job: Job) -> None:
    epochs = list(client.jobs.epochs(job["id"], points=120))
    losses = [loss for epoch in epochs if (loss := epoch["training_loss"]) is not None]
    print("\n".join("  " + line for line in curve(losses)))
    print(f"  training loss, epochs {epochs[0]['epoch']} to {epochs[-1]['epoch']}, logarithmic\n")


def _xor(client: Client) -> bool:
    print("\n1. XOR: a 2-4-1 network learns what no single neuron can")
    job = _train(client, XOR)
    _draw_losses(client, job)
    rows: Sequence[Sequence[int]] = XOR["dataset"]["inputs"]
    outputs = client.models.predict("demo-xor", rows).predictions
    for row, (output,) in zip(rows, outputs, strict=True):
        print(f"  {row[0]} xor {row[1]} = {output:.3f}")
    return all(round(output) == row[0] ^ row[1] for row, (output,) in zip(rows, outputs, strict=True))


def _digits(client: Client) -> bool:
    print("\n2. Handwritten digits: 8 x 8 pixels, ten classes")
    table = list(csv.reader(_example("digits.csv").read_text().splitlines()))
    header, rows = table[0], table[1:]
    unseen = rows[::HELD_OUT]
    seen = [row for index, row in enumerate(rows) if index % HELD_OUT]
    text = "\n".join(",".join(row) for row in [header, *seen]) + "\n"
    client.datasets.upload(text.encode(), name="demo-digits", target_type="class")
    print(f"  {len(seen)} digits to learn from, {len(unseen)} that the network never sees")
    job = _train(client, DIGITS)
    _draw_losses(client, job)
    pixels = [[int(cell) for cell in row[:-1]] for row in unseen]
    labels = client.models.predict("demo-digits", pixels).labels
    right = sum(label == int(row[-1]) for label, row in zip(labels, unseen, strict=True))
    drawn = [digit(row).splitlines() for row in pixels[:SHOWN]]
    for lines in zip(*drawn, strict=True):
        print("  " + "   ".join(lines))
    print(
        "  "
        + "   ".join(
            f"reads {label} is {row[-1]}".center(16) for label, row in zip(labels[:SHOWN], unseen, strict=False)
        )
    )
    accuracy = right / len(unseen)
    print(f"\n  accuracy on {len(unseen)} digits it never saw: {accuracy:.2%}")
    return bool(accuracy >= 0.95)


def _example(name: str) -> Path:
    """Return the path of an example: in a checkout `examples/` is next to the package, in a wheel inside it."""
    package = Path(service.__file__).parent
    for folder in (package.parent / "examples", package / "examples"):
        if (folder / name).exists():
            return folder / name
    raise Misconfigured(f"the example {name} is not installed")


def _say_where(client: Client, settings: Settings) -> None:
    models = [model["name"] for model in client.models.list()]
    print("\nEverything is stored:")
    print(f"  in      {os.path.relpath(settings.data_dir.absolute())}/ (database, datasets, every epoch's parameters)")
    print(f"  models  {', '.join(models)}")
    is_default = settings.data_dir.absolute() == Settings().data_dir.absolute()
    serve = "make serve" if is_default else f"backprop serve --data-dir {os.path.relpath(settings.data_dir.absolute())}"
    print(f"  again   `{serve}`, then curl http://127.0.0.1:8000/v1/models/demo-digits")
