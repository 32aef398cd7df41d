"""Every answer is what the OpenAPI document says it is, and has no field that the document does not show."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import RESOURCES
from service.services import Services
from service.store import workers
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import CSV, XOR
from tests.integration.explained import EXAMPLE, ROW
from tests.integration.published import Operation, PublishedDocument
from workers.run.run import run_next_job

TRAINING = {
    "epochs": 4,
    "seed": 1,
    "batch_size": 5,
    "validation": 0.2,
    "early_stopping": {"patience": 1},
    "store_parameters": {"every": 2},
}
PUBLIC = "https://1.1.1.1/hook"  # nothing is sent: no process of deliveries runs here
NOT_JSON = {
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/docs"),
    ("get", "/docs/{tag}"),
    ("get", "/docs/schemas"),
    ("get", "/docs/schemas/{schema}"),
    ("get", "/docs/style.css"),
    ("get", "/v1/models/{name}/export"),
    ("get", "/v1/models/{name}/versions/{version}/export"),
    ("get", "/v1/predictions/{id}/result"),
}


class Caller:
    """Sends requests, checks each answer against the published document and remembers which operations answered."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.published = PublishedDocument(client.get("/openapi.json").json)
        self.answered: set[Operation] = set()

    def __call__(self, method: str, path: str, body: Any = None, status: int | None = None, **options: Any) -> Any:
        answer = (
            self.client.open(path, method=method, json=body, **options)
            if body is not None
            else self.client.open(path, method=method, **options)
        )
        operation = self.published.operation_of(method, path.partition("?")[0])
        assert operation is not None, path
        self.published.check(operation, answer)
        if status is None:
            assert answer.status_code < 300, answer.text
            self.answered.add(operation)
        else:
            assert answer.status_code == status, answer.text
        return answer.json if answer.mimetype == "application/json" else answer


@POSTGRESQL_IS_LONG
def test_every_answer_has_the_fields_that_are_published_and_no_others(client: FlaskClient, service: Services) -> None:
    call = Caller(client)
    run = lambda: run_next_job(service, "test", lambda: False)  # noqa: E731
    for path in (
        "/",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/docs",
        "/docs/jobs",
        "/docs/schemas",
        "/docs/schemas/Job",
        "/docs/style.css",
        "/problems?format=json",
        "/problems/validation?format=json",
    ):
        call("GET", path)
    for path in ("/docs/nothing", "/docs/schemas/nothing"):
        call("GET", path, status=404)
    with service.database.begin() as connection:
        workers.report_alive(connection, "host:ns:1:2")
    call("GET", "/v1/workers")
    call("GET", "/metrics")
    _resources(call)
    job = _jobs(call, run)
    _epochs(call, f"/v1/jobs/{job}")
    _models(call, job)
    _aliases(call, run)
    _inference(call)
    _explanations(call, f"/v1/jobs/{job}")
    _batches(call, run)
    _webhooks(call)
    _failures(call, run)
    for path in (
        "/v1/jobs",
        "/v1/models",
        "/v1/networks",
        "/v1/datasets",
        "/v1/events?limit=1000",
        f"/v1/jobs/{job}/events",
    ):
        call("GET", path)
    _parts(call, f"/v1/jobs/{job}")
    _keys(call, job)
    _tenants(call)
    for path in ("/v1/models/m", f"/v1/jobs/{job}", "/v1/networks/n", "/v1/datasets/xor"):
        call("DELETE", path)
    call("DELETE", "/v1/tenants/school?purge=true")
    for path in ("/v1/audit", "/v1/tenants"):
        call("GET", path)
    assert call.published.operations == call.answered


