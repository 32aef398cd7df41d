"""The options of the commands, and the request that those of `backprop train` stand for."""

import argparse
import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from service.errors import Misconfigured

MOMENTUM = 0.9  # of the service's default optimizer, which --learning-rate keeps
NAMED_OPTION = re.compile("`([a-z_]+=[^`]+)`")  # in what the service says of a file
NOT_IN_NAMES = re.compile("[^a-z0-9._-]+")
LONGEST_NAME = 64
COLUMN_OPTIONS = ("target", "drop", "weight", "target_type")


def add_dataset_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how a file is read."""
    parser.add_argument(
        "--target", action="append", metavar="COLUMN", help="a target column, repeatable; else the last"
    )
    parser.add_argument("--drop", action="append", metavar="COLUMN", help="a column to leave out, repeatable")
    parser.add_argument("--weight", metavar="COLUMN", help="the column that weighs the rows")
    parser.add_argument("--target-type", choices=("class", "value"), help="what the targets are")
    add_read_option(parser)


def add_read_option(parser: argparse.ArgumentParser) -> None:
    """Add the option with which all others of reading files are given."""
    parser.add_argument(
        "--read",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="how the file is read, repeatable: delimiter=tab, decimal=comma, types=zip:category (docs/datasets.md)",
    )


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how to train."""
    parser.add_argument("--model", help="the model that gets a version; else called like the dataset")
    parser.add_argument("--network", metavar="NAME", help="a network that the service has")
    parser.add_argument("--hidden", metavar="16,8", help="units of the hidden layers, in place of --network")
    parser.add_argument("--activation", help="of the hidden layers, with --hidden")
    parser.add_argument("--epochs", type=int, help="how often all rows are trained on")
    parser.add_argument("--batch-size", type=int, help="rows between two updates of the parameters")
    parser.add_argument("--optimizer", metavar="TYPE", help="sgd, adam, ...")
    parser.add_argument("--learning-rate", type=float, help="of the optimizer; else that of the service")
    parser.add_argument("--seed", type=int, help="for the same result every time")
    parser.add_argument("--config", type=Path, metavar="JSON", help="a file with the body of POST /v1/jobs")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="any field of the request, repeatable: training.validation=0.3, training.optimizer.type=adam, priority=5",
    )


def read_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of reading that were given, `OPTION=VALUE` among them."""
    given: dict[str, Any] = {}
    for text in options.read:
        name, value = pair_of(text, "--read", "delimiter=tab")
        given.setdefault(name, []).append(value)
    for name in COLUMN_OPTIONS:
        if getattr(options, name, None) is not None:
            given[name] = getattr(options, name)
    return given


def job_body(options: argparse.Namespace, dataset: str | None) -> dict[str, Any]:
    """Return the body of `POST /v1/jobs`: the file of --config, above it the options, above them --set."""
    body = _config(options.config)
    if dataset is not None:
        body["dataset"] = dataset
    if "dataset" not in body:
        raise Misconfigured("name what to train on: a FILE, --dataset NAME, or `dataset` in the file of --config")
    training = dict(body.get("training") or {})
    for name in ("epochs", "batch_size", "seed"):
        if getattr(options, name) is not None:
            training[name] = getattr(options, name)
    optimizer = _optimizer(options, training.get("optimizer"))
    if optimizer is not None:
        training["optimizer"] = optimizer
    network = _network(options)
    if network is not None:
        body["network"] = network
    if training:
        body["training"] = training
    for text in options.set:
        _set(body, *pair_of(text, "--set", "training.epochs=10"))
    if options.model is not None:
        body["model"] = options.model
    elif isinstance(body["dataset"], str):
        body.setdefault("model", body["dataset"].partition("@")[0])
    return body


def hint_of(texts: Iterable[str]) -> str | None:
    """Return how the first option that these texts of the service name is given to a command; None without one."""
    found = next((match for text in texts if (match := NAMED_OPTION.search(text))), None)
    if found is None:
        return None
    return f"an option such as `{found[1]}` is given as --read {shlex.quote(found[1])}"


def name_of(file: Path) -> str:
    """Return the dataset's name for a file: its own without suffixes, of the characters that names may have."""
    name = NOT_IN_NAMES.sub("-", file.name.lower().partition(".")[0]).strip("-._")[:LONGEST_NAME]
    if not name:
        raise Misconfigured(f"{file} gives no name for the dataset; say --name")
    return name


def _config(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        body = json.loads(file.read_bytes())
    except OSError as error:
        raise Misconfigured(f"--config {file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Misconfigured(f"--config {file} is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Misconfigured(f"--config {file} must hold an object, the body of POST /v1/jobs")
    return body


def _optimizer(options: argparse.Namespace, configured: Any) -> Any:
    """Return the optimizer that the options ask for; None if they ask for none."""
    if options.optimizer is None and options.learning_rate is None:
        return None
    if options.optimizer is not None:
        optimizer: dict[str, Any] = {"type": options.optimizer}
    elif isinstance(configured, dict):
        optimizer = dict(configured)
    else:
        optimizer = {"type": "sgd", "momentum": MOMENTUM} if configured is None else {"type": configured}
    return optimizer if options.learning_rate is None else {**optimizer, "learning_rate": options.learning_rate}


def _network(options: argparse.Namespace) -> Any:
    if options.hidden is None:
        if options.activation is not None:
            raise Misconfigured("--activation goes with --hidden: --hidden 16 --activation relu")
        return options.network
    if options.network is not None:
        raise Misconfigured("--network and --hidden are two ways to say the same; give one of them")
    try:
        hidden = [int(units) for units in options.hidden.split(",") if units.strip()]
    except ValueError:
        raise Misconfigured(f"--hidden must be whole numbers such as 16,8, got {options.hidden!r}") from None
    return {"hidden": hidden} | ({} if options.activation is None else {"activation": options.activation})


def pair_of(text: str, flag: str, example: str) -> tuple[str, str]:
    """Return the name and the value of `NAME=VALUE`, which a flag was given."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise Misconfigured(f"{flag} needs a name and a value, as in {flag} {example}; got {text!r}")
    return name, value


def _set(body: dict[str, Any], path: str, text: str) -> None:
    """Set a field, whose path has points; the value is JSON, or text where it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    *parents, last = path.split(".")
    for parent in parents:
        below = body.get(parent)
        body[parent] = below = dict(below) if isinstance(below, dict) else {}
        body = below
    body[last] = value
