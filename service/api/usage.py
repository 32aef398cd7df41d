"""`/v1/usage`: what the own tenant has and may have; the operator may ask for any tenant."""

from typing import Annotated, Any, Literal

from flask import Response, request
from pydantic import Field
from typing_extensions import TypedDict

from service.access.principal import Scope
from service.api.answers import answer
from service.api.authorization import check_operator
from service.api.context import all_services, principal
from service.api.routes import TEXT, Query, Routes
from service.definitions.base import answer_model
from service.definitions.limits import Limits
from service.store import limits, tenants

routes = Routes("usage", "What a tenant uses of its limits.")


@answer_model
class UsedAnswer(TypedDict):
    """What a tenant has now."""

    queued_jobs: Annotated[int, Field(description="with predictions of whole datasets, as those that run")]
    running_jobs: int
    dataset_bytes: int
    parameter_bytes: int
    prediction_bytes: Annotated[int, Field(description="of results, which count to the limit `dataset_bytes`")]


@answer_model
class LimitsAnswer(TypedDict):
    """The limits in force; null is none."""

    requests_per_second: float | None
    predictions_per_second: float | None
    queued_jobs: int | None
    running_jobs: int | None
    dataset_bytes: int | None
    parameter_bytes: int | None
    epochs: int | None
    parameters: int | None
    operations: float | None
    webhooks: int | None
    keep_jobs_seconds: float | None


@answer_model
class UsageAnswer(TypedDict):
    """The limits of a tenant and how much of them it uses."""

    object: Literal["usage"]
    tenant: str
    weight: float
    limits: LimitsAnswer
    used: UsedAnswer


@routes.route(
    "GET",
    "/v1/usage",
    query=[Query("tenant", TEXT, "another tenant, for the operator alone")],
    answers={200: UsageAnswer},
    problems=(404,),
    scope=Scope.READ,
)
def get_usage() -> Response:
    """Return the limits of the own tenant, and what it uses."""
    name = request.args.get("tenant", principal().tenant_name)
    if name != principal().tenant_name:
        check_operator()
    with all_services().database.read(snapshot=True) as connection:
        number = tenants.number_of(connection, name)
        own, used = limits.own_limits(connection, number), limits.usage(connection, number)
        weight = limits.weight_of(connection, number)
    found: dict[str, Any] = Limits.of(all_services().settings, own).to_dict()
    return answer(
        {
            "object": "usage",
            "tenant": name,
            "weight": weight,
            "limits": {each: value or None for each, value in found.items()},
            "used": {
                "queued_jobs": used.queued_jobs,
                "running_jobs": used.running_jobs,
                "dataset_bytes": used.dataset_bytes,
                "parameter_bytes": used.parameter_bytes,
                "prediction_bytes": used.prediction_bytes,
            },
        }
    )
