"""What each command does; `options` are those that `service/ops/client_cli.py` declares."""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backprop_client import Client
from backprop_client.types import ENDED, Event, Job, JobSummary
from service.errors import Misconfigured
from service.logs import UNPRINTABLE, as_escape, escaped
from service.ops.client.exit_codes import OF_JOBS, ExitCode
from service.ops.client.live import Live
from service.ops.client.options import hint_of, job_body, name_of, pair_of, read_options

STANDARD_INPUT = Path("-")
HEADER: tuple[str, ...] = ("job", "status", "model", "dataset", "epoch", "training loss", "created (UTC)")
UNPRINTABLE_IN_TABLES = re.compile(rf"(?![\r\n\t]){UNPRINTABLE.pattern}")
POINTS = 200  # of the curve of a job that has ended


def train(client: Client, options: argparse.Namespace) -> int:
    """Upload a file, queue a job, and watch it."""
    body = job_body(options, _sent(client, options))
    job = client.jobs.create(**body)
    for warning in job["warnings"]:
        _note(f"warning: {warning if isinstance(warning, str) else warning['detail']}")
    if options.detach:
        if options.json:
            _json(job)
        else:
            _line_of(job["id"])
        return ExitCode.SUCCEEDED
    return _watch(client, job, options.json)


def _sent(client: Client, options: argparse.Namespace) -> str | None:
    """Store the file as a dataset; return the name that the job uses."""
    if options.file is None:
        return str(options.dataset) if options.dataset is not None else None
    if options.dataset is not None:
        raise Misconfigured(
            "FILE and --dataset are two sources; give one of them (--name names what FILE is stored as)"
        )
    is_pipe = options.file == STANDARD_INPUT
    if is_pipe and options.name is None:
        raise Misconfigured("what comes from standard input needs --name, under which it is stored")
    name = options.name or name_of(options.file)
    data = sys.stdin.buffer if is_pipe else options.file
    stored = client.datasets.upload(data, name=name, **read_options(options))
    for warning in stored["warnings"]:
        _note(f"warning: {warning}")
    if hint := hint_of(stored["warnings"]):
        _note(hint)
    _note(f"dataset {stored['name']}, version {stored['version']}: {stored['rows']:,} rows")
    return f"{stored['name']}@{stored['version']}"


def watch(client: Client, options: argparse.Namespace) -> int:
    """Show a job until it has ended."""
    return _watch(client, client.jobs.get(options.job), options.json)


def _watch(client: Client, job: Job, as_json: bool) -> int:
    """Follow a job; return the exit code that its outcome has."""
    try:
        ended = _followed(client, job, as_json)
    except KeyboardInterrupt:
        _note(f"\n{job['id']} goes on; `backprop watch {job['id']}` shows it again")
        return ExitCode.INTERRUPTED
    if as_json:
        _json(ended)
    else:
        _outcome(ended)
    return OF_JOBS[ended["status"]]


def _followed(client: Client, job: Job, as_json: bool) -> Job:
    live = Live(job, sys.stdout)
    if as_json or job["status"] not in ENDED:
        for event in client.jobs.events(job["id"]):
            if as_json:
                _json(event)
            else:
                live.show(event)
    if not as_json:
        if live.redraws or job["status"] in ENDED:
            live.set_past(list(client.jobs.epochs(job["id"], points=POINTS)))
        live.end()
    return client.jobs.get(job["id"])


def _outcome(job: Job) -> None:
    error, model = job["error"], job["model"]
    if error is not None:
        _note(f"{job['id']} failed: {error['detail']} ({error['code']})")
    elif job["status"] == "succeeded":
        best = job["best_epoch"] if job["training"].get("version_epoch") == "best" else job["progress"]["epoch"]
        _line_of(f"{job['id']} succeeded: model {model['name']}, version {model['version']}, of epoch {best}")
        _line_of(f"`backprop predict {model['name']} FILE` predicts with it")
    else:
        _note(f"{job['id']} {job['status']}")


def predict(client: Client, options: argparse.Namespace) -> int:
    """Predict the rows of a file."""
    answer = client.models.predict_file(
        options.model,
        sys.stdin.buffer if options.file == STANDARD_INPUT else options.file,
        format="json" if options.json else "csv",
        version=options.version,
        epoch=options.epoch,
        **read_options(options),
    )
    if options.output is not None:
        try:
            options.output.write_bytes(answer)
        except OSError as error:
            raise Misconfigured(f"--output {options.output} cannot be written: {error.strerror}") from None
        return ExitCode.SUCCEEDED
    text = answer.decode()
    print(UNPRINTABLE_IN_TABLES.sub(as_escape, text) if sys.stdout.isatty() else text, end="")
    return ExitCode.SUCCEEDED


def jobs(client: Client, options: argparse.Namespace) -> int:
    """List jobs."""
    metadata = dict(pair_of(text, "--metadata", "team=a") for text in options.metadata)
    found = client.jobs.list(
        status=options.status, model=options.model, metadata=metadata, page_size=min(options.limit, 1000)
    )
    rows = [HEADER]
    for _, job in zip(range(options.limit), found, strict=False):
        if options.json:
            _json(job)
        else:
            rows.append(_row(job))
    if not options.json:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            _line_of("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return ExitCode.SUCCEEDED


def _row(job: JobSummary) -> tuple[str, ...]:
    progress, latest = job["progress"], job["latest"]
    loss = None if latest is None else latest["training_loss"]
    return (
        job["id"],
        job["status"],
        job["model"]["name"],
        job["dataset"],
        f"{progress['epoch']} of {progress['epochs']}",
        "-" if loss is None else f"{loss:.4g}",
        job["created_at"][:19].replace("T", " "),
    )


def logs(client: Client, options: argparse.Namespace) -> int:
    """Print the events of a job, a line each."""
    try:
        for event in client.jobs.events(options.job, live=options.follow):
            if options.json:
                _json(event)
            else:
                _line_of(_line(event))
    except KeyboardInterrupt:
        _note(f"\n{options.job} is not affected; `backprop logs -f {options.job}` shows it again")
        return ExitCode.INTERRUPTED
    return ExitCode.SUCCEEDED


def _line(event: Event) -> str:
    """Return an event as a line: when, what, and its figures."""
    data = event["data"]
    at = event["created_at"][:19].replace("T", " ")
    if event["type"] == "epoch":
        figures = {"training_loss": data["training_loss"], "validation_loss": data["validation_loss"]}
        figures |= {f"validation_{name}": value for name, value in data["metrics"]["validation"].items()}
        shown = " ".join(f"{name}={value:.6g}" for name, value in figures.items() if value is not None)
        return f"{at}  epoch {data['epoch']}  {shown}"
    if event["type"] == "warning":
        return f"{at}  warning  {data['detail']}"
    error = data.get("error")
    said = f"  {error['detail']}" if error else ""
    requested = f"  requested: {data['requested']}" if data.get("requested") else ""
    return f"{at}  {event['type']}  {data.get('status', data.get('detail', ''))}{requested}{said}"


def _line_of(text: str) -> None:
    """Print a line; what a service has sent moves no cursor and sets no title."""
    print(escaped(text, 2000), flush=True)


def _json(value: Mapping[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    print(UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text), flush=True)


def _note(line: str) -> None:
    """Say something that is no result, on standard error."""
    print("\n".join(escaped(part, 2000) for part in line.split("\n")), file=sys.stderr, flush=True)
