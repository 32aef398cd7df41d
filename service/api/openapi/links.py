"""Links from answers to the operations on what they describe, so that tools can follow one request with the next.

An operation is linked from an answer when everything in its path is known from that answer; an epoch is `last`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from service.api.aliases import AliasAnswer, MovedAliasAnswer
from service.api.grants import GrantAnswer
from service.api.key_answers import KeyAnswer, ShareAnswer
from service.api.routes import Route
from service.api.schemas import DatasetAnswer, DatasetSummaryAnswer, NetworkAnswer
from service.api.tenants import TenantAnswer
from service.jobs.answers import JobAnswer
from service.models.answers import ModelAnswer, VersionAnswer
from service.predictions.answers import PredictionAnswer
from service.webhooks.answers import DeliveryAnswer, DeliverySummaryAnswer, WebhookAnswer

PREFIX = "#/components/links/"
EVERYWHERE = {"epoch": "last", "other": "0"}


@dataclass(frozen=True)
class Linked:
    """Which operations an answer leads to: those below `path`; `names` pairs parameters with fields of the answer."""

    model: Any
    path: str
    names: tuple[tuple[str, str], ...]


def _named(model: Any, path: str, parameter: str = "name") -> Linked:
    return Linked(model, f"{path}/{{{parameter}}}", ((parameter, parameter),))


VERSION = "/v1/models/{name}/versions/{version}"
ALIAS = "/v1/models/{name}/aliases/{alias}"
DELIVERY = "/v1/webhooks/{id}/deliveries/{delivery}"
LINKED = (
    _named(NetworkAnswer, "/v1/networks"),
    _named(DatasetAnswer, "/v1/datasets"),
    _named(DatasetSummaryAnswer, "/v1/datasets"),
    _named(JobAnswer, "/v1/jobs", "id"),
    _named(ModelAnswer, "/v1/models"),
    _named(PredictionAnswer, "/v1/predictions", "id"),
    _named(KeyAnswer, "/v1/keys", "id"),
    _named(WebhookAnswer, "/v1/webhooks", "id"),
    Linked(DeliveryAnswer, DELIVERY, (("id", "webhook"), ("delivery", "id"))),
    Linked(DeliverySummaryAnswer, DELIVERY, (("id", "webhook"), ("delivery", "id"))),
    Linked(VersionAnswer, VERSION, (("name", "model"), ("version", "version"))),
    Linked(AliasAnswer, ALIAS, (("name", "model"), ("alias", "alias"))),
    Linked(MovedAliasAnswer, ALIAS, (("name", "model"), ("alias", "alias"))),
    Linked(AliasAnswer, "/v1/models/{name}/labels/{label}", (("name", "model"), ("label", "alias"))),
    Linked(GrantAnswer, "/v1/models/{name}/grants/{tenant}", (("name", "model"), ("tenant", "tenant"))),
    Linked(ModelAnswer, "/v2/models/{name}", (("name", "name"),)),
    _named(TenantAnswer, "/v1/tenants"),
    Linked(ShareAnswer, "/v1/jobs/{id}/shares/{share}", (("id", "job"), ("share", "id"))),
)


class Links:
    """The links of all answers; each is written once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self.components: dict[str, Any] = {}

    def of_answer(self, model: Any, status: int) -> dict[str, Any]:
        """Return the links of an answer that is described by this model, by the operations that they lead to."""
        if status >= 400:
            return {}
        found: dict[str, Any] = {}
        for linked in LINKED:
            if linked.model is model:
                found |= self._to_all(linked, "", ("GET", "POST", "PUT", "DELETE"))
            elif get_args(model) == (linked.model,):
                found |= self._to_all(linked, "/data/0", ("GET",))
        return found

    def _to_all(self, linked: Linked, at: str, methods: tuple[str, ...]) -> dict[str, Any]:
        names = dict(linked.names)
        found = {}
        for route in self._routes:
            parameters = re.findall(r"{(\w+)}", route.path)
            known = all(name in names or name in EVERYWHERE for name in parameters)
            if route.method in methods and known and _is_below(route.path, linked.path):
                found[route.operation] = self._reference(linked, route, parameters, at)
        return found

    def _reference(self, linked: Linked, route: Route, parameters: Sequence[str], at: str) -> dict[str, str]:
        names = dict(linked.names)
        name = f"{route.operation}.{linked.model.__name__.removesuffix('Answer')}{'List' if at else ''}"
        self.components[name] = {
            "operationId": route.operation,
            "parameters": {
                each: f"$response.body#{at}/{names[each]}" if each in names else EVERYWHERE[each] for each in parameters
            },
        }
        return {"$ref": PREFIX + name}


def _is_below(path: str, of: str) -> bool:
    return path == of or path.startswith((f"{of}/", f"{of}:"))