def _resources(call: Caller) -> None:
    call("POST", "/v1/networks", EXAMPLE)
    call("POST", "/v1/networks", {"name": "n", "hidden": [3], "training": {"epochs": 3}})
    call("GET", "/v1/networks/n")
    call("GET", "/v1/networks/example?format=keras")
    call("POST", "/v1/datasets", XOR)
    call("PUT", "/v1/datasets/table", data=CSV)
    call("GET", "/v1/datasets/table")
    call("GET", "/v1/datasets/table/rows?limit=3")
    call("GET", "/v1/datasets/table/versions")
    call("GET", "/v1/datasets/table/columns?limit=2")
    call("GET", "/v1/datasets/table/columns?column=nothing", status=422)
    call("POST", "/v1/networks", {"hidden": [0], "nam": "x"}, 422)
    call("POST", "/v1/datasets?name=bad", status=422, data="a,b\n1,2\nx,3\n" + "4,5\n" * 40)
    call("GET", "/v1/networks/nothing", status=404)


def _jobs(call: Caller, run: Callable[[], object]) -> str:
    job = str(call("POST", "/v1/jobs", {"dataset": "table", "model": "m", "training": TRAINING, "hold": True})["id"])
    path = f"/v1/jobs/{job}"
    call("POST", "/v1/jobs:estimate", {"dataset": "table", "training": TRAINING})
    call("POST", "/v1/jobs?dry_run=true", {"dataset": "table", "training": TRAINING})
    run()
    call("GET", path)
    call("POST", f"{path}:step", {"epochs": 1})
    call("POST", f"{path}:pause")
    call("POST", f"{path}:resume")
    run()
    assert call("GET", path)["status"] == "succeeded"
    call("POST", f"{path}:cancel", status=409)
    forked = call("POST", f"{path}:fork", {"training": {"epochs": 1}})["id"]
    replay = call("POST", f"{path}:replay")["id"]
    run()
    run()
    assert call("GET", f"/v1/jobs/{forked}")["forked_from"]["job"] == job
    assert call("GET", f"/v1/jobs/{replay}")["replay"]["identical"] is True
    cancelled = call("POST", "/v1/jobs", {"dataset": XOR})["id"]
    call("POST", f"/v1/jobs/{cancelled}:cancel")
    return job


def _epochs(call: Caller, path: str) -> None:
    for query in ("", "?points=3", "?format=csv", "?format=jsonl"):
        call("GET", f"{path}/epochs{query}")
    for query in ("", "?points=2"):
        call("GET", f"{path}/layers{query}")
    for query in ("", "?format=npz", "?format=safetensors"):
        call("GET", f"{path}/epochs/best/parameters{query}")
    call("GET", f"{path}/epochs/99/parameters", status=404)
    call("GET", f"{path}/epochs/best/histograms")


def _parts(call: Caller, job: str) -> None:
    for names in ("id,status", "network.layers,training.optimizer.type,training.preprocessing.fitted.inputs"):
        call("GET", f"{job}?fields={names}")
    call("GET", "/v1/jobs?fields=latest.metrics.training,progress.epoch")
    call("GET", "/v1/jobs?fields=best.metrics.training,curve&curve=3")
    call("GET", "/v1/jobs?search=M&best&at_epoch=1&curve=3")
    for path in ("/v1/datasets/table", "/v1/datasets", "/v1/datasets/table/versions"):
        call("GET", f"{path}?fields=read.delimiter,rows")
    for path in ("/v1/models/m", "/v1/models", "/v1/models/m/versions/1"):
        call("GET", f"{path}?fields=object,aliases")


