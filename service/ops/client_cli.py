"""`backprop train`, `watch`, `predict`, `jobs` and `logs`, for any service by `BACKPROP_URL` and `BACKPROP_KEY`."""

import argparse
import sys
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import Misconfigured
from service.logs import escaped
from service.ops.client.exit_codes import EXPLAINED, ExitCode
from service.ops.client.options import add_dataset_options, add_read_option, add_training_options, hint_of
from service.ops.resource_commands import Command

if TYPE_CHECKING:
    from backprop_client import Client, Problem

WHERE = (
    "The service is BACKPROP_URL (http://127.0.0.1:8000 if it is not set), the key is "
    "BACKPROP_KEY, or what the file has that BACKPROP_KEY_FILE names."
)
KEY_HINT = "set BACKPROP_KEY to a key (`bp_...`), or BACKPROP_KEY_FILE to a file that has one"
READING = ("train", "predict")
STATUSES = ("queued", "running", "paused", "succeeded", "failed", "cancelled")
MOST_FAULTS = 10
RETRIES_AT_START = 1


def register(command: Command) -> None:
    """Add the commands; `command` makes one of `backprop`."""
    train = _add(command, "train", "train a network on a file, and watch it")
    train.add_argument(
        "file", nargs="?", type=Path, help="CSV, Parquet, Arrow, JSON Lines or NPZ; `-` is standard input"
    )
    train.add_argument("--name", help="what the dataset is stored as; else called like the file")
    train.add_argument("--dataset", metavar="NAME", help="a dataset that the service has, in place of FILE")
    add_dataset_options(train)
    add_training_options(train)
    train.add_argument("--detach", action="store_true", help="print the job's id and do not wait")
    watch = _add(command, "watch", "show a job until it has ended")
    watch.add_argument("job", help="its id")
    predict = _add(command, "predict", "predict the rows of a file; prints CSV")
    predict.add_argument("model", help="its name")
    predict.add_argument("file", type=Path, help="CSV, Arrow, NPZ, or JSON with `instances`; `-` is standard input")
    predict.add_argument("--version", help="a number or an alias; else `default` or the latest")
    predict.add_argument("--epoch", help="the network as it was after that epoch: a number, best or last")
    predict.add_argument("--output", type=Path, help="a file for the answer")
    add_read_option(predict)
    jobs = _add(command, "jobs", "list jobs, newest first")
    jobs.add_argument("--status", choices=STATUSES, help="only those in this state")
    jobs.add_argument("--model", help="only those that train it")
    jobs.add_argument("--metadata", action="append", default=[], metavar="KEY=VALUE", help="repeatable")
    jobs.add_argument("--limit", type=_positive, default=20, help="how many, at most")
    logs = _add(command, "logs", "print the events of a job")
    logs.add_argument("job", help="its id")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the job has ended")


def _add(command: Command, name: str, text: str) -> argparse.ArgumentParser:
    parser = command(name, None, text)
    parser.epilog = f"{WHERE} {EXPLAINED}."
    parser.set_defaults(client=name)
    parser.add_argument("--json", action="store_true", help="print JSON, or JSON Lines, and nothing else")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def run(options: argparse.Namespace) -> int:
    """Run one of the commands; return its exit code."""
    from backprop_client import Client, Problem, Unavailable, Unreachable

    url = None
    try:
        with Client(retries=RETRIES_AT_START) as first:
            url = first.url
            _check_health(first)  # says at once that there is no service; later ones are waited for
        with Client() as client:
            return _answered(client, options)
    except Unreachable as error:
        return _failed(options, [str(error), "is it running? BACKPROP_URL says where"], ExitCode.NO_ANSWER)
    except Problem as problem:
        code = ExitCode.NO_ANSWER if isinstance(problem, Unavailable) or problem.status >= 500 else ExitCode.REFUSED
        return _failed(options, _said(problem, options.client, url), code)
    except Unexpected:
        said = f"what answers at {url} is not this service; BACKPROP_URL says where it is"
        return _failed(options, [said], ExitCode.NO_ANSWER)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        return _failed(options, ["interrupted"], ExitCode.INTERRUPTED)
    except Misconfigured as error:
        return _failed(options, [error.detail], ExitCode.REFUSED)
    except OSError as error:
        return _failed(options, [f"{error.filename}: {error.strerror}"], ExitCode.REFUSED)
    except (TypeError, ValueError) as error:  # of BACKPROP_URL
        return _failed(options, [str(error)], ExitCode.REFUSED)


class Unexpected(Exception):
    """What was answered is none of this service's answers."""


def _check_health(client: "Client") -> None:
    """Raise `Unexpected` unless it is this service that answers, and not a page of a proxy or of another server."""
    answer = client.request("GET", "/healthz")
    try:
        health = answer.json()
    except (ValueError, RecursionError):
        raise Unexpected from None
    if not isinstance(health, dict) or "status" not in health:
        raise Unexpected


def _answered(client: "Client", options: argparse.Namespace) -> int:
    """Run the command; raise `Unexpected` where an answer is not of the form that this service has."""
    from backprop_client import Unexpected as NoJson
    from service.ops.client import commands

    try:
        code: int = getattr(commands, options.client)(client, options)
    except (LookupError, TypeError, AttributeError, JSONDecodeError, NoJson, RecursionError, UnicodeError):
        raise Unexpected from None
    return code


def _said(problem: "Problem", command: str, url: str | None) -> list[str]:
    """Return the lines of a problem: each fault with where it is, else what is wrong at all; then the way out."""
    from backprop_client.errors import place_of

    if problem.type == "about:blank":  # of a proxy, or of another server
        return [f"what answers at {url} says {problem.status} {problem.title}: {problem.detail}".rstrip(": ")]
    lines = [place_of(fault) for fault in problem.errors[:MOST_FAULTS]] or [problem.detail]
    if problem.status == 401:
        return ["the key is missing or not valid", KEY_HINT]
    if command in READING and (hint := hint_of(lines)):
        lines.append(hint)
    if problem.status >= 500 and problem.request_id is not None:
        lines.append(f"the log of the service has the reason under request {problem.request_id}")
    return lines


def _failed(options: argparse.Namespace, lines: list[str], code: ExitCode) -> int:
    for line in lines:
        print(f"backprop {options.command}: {escaped(line, 2000)}", file=sys.stderr)
    return code
