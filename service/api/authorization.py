"""Whether whoever makes a request may do what it asks for.

What does not exist for them is 404, whatever their key may do; 403 comes after that. So a resource is looked up here
only where the request is about to be refused.
"""

from collections.abc import Callable, Mapping

from service.access.principal import Principal, Scope
from service.api.context import principal, services
from service.definitions.dataset_names import DatasetReference, parse_reference
from service.errors import Forbidden, NotFound
from service.store import datasets, keys, models, networks
from service.store.database import Connection
from service.store.jobs import jobs
from service.store.predictions import predictions
from service.store.webhooks import endpoints as webhooks

JOB = "/v1/jobs/{id}"
MODELS = ("/v1/models/{name}", "/v2/models/{name}", "/v2/repository/models/{name}")
OTHER_DATASETS = ":evaluate"  # reads whatever dataset the request names
NOT_SHARED = (OTHER_DATASETS, "/shares")  # of a job's operations
OPERATOR = "only the operator may do this: an admin of the tenant `default`"
Find = Callable[[Connection, str], object]


def _find_dataset(connection: Connection, name: str) -> object:
    return datasets.get_dataset(connection, parse_reference(name) or DatasetReference(name))


FINDERS: dict[str, tuple[str, Find]] = {
    JOB: ("id", jobs.number_of),
    "/v1/networks/{name}": ("name", networks.get_network),
    "/v1/datasets/{name}": ("name", _find_dataset),
    "/v1/models/{name}": ("name", models.get_contents),
    "/v2/models/{name}": ("name", models.get_contents),
    "/v2/repository/models/{name}": ("name", models.get_contents),
    "/v1/keys/{id}": ("id", keys.get_key),
    "/v1/predictions/{id}": ("id", predictions.get_prediction),
    "/v1/webhooks/{id}": ("id", webhooks.get),
}


def check_may(method: str, path: str, scope: Scope, values: Mapping[str, str]) -> None:
    """Raise `NotFound` or `Forbidden` unless the principal may use an operation; `values` are those of its path."""
    who = principal()
    refused = refusal(who, path, scope, values)
    if refused is None:
        return
    if not (method == "PUT" and path == "/v1/datasets/{name}"):  # which makes what does not exist
        _check_exists(path, values)
    raise Forbidden(refused)


def check_operator() -> None:
    """Raise `Forbidden` unless the operator makes this request."""
    if not principal().is_operator:
        raise Forbidden(OPERATOR)


def refusal(who: Principal, path: str, scope: Scope, values: Mapping[str, str]) -> str | None:
    """Return why the principal may not use an operation, None if they may; raise `NotFound` for what is not theirs."""
    if who.job is not None:
        if path.startswith(JOB) and values["id"] != who.job:
            raise NotFound(f"there is no job `{values['id']}`")
        if not path.startswith(JOB) or any(part in path for part in NOT_SHARED):
            return f"this token reads the job {who.job} and nothing else"
    if who.models is not None:
        if not path.startswith(MODELS):
            return f"this key is limited to the models {', '.join(who.models)}"
        if values["name"] not in who.models:
            raise NotFound(f"there is no model named `{values['name']}`")
        if OTHER_DATASETS in path:
            return f"this key is limited to the models {', '.join(who.models)}, so it reads no datasets"
    if not who.may(scope):
        what = "token" if who.job is not None else "key"
        return f"this {what} lacks the scope `{scope}`; an admin of its tenant can make a key that has it"
    return None


def _check_exists(path: str, values: Mapping[str, str]) -> None:
    for start, (name, find) in FINDERS.items():
        if path.startswith(start):
            with services().database.read() as connection:
                find(connection, values[name])