def _models(call: Caller, job: str) -> None:
    rows = {"instances": [{"a": 0.5, "b": 1, "unknown": 2}]}
    call("GET", "/v1/models/m")
    call("GET", "/v1/models/m/versions/1")
    call("GET", "/v1/models/m/card?format=json")
    call("GET", "/v1/models/m/card")
    call("GET", "/v1/models/m/versions/1/card?format=json")
    versions = "/v1/models/copied/versions"
    call("POST", versions, {"job": job, "epoch": "best", "decision": {"threshold": 0.4}})
    call("POST", versions, {"version": 1, "keep_until": "1d"})
    call("POST", versions, {"version": 9}, 422)
    call("DELETE", f"{versions}/2")
    call("DELETE", f"{versions}/2", status=404)
    for format in ("onnx", "safetensors", "npz", "keras", "python"):
        for path in ("/v1/models/m", "/v1/models/m/versions/1"):
            call("GET", f"{path}/export?format={format}")
    for path in ("/v1/models/m", "/v1/models/m/versions/1", f"/v1/jobs/{job}/epochs/last"):
        call("POST", f"{path}:predict", {"instances": [[0.5, 1]]})
        call("POST", f"{path}:predict", {"inputs": [[0.5, 1]]})
        assert call("POST", f"{path}:predict", rows)["ignored"] == ["unknown"]
        call("POST", f"{path}:predict?format=csv", rows)
        call("POST", f"{path}:predict?format=npz", rows)
        call("POST", f"{path}:evaluate", {"dataset": "table"})
        call("POST", f"{path}:trace?explain=true&full=true", {"instances": [[0.5, 1]], "targets": ["odd"]})
        wrong = {"activations": [None, [[7, 8]]], "gradients": [None, {"biases": [7, 8]}]}
        claimed = call("POST", f"{path}:trace", {"instances": [[0.5, 1]], "targets": ["odd"], "claim": wrong})
        assert claimed["claim"]["wrong"] == 4
        for query in ("blank=delta", "blank=delta&format=html", "blank=gradients&format=json&key=false"):
            call("POST", f"{path}:trace?{query}", {"instances": [[0.5, 1]], "targets": ["odd"]})
        call("POST", f"{path}:gradient-check")
        call("GET", f"{path}/histograms?range=-1,1")


def _aliases(call: Caller, run: Callable[[], object]) -> None:
    alias = "/v1/models/m/aliases/champion"
    gate = {"if_better_on": {"dataset": "table", "metric": "accuracy"}}
    assert call("PUT", alias, {"version": 1, **gate})["moved"]
    call("PUT", alias, {"version": "previous"}, 409)
    call("PUT", alias, {"version": 1}, 412, headers={"If-None-Match": "*"})
    promote = {"alias": "champion", **gate}
    job = call("POST", "/v1/jobs", {"dataset": "table", "model": "m", "training": TRAINING, "promote": promote})["id"]
    run()
    assert call("GET", f"/v1/jobs/{job}")["promoted"]["moved"] is False
    assert "comparison" in call("PUT", alias, {"version": 2, **gate}, 409).json
    call("PUT", alias, {"version": 2})
    call("PUT", alias, {"version": "previous"})
    call("GET", alias)
    call("GET", "/v1/models/m/aliases")
    call("DELETE", alias)


def _inference(call: Caller) -> None:
    for path in ("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/stats"):
        call("GET", path)
    call("POST", "/v2/repository/index", {"ready": True})
    for verb in ("load", "unload"):
        call("POST", f"/v2/repository/models/m/{verb}", {})
    for path in ("/v2/models/m", "/v2/models/m/versions/1"):
        for end in ("", "/ready", "/config", "/stats"):
            call("GET", f"{path}{end}")
        example = call("GET", path)["parameters"]["example"]
        call("POST", f"{path}/infer", {"id": "1", **example})
        call("POST", f"{path}/infer", {**example, "parameters": {"binary_data_output": True}})
    call("GET", "/v2/models/nothing", status=404)
    call("PUT", "/v1/models/m/aliases/stable", {"version": 1})
    for path in ("/v1/models/m", "/v1/models/m/versions/1", "/v1/models/m/labels/stable"):
        call("GET", f"{path}/metadata")
        call("POST", f"{path}:predict", {"signature_name": "serving_default", "inputs": {"a": [0.5], "b": [1]}})
    call("GET", "/v1/models/m/labels/stable")
    call("DELETE", "/v1/models/m/aliases/stable")
    call("POST", "/v2/models/m/infer", {"inputs": 1}, 400)


