"""Hooks of schemathesis: most cases name existing resources, and none makes the server wait for long.

Schemathesis loads this module by `SCHEMATHESIS_HOOKS` and calls the hooks in the order of its cases, so that a seed
gives the same cases again. Schemathesis validates a case again after a hook has changed it.
"""

import os
import random
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation

from chaos.client import over_http
from chaos.kinds import XOR
from chaos.stage_schema import ADDRESS, SEED

TIMEOUT, CODING = "X-Request-Timeout", "Content-Encoding"
ROWS = [[0, 1], [1, 1]]
PUBLIC = "https://1.1.1.1/hook"
QUERIES = {"slope": {"layer": "0", "weight": "1,2"}, "surface": {"x": "0,1,2", "y": "1,bias,0"}}
MODELS = 20
MOST_EPOCHS = 50
REAL_SHARE = 0.8
CONTENTS: dict[str, dict[str, Any]] = {
    "datasets": XOR,
    "networks": {"inputs": 2, "hidden": [1]},
    "tenants": {},
}  # of those made to be deleted
VERBS = ("cancel", "pause", "resume", "step")


class Stock:
    """The resources that cases name; those to delete or to send commands to are created when needed."""

    def __init__(self) -> None:
        self.send = over_http(os.environ[ADDRESS])
        self.random = random.Random(int(os.environ[SEED]))

    def made(self, path: str, body: Any, method: str = "POST") -> Any:
        status, answer = self.send(method, path, body, {})
        assert status < 300, (path, status, answer)
        return answer

    @cached_property
    def jobs(self) -> list[str]:
        """Return the ids of ended jobs, each of which has trained a model named after its number."""
        return [self.job(model=f"model-{number}")["id"] for number in range(MODELS)]

    def job(self, wait: int = 60, **more: Any) -> Any:
        self.restock()
        training = {"epochs": 3, "batch_size": 4, "seed": 1}
        body = {"dataset": "xor", "network": "net", "training": training, "priority": 1000, **more}
        return self.made(f"/v1/jobs?wait={wait}", body)

    def model(self, name: str) -> str:
        """Return the name of a trained model, after training it again if a case has deleted it."""
        if self.send("GET", f"/v1/models/{name}", None, {})[0] == 404:
            self.job(model=name)
        return name

    def prediction(self, ended: bool) -> str:
        """Return the id of a prediction of a dataset, which has ended or will soon."""
        self.restock()
        body = {"model": self.model("model-0"), "dataset": "xor", "keep": ["input_1"]}
        return str(self.made(f"/v1/predictions?wait={60 if ended else 0}", body)["id"])

    def webhook(self) -> str:
        """Return the id of a new webhook, to which nothing is sent."""
        return str(self.made("/v1/webhooks", {"url": PUBLIC})["id"])

    @cached_property
    def shared_webhook(self) -> tuple[str, str]:
        """Return the ids of a webhook and of a delivery to it."""
        webhook = self.webhook()
        return webhook, str(self.made(f"/v1/webhooks/{webhook}:test", None)["id"])

    def restock(self) -> None:
        """Create again what cases have deleted, whose names they take from answers."""
        self.made("/v1/networks", {"name": "net", "inputs": 2, "hidden": [3]})
        self.made("/v1/datasets/xor", XOR, "PUT")  # a case may have stored another version of it

    def name_for(self, method: str, path: str) -> str:
        """Return the name of an existing resource of the kind in the path."""
        jobs, fresh = self.jobs, f"made-{self.random.getrandbits(48):x}"
        kind = path.split("/")[2]
        if path == "/v1/models/{name}/versions":
            return fresh
        if kind == "models" and method == "DELETE":
            return str(self.job(model=fresh)["model"]["name"])
        if kind in ("models", "repository"):
            return self.model(f"model-{self.random.randrange(MODELS)}")
        if kind == "jobs" and method == "DELETE":
            doomed = self.job(wait=0, hold=True)["id"]
            self.made(f"/v1/jobs/{doomed}:cancel", None)
            return str(doomed)
        if kind == "jobs" and path.endswith(VERBS):
            moved = self.job(wait=0, hold=self.random.random() < 0.5, model=fresh)["id"]
            if self.random.random() < (0.8 if path.endswith(("resume", "step")) else 0.3):
                self.send("POST", f"/v1/jobs/{moved}:pause", None, {})
            return str(moved)
        if kind == "jobs":
            return self.random.choice(jobs)
        if kind == "predictions":
            return self.prediction(ended=method == "DELETE" or self.random.random() < 0.5)
        if kind == "webhooks":
            return self.webhook() if method == "DELETE" else self.shared_webhook[0]
        if kind == "keys":
            return str(self.made("/v1/keys", {"name": fresh, "scopes": ["read"]})["id"])
        if method == "DELETE":
            self.made(f"/v1/{kind}", {"name": fresh, **CONTENTS[kind]})
            return fresh
        return {"networks": "net", "datasets": "xor"}.get(kind, "default")

    def body_for(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the generated body with references replaced by names of existing resources."""
        verb = path.rpartition(":")[2]
        if isinstance(body.get("notify"), dict):
            body = {**body, "notify": {"url": PUBLIC}}
        if path.startswith("/v1/webhooks") and verb != "rotate":
            return {**body, "url": PUBLIC}
        if path == "/v1/jobs":
            training = body["training"] if isinstance(body.get("training"), dict) else {}
            epochs = training.get("epochs")
            if isinstance(epochs, int | float) and epochs > MOST_EPOCHS:
                training = {**training, "epochs": MOST_EPOCHS}
            network = {"network": "net"} if self.random.random() < 0.5 else {}
            return {**body, "dataset": "xor", **network, **({"training": training} if "training" in body else {})}
        if path == "/v1/models/{name}/aliases/{alias}":
            gate = {"dataset": "xor", "metric": self.random.choice(("loss", "accuracy"))}
            return {"version": 1, "if_better_on": self.random.choice((None, gate)), "force": body.get("force", False)}
        if path == "/v1/models/{name}/versions":
            return {"job": self.random.choice(self.jobs), "epoch": self.random.choice((0, 3, "best", "last"))}
        if verb == "evaluate":
            return {**body, "dataset": "xor"}
        if path == "/v1/predictions":
            named = {"model": self.model("model-0"), "dataset": "xor", "version": None, "epoch": None}
            return {**body, **named, "keep": self.random.choice([None, "input_1", ["input_2", "target"]])}
        if path.endswith("/infer"):
            tensor = {"name": "rows", "shape": [len(ROWS), len(ROWS[0])], "datatype": "FP64", "data": ROWS}
            return {**body, "inputs": [tensor], "outputs": [], "parameters": {}}
        if verb == "predict":
            return {**body, "instances": ROWS, "inputs": None}
        if verb == "trace":
            row = {} if path.startswith("/v1/networks") else {"row": None}
            return {**body, "instances": ROWS, "targets": [1, 0], **row}
        return body


@cache
def stock() -> Stock:
    return Stock()


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Let a case name existing resources, and remove parameters that make the server wait."""
    path, method = case.operation.path, case.method.upper()
    if "wait" in (case.query or {}):
        case.query["wait"] = "0" if str(case.query["wait"])[:1].isdigit() else case.query["wait"]
    if case.headers and _is_positive(case.headers.get(TIMEOUT)):
        case.headers[TIMEOUT] = "60"  # it may be over before anything is done
    if case.headers and CODING in case.headers and _is_sound(case, ParameterLocation.HEADER):
        del case.headers[CODING]  # the body is not packed
    if stock().random.random() < REAL_SHARE and case.path_parameters and path.startswith(("/v1/", "/v2/")):
        _be_real(case, method, path)
    if (
        path.endswith(tuple(QUERIES))
        and stock().random.random() < REAL_SHARE
        and _is_sound(case, ParameterLocation.QUERY)
    ):
        case.query = {**case.query, **QUERIES[path.rpartition("/")[2]]}
    if isinstance(case.body, dict) and stock().random.random() < REAL_SHARE and _is_sound(case, ParameterLocation.BODY):
        case.body = stock().body_for(path, case.body)


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Ignore accepted cases whose invalid parameter has no value, such as an empty list, as it is not sent."""
    if not isinstance(failure, AcceptedNegativeData):
        return True
    if "idempotent-replayed" in {name.lower() for name in response.headers}:  # to an earlier case with the same body
        return False
    if _is_boolean_in_other_words(case) or _is_list_of_rows(case) or _is_coding_of_nothing(case, response):
        return False
    if "in header - object with unexpected properties" in failure.message:  # as HTTP has it, they are ignored
        return False
    if "additionalProperties" not in failure.message:
        return True
    if case.operation.path.startswith("/v2"):  # the Open Inference Protocol ignores what it does not know
        return False
    known = {parameter.name for parameter in case.operation.query}
    return not parse_qs(urlsplit(str(response.request.url)).query, keep_blank_values=True).keys() <= known


def _is_positive(text: object) -> bool:
    try:
        return float(str(text)) > 0
    except ValueError:
        return False


def _is_coding_of_nothing(case: Case[Any], response: Response) -> bool:
    """Return whether a request without a body says how its body is packed, or one with a body names no coding."""
    headers: dict[str, Any] = dict(case.headers or {})
    return CODING in headers and not (response.request.body and str(headers[CODING]).strip())


def _is_boolean_in_other_words(case: Case[Any]) -> bool:
    """Return whether the query has a boolean as `1`, as `0`, or without a value, which is taken, too."""
    booleans = {
        each.name for each in case.operation.query if each.definition.get("schema", {}).get("type") == "boolean"
    }
    return any(name in booleans and value in ("1", "0", "", 0, 1, None) for name, value in (case.query or {}).items())


def _is_list_of_rows(case: Case[Any]) -> bool:
    """Return whether a dataset is a list of rows, which is taken, too.

    The document does not have this form, as generated clients fail on two of them.
    """
    return isinstance(case.body, list) and case.operation.path.startswith("/v1/datasets")


def _is_sound(case: Case[Any], where: ParameterLocation) -> bool:
    return case.meta is not None and not case.meta.is_negative_at(where)


def _be_real(case: Case[Any], method: str, path: str) -> None:
    """Put names of existing resources into the path, but sometimes leave an invalid epoch or version."""
    given = case.path_parameters
    real = {
        "epoch": ("0", "3", "best", "last"),
        "other": ("0", "1", "2"),
        "version": ("1",),
        "alias": ("champion", "default"),
    }
    for name in given:
        if name in ("name", "id"):
            given[name] = stock().name_for(method, path)
        elif name == "delivery":
            given[name] = stock().shared_webhook[1]
        elif name in real and stock().random.random() < REAL_SHARE:
            given[name] = stock().random.choice(real[name])
