"""Read everything that a client can read of a service, so that two services can be compared answer by answer.

Imports the standard library only: the script that makes the fixture uses it with the code of that time.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

Ask = Callable[[str, str, Any], tuple[int, bytes]]  # method, path and JSON body; the status and the body of the answer
Answers = dict[str, Any]

MOST = 1000  # entries of a page
ABOUT_REQUEST = "request_id"  # differs from one request to the next
LEFT_OUT = ("columns", "inputs", "outputs", "model_version_status")  # of an entry of a list


def read_everything(ask: Ask) -> Answers:
    """Return the answers of every address that shows stored data, by path.

    An entry of a list that equals the answer of its own address is written as its name alone.
    """
    found: Answers = {}
    for kind, key in (("networks", "name"), ("datasets", "name"), ("models", "name"), ("jobs", "id")):
        for name in _read_list(ask, found, f"/v1/{kind}", key):
            READERS[kind](ask, found, f"/v1/{kind}/{name}")
        _shorten(found, f"/v1/{kind}", key)
    _read_list(ask, found, "/v1/events", "id")
    _shorten_events(found)
    for status in ("queued", "running", "paused", "succeeded", "failed", "cancelled"):
        answer = _get(ask, f"/v1/jobs?status={status}&limit={MOST}")
        found[f"/v1/jobs?status={status}"] = [job["id"] for job in answer["body"]["data"]]
    return found


def compute_everything(ask: Ask, answers: Answers) -> Answers:
    """Return what is computed of stored parameters: predictions, differences of epochs, one trace and one evaluation.

    These are floating-point numbers that may differ in their last bits between machines.
    """
    found: Answers = {}
    for path, answer in answers.items():
        _, _, kind, *rest = path.split("/")
        if kind == "models" and len(rest) == 1 and answer["body"]["example"] is not None:
            found[f"{path}:predict"] = _post(ask, f"{path}:predict", answer["body"]["example"])
        if kind == "jobs" and len(rest) == 1 and answer["body"]["progress"]["epoch"]:
            last = answer["body"]["progress"]["epoch"]
            found[f"{path}/epochs/0/diff/{last}"] = _some(_get(ask, f"{path}/epochs/0/diff/{last}"))
            found[f"{path}/epochs/last:trace"] = _some(_post(ask, f"{path}/epochs/last:trace", {"row": 0}))
            dataset = {"dataset": answer["body"]["dataset"]}
            found[f"{path}/epochs/best:evaluate"] = _some(_post(ask, f"{path}/epochs/best:evaluate", dataset))
    return found


def _some(answer: Answers) -> Answers:
    """Keep of an answer what says which parameters and which optimizer's state it was computed from."""
    names = ("type", "epoch", "loss", "metrics", "optimizer_state", "from", "to", "identical")
    return {
        "status": answer["status"],
        "body": {name: answer["body"][name] for name in names if name in answer["body"]},
    }


def _read_network(ask: Ask, found: Answers, path: str) -> None:
    found[path] = _get(ask, path)
    found[f"{path}?format=keras"] = _get(ask, f"{path}?format=keras")


def _read_dataset(ask: Ask, found: Answers, path: str) -> None:
    found[path] = _get(ask, path)
    found[f"{path}/rows"] = _digest(ask, f"{path}/rows?limit={MOST}")


def _read_model(ask: Ask, found: Answers, path: str) -> None:
    found[path] = _get(ask, path)
    for version in found[path]["body"]["versions"]:
        number = version["version"]
        found[f"{path}/versions/{number}"] = _get(ask, f"{path}/versions/{number}")


def _read_job(ask: Ask, found: Answers, path: str) -> None:
    found[path] = _get(ask, path)
    _read_list(ask, found, f"{path}/epochs", "epoch")
    _read_list(ask, found, f"{path}/layers", "epoch")
    _read_list(ask, found, f"{path}/events", "id")
    epochs = found[f"{path}/epochs"]
    found[f"{path}/epochs?points=10"] = _chosen(ask, f"{path}/epochs?points=10", epochs)
    found[f"{path}/layers?points=3"] = _chosen(ask, f"{path}/layers?points=3", found[f"{path}/layers"])
    for kind in ("csv", "jsonl"):
        found[f"{path}/epochs?format={kind}"] = _digest(ask, f"{path}/epochs?format={kind}")
    _read_parameters(ask, found, path, epochs)


def _read_parameters(ask: Ask, found: Answers, path: str, epochs: list[Any]) -> None:
    """Read the parameters of every epoch that stores them, and what the first that does not answers."""
    stored = [epoch["epoch"] for epoch in epochs if epoch["parameters_stored"]]
    missing = [epoch["epoch"] for epoch in epochs if not epoch["parameters_stored"]][:1]
    for epoch in (*stored, "best", "last"):
        found[f"{path}/epochs/{epoch}/parameters"] = _digest(
            ask, f"{path}/epochs/{epoch}/parameters?format=safetensors"
        )
    for epoch in missing:
        found[f"{path}/epochs/{epoch}/parameters"] = _get(ask, f"{path}/epochs/{epoch}/parameters")


READERS = {"networks": _read_network, "datasets": _read_dataset, "models": _read_model, "jobs": _read_job}


def _read_list(ask: Ask, found: Answers, path: str, key: str) -> list[Any]:
    """Read all pages of a list; return what names its entries."""
    entries: list[Any] = []
    more, after = True, ""
    while more:
        page = _get(ask, f"{path}?limit={MOST}{after}")["body"]
        entries += page["data"]
        more, after = page["has_more"], f"&after={page['last_id']}"
    found[path] = entries
    return [entry[key] for entry in entries]


def _shorten(found: Answers, path: str, key: str) -> None:
    found[path] = [
        entry[key] if _is_of(entry, found[f"{path}/{entry[key]}"]["body"]) else entry for entry in found[path]
    ]


def _is_of(entry: Any, whole: Any) -> bool:
    """Return whether an entry of a list is what its own address answers, but for what lists leave out."""
    left_out = {name: whole[name] for name in LEFT_OUT if name in whole}
    return bool({**left_out, **entry} == whole)


def _shorten_events(found: Answers) -> None:
    of_jobs = {event["id"]: event for path in found if path.endswith("/events") for event in found[path]}
    entries = found["/v1/events"]
    found["/v1/events"] = [entry["id"] if of_jobs.get(entry["id"]) == entry else entry for entry in entries]


def _chosen(ask: Ask, path: str, whole: list[Any]) -> list[Any]:
    """Read a part of a list; an entry that the whole list has, too, is written as its epoch."""
    return [entry["epoch"] if entry in whole else entry for entry in _get(ask, path)["body"]["data"]]


def _get(ask: Ask, path: str) -> Answers:
    return _read(*ask("GET", path, None))


def _post(ask: Ask, path: str, body: Any) -> Answers:
    return _read(*ask("POST", path, body))


def _read(status: int, data: bytes) -> Answers:
    body = json.loads(data)
    if status >= 400:
        body.pop(ABOUT_REQUEST, None)
    return {"status": status, "body": body}


def _digest(ask: Ask, path: str) -> Answers:
    """Read an answer that is large or not JSON: its SHA-256 stands for it, unless it is a problem."""
    status, data = ask("GET", path, None)
    if status >= 400:
        return _read(status, data)
    return {"status": status, "sha256": hashlib.sha256(data).hexdigest()}