def _batches(call: Caller, run: Callable[[], object]) -> None:
    body = {"model": "m", "dataset": "table", "keep": ["a"]}
    path = f"/v1/predictions/{call('POST', '/v1/predictions', body)['id']}"
    call("GET", f"{path}/result", status=409)
    run()
    assert call("GET", path)["status"] == "succeeded"
    for kind in ("csv", "npz", "parquet", "jsonl"):
        call("GET", f"{path}/result?format={kind}")
    call("POST", f"{path}:cancel", status=409)
    other = call("POST", "/v1/predictions", body)["id"]
    call("POST", f"/v1/predictions/{other}:cancel")
    call("POST", "/v1/predictions", {**body, "keep": ["c"]}, 422)
    call("GET", "/v1/predictions?model=m")
    call("DELETE", path)


def _webhooks(call: Caller) -> None:
    made = call("POST", "/v1/webhooks", {"url": "https://192.0.2.1/"}, 422)
    made = call("POST", "/v1/webhooks", {"url": PUBLIC, "events": ["job.failed"]})
    path = made["links"]["self"]
    call("GET", path)
    call("GET", "/v1/webhooks?limit=1")
    call("PATCH", path, {"enabled": False})
    call("POST", f"{path}:rotate")
    call("POST", f"{path}:rotate", {"secret": "whsec_"}, 422)
    sent = call("POST", f"{path}:test")
    assert sent["body"]["data"] == {"object": "webhook", "id": made["id"]}
    call("GET", f"{path}/deliveries?status=pending")
    call("GET", f"{path}/deliveries/{sent['id']}")
    call("POST", f"{path}/deliveries/{sent['id']}:resend", status=409)
    call("PATCH", path, {"url": PUBLIC, "events": ["job.succeeded"], "enabled": True})
    call("POST", f"{path}/deliveries/{sent['id']}:resend")
    notify = {"url": PUBLIC, "events": ["job.failed"]}
    job = call("POST", "/v1/jobs", {"dataset": "table", "training": {"epochs": 1}, "hold": True, "notify": notify})
    assert call("GET", job["links"]["self"])["notify"] == {
        "webhook": job["notify"]["webhook"],
        "events": ["job.failed"],
    }
    body = {"model": "m", "dataset": "table", "notify": {"url": PUBLIC}}
    prediction = call("POST", "/v1/predictions", body)
    for each in (job, prediction):
        call("POST", each["links"]["cancel"])
    call("DELETE", path)


def _explanations(call: Caller, path: str) -> None:
    call("POST", "/v1/networks/example:trace", {**ROW, "loss": "quadratic"})
    call("POST", "/v1/networks/example:trace?blank=activations&format=json", {**ROW, "loss": "quadratic"})
    call("POST", "/v1/networks/example:gradient-check", {"seed": 1})
    call("GET", f"{path}/epochs/last/slope?layer=0&bias=1&points=3")
    call("GET", f"{path}/epochs/last/surface?x=0,0,0&y=0,bias,0&points=3")
    call("GET", f"{path}/epochs/0/diff/last")


def _failures(call: Caller, run: Callable[[], object]) -> None:
    training = {
        "epochs": 50,
        "optimizer": {"type": "sgd", "learning_rate": 1e6},
        "preprocessing": {"numbers": "none", "targets": "none"},
    }
    rows = [{"x": float(n), "y": float(n)} for n in range(10)]
    failed = call("POST", "/v1/jobs", {"dataset": {"rows": rows}, "network": {"hidden": []}, "training": training})[
        "id"
    ]
    run()
    assert call("GET", f"/v1/jobs/{failed}")["error"]["code"] == "diverged"


