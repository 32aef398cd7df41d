"""Every example of the OpenAPI document is a request that is answered with 2xx."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.api.examples import IRIS, JOB_ID, KEY, NETWORK
from service.api.openapi.path_parameters import KNOWN
from service.services import Services
from tests.conftest import ON_SQLITE
from tests.integration.published import PublishedDocument
from workers.run.run import run_next_job

pytestmark = ON_SQLITE
TRAINING = {"epochs": 2, "seed": 1}


class World:
    """What the examples are about; an operation that ends or deletes something gets one of its own."""

    def __init__(self, client: FlaskClient, service: Services) -> None:
        self.client, self.service = client, service
        self.key = str(self.made("/v1/keys", {"scopes": ["admin"]})["key"])
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.key}"
        self.made("/v1/datasets", IRIS)
        self.made("/v1/networks", NETWORK)
        self.job = self.ended_job("iris")
        self.made("/v1/tenants", {"name": "school"})
        self.made("/v1/models/iris/grants", {"tenant": "school"})
        self.alias("iris", "champion")
        self.webhook = self.new_webhook()
        self.delivery = str(self.made(f"/v1/webhooks/{self.webhook}:test")["id"])

    def made(self, path: str, body: Any = None) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json

    def new_job(self, **more: Any) -> str:
        return str(self.made("/v1/jobs", {"dataset": "iris", "training": TRAINING, **more})["id"])

    def ended_job(self, model: str) -> str:
        job = self.new_job(model=model)
        assert run_next_job(self.service, "test", lambda: False)
        return job

    def paused_job(self) -> str:
        job = self.new_job()
        self.made(f"/v1/jobs/{job}:pause")
        return job

    def cancelled_job(self) -> str:
        job = self.new_job()
        self.made(f"/v1/jobs/{job}:cancel")
        return job

    def prediction(self) -> str:
        return str(self.made("/v1/predictions", {"model": "iris", "dataset": "iris"})["id"])

    def ended_prediction(self) -> str:
        prediction = self.prediction()
        while run_next_job(self.service, "test", lambda: False):  # what other examples have queued, too
            pass
        return prediction

    def cancelled_prediction(self) -> str:
        prediction = self.prediction()
        self.made(f"/v1/predictions/{prediction}:cancel")
        return prediction

    def new_key(self) -> str:
        return str(self.made("/v1/keys", {"scopes": ["read"]})["id"])

    def new_webhook(self) -> str:
        """Return the id of a webhook, to which nothing is sent: no process of deliveries runs here."""
        return str(self.made("/v1/webhooks", {"url": "https://1.1.1.1/hook"})["id"])

    def share(self) -> str:
        return str(self.made(f"/v1/jobs/{self.job}/shares")["id"])

    def alias(self, model: str, alias: str) -> str:
        answer = self.client.put(f"/v1/models/{model}/aliases/{alias}", json={"version": 1})
        assert answer.status_code < 300, answer.text
        return alias

    def new_model(self) -> str:
        self.ended_job("doomed")
        return "doomed"

    def new_version(self) -> str:
        return str(self.made("/v1/models/iris/versions", {"version": 1})["version"])

    def dataset(self) -> str:
        return str(self.made("/v1/datasets", {"inputs": [[1], [2]], "targets": [0, 1]})["name"])

    def network(self) -> str:
        return str(self.made("/v1/networks", {"hidden": [7]})["name"])

    def tenant(self) -> str:
        return str(self.made("/v1/tenants", {"name": "doomed"})["name"])


# what an operation needs that an ended job and its model are not, by the place in the path
PREPARED: dict[str, tuple[str, Callable[[World], str]]] = {
    "cancel_job": ("jobs", World.new_job),
    "pause_job": ("jobs", World.new_job),
    "resume_job": ("jobs", World.paused_job),
    "step_job": ("jobs", World.paused_job),
    "delete_job": ("jobs", World.cancelled_job),
    "get_prediction": ("predictions", World.prediction),
    "cancel_prediction": ("predictions", World.prediction),
    "get_result": ("predictions", World.ended_prediction),
    "delete_prediction": ("predictions", World.cancelled_prediction),
    "get_key": ("keys", World.new_key),
    "revoke_key": ("keys", World.new_key),
    "rotate_key": ("keys", World.new_key),
    "revoke_share": ("shares", World.share),
    "delete_model": ("models", World.new_model),
    "delete_version": ("versions", World.new_version),
    "delete_alias": ("aliases", lambda world: world.alias("iris", "doomed")),
    "delete_webhook": ("webhooks", World.new_webhook),
    "delete_dataset": ("datasets", World.dataset),
    "delete_network": ("networks", World.network),
    "delete_tenant": ("tenants", World.tenant),
}


class Sender:
    """Sends the examples of an operation."""

    def __init__(self, world: World, published: PublishedDocument) -> None:
        self.world, self.published = world, published

    def send(self, method: str, path: str, example: Any, media_type: str | None) -> TestResponse:
        """Send one example with the path and the required parameters that the document shows."""
        operation = self.published.document["paths"][path][method]
        parameters = [self.published.resolved(each) for each in operation["parameters"]]
        query = {each["name"]: each["example"] for each in parameters if each["in"] == "query" and "example" in each}
        options: dict[str, Any] = {"query_string": query}
        if media_type == "application/json":
            options["json"] = self._with_names(example)
        elif media_type == "multipart/form-data":
            options["data"] = {**example, "file": (BytesIO(example["file"].encode()), "iris.csv")}
        elif media_type is not None:
            options |= {"data": example, "content_type": media_type}
        answer = self.world.client.open(self._address(path, operation["operationId"]), method=method, **options)
        self.published.check((method, path), answer)
        return answer

    def _address(self, path: str, operation: str) -> str:
        segments = dict.fromkeys(re.findall(r"(\w+)/{\w+}", path))
        known = {"jobs": self.world.job, "webhooks": self.world.webhook, "deliveries": self.world.delivery}
        own = {name: KNOWN[name].example for name in segments} | known
        if operation in PREPARED:
            segment, make = PREPARED[operation]
            own[segment] = make(self.world)
        return re.sub(r"(\w+)/{\w+}", lambda found: f"{found[1]}/{own[found[1]]}", path)

    def _with_names(self, example: Any) -> Any:
        """Put the ids that were made in place of those in the example."""
        text = json.dumps(example)
        return json.loads(text.replace(JOB_ID, self.world.job).replace(KEY, self.world.key))


def _examples(operation: dict[str, Any]) -> list[tuple[Any, str | None]]:
    """Return the bodies to send with their media types: the examples, and none where it may be left out."""
    body = operation.get("requestBody")
    content = {} if body is None else body["content"]
    found: list[tuple[Any, str | None]] = [
        (example["value"], kind) for kind, media in content.items() for example in media.get("examples", {}).values()
    ]
    return found if body is not None and body["required"] else [*found, (None, None)]


def test_every_example_is_answered_with_2xx(client: FlaskClient, service: Services) -> None:
    published = PublishedDocument(client.get("/openapi.json").json)
    sender = Sender(World(client, service), published)
    wrong, sent = [], 0
    for method, path in sorted(published.operations):
        operation = published.document["paths"][path][method]
        for example, media_type in _examples(operation):
            answer = sender.send(method, path, example, media_type)
            sent += 1
            if not 200 <= answer.status_code < 300:
                wrong.append(f"{method.upper()} {path} {example}: {answer.status_code} {answer.text[:300]}")
    assert not wrong, "\n".join(wrong)
    assert sent > len(published.operations)


def test_every_body_has_an_example_and_every_required_parameter_one(client: FlaskClient) -> None:
    published = PublishedDocument(client.get("/openapi.json").json)
    for method, path in sorted(published.operations):
        operation = published.document["paths"][path][method]
        bodies = [body for body, media_type in _examples(operation) if media_type is not None]
        assert bodies or "requestBody" not in operation, path
        for parameter in map(published.resolved, operation["parameters"]):
            assert "example" in parameter or not parameter.get("required"), (method, path, parameter["name"])
            assert parameter.get("description"), (method, path, parameter["name"])


def test_every_tag_is_described_and_every_operation_has_one_of_them(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    used = {tag for methods in document["paths"].values() for each in methods.values() for tag in each["tags"]}
    assert used == described