def _keys(call: Caller, job: str) -> None:
    """Make keys, which all requests after it carry."""
    admin = call("POST", "/v1/keys", {"scopes": ["admin"]})["key"]
    call("GET", "/v1/jobs", status=401)
    call("GET", "/metrics", status=401)
    call("POST", "/v1/session", {"key": "bp_none"}, 401)
    headers = {"X-CSRF-Token": call("POST", "/v1/session", {"key": admin})["csrf_token"]}  # with a cookie from here on
    call("DELETE", "/v1/networks/n", status=403)
    call("GET", "/v1/session")
    call("DELETE", "/v1/session", headers=headers)
    call.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {admin}"
    wish = {"scopes": ["predict"], "name": "page", "models": ["m"], "origins": ["https://a.example"], "expires": "1d"}
    path = f"/v1/keys/{call('POST', '/v1/keys', wish)['id']}"
    call("GET", path)
    assert call("POST", f"{path}:rotate", {"overlap": "1h"})["replaces"] in path
    call("DELETE", path)
    call("POST", f"{path}:rotate", status=409)
    call("GET", "/v1/keys")
    share = call("POST", f"/v1/jobs/{job}/shares", {"name": "seminar", "expires": "7d"})["id"]
    call("GET", f"/v1/jobs/{job}/shares")
    call("DELETE", f"/v1/jobs/{job}/shares/{share}")


def _tenants(call: Caller) -> None:
    """Make a tenant, limit it and let it predict with a model; then the refusals of each."""
    call("POST", "/v1/tenants", {"name": "school"})
    call("GET", "/v1/tenants/school")
    limited = call("PATCH", "/v1/tenants/school", {"weight": 2, "epochs": 500, "operations": 1e12})
    assert (limited["weight"], limited["limits"]) == (2, {"epochs": 500, "operations": 1e12})
    call("PATCH", "/v1/tenants/school", {"epochs": -1}, 422)
    call("PATCH", "/v1/tenants/nobody", {"epochs": 1}, 404)
    call("GET", "/v1/usage")
    assert call("GET", "/v1/usage?tenant=school")["limits"]["epochs"] == 500
    call("GET", "/v1/usage?tenant=nobody", status=404)
    grants = "/v1/models/m/grants"
    assert call("POST", grants, {"tenant": "school"})["tenant"] == "school"
    call("POST", grants, {"tenant": "nobody"}, 422)
    call("POST", "/v1/models/nothing/grants", {"tenant": "school"}, 404)
    assert [each["tenant"] for each in call("GET", grants)["data"]] == ["school"]
    call("GET", "/v1/models/nothing/grants", status=404)
    call("DELETE", f"{grants}/school")
    call("DELETE", f"{grants}/school", status=404)
    _as_school(call)


def _as_school(call: Caller) -> None:
    """An admin of another tenant than `default` sees its own use, is refused that of others, and is limited."""
    school = {"Authorization": f"Bearer {call('POST', '/v1/keys', {'tenant': 'school', 'scopes': ['admin']})['key']}"}
    assert call("GET", "/v1/usage", headers=school)["tenant"] == "school"
    call("GET", "/v1/usage?tenant=default", status=403, headers=school)
    call("PATCH", "/v1/tenants/school", {"epochs": 1}, 403, headers=school)
    call("PATCH", "/v1/tenants/school", {"requests_per_second": 0.001})
    call("GET", "/v1/usage", headers=school)
    call("GET", "/v1/usage", status=429, headers=school)


def test_a_field_that_is_not_published_is_a_fault(client: FlaskClient) -> None:
    published = PublishedDocument(client.get("/openapi.json").json)
    answer = client.get("/healthz")
    published.check(("get", "/healthz"), answer)
    answer.data = json.dumps({"status": "alive", "extra": 1})
    with pytest.raises(AssertionError, match="extra"):
        published.check(("get", "/healthz"), answer)


def test_every_route_with_json_has_a_model(client: FlaskClient) -> None:
    published = [route for module in RESOURCES for route in module.routes.routes if route.is_published]
    for route in published:
        described = [each[0] if isinstance(each, tuple) else each for each in route.answers.values()]
        has_no_model = any(isinstance(each, dict) for each in described)
        assert has_no_model == ((route.method.lower(), route.path) in NOT_JSON), route.path
