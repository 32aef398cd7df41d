"""`?owner=`: a request names a model that another tenant has granted, which it may describe and predict with.

Nothing else of the other tenant can be named: no epochs, no parameters, no job.
"""

from typing import cast

from flask import request

from service.api.context import all_services, model_cache, principal, services
from service.api.routes import TEXT, Query
from service.errors import Forbidden, Invalid
from service.services import Services
from service.store import grants
from service.store.model_records import GrantedModel

OWNER = Query("owner", TEXT, "the tenant that granted the model, where it is another one's")


def services_of(model: str) -> Services:
    """Return the services as the tenant that has the model sees them: the request's own, or the one of `?owner=`.

    Raises
    ------
    Forbidden
        When the key is limited to some models: their names are those of its own tenant.
    NotFound
        When that tenant has not granted the model.
    """
    owner = request.args.get("owner")
    if owner is None:
        return services()
    if principal().models is not None:
        raise Forbidden(f"this key is limited to models of its own tenant, not of `{owner[:64]}`")
    if "epoch" in request.args:
        raise Invalid.at("?epoch", f"goes with models of your own: `{owner[:64]}` has granted the versions alone")
    return all_services().scoped(_granted(owner, model).tenant)


def _granted(owner: str, model: str) -> GrantedModel:
    directory = model_cache().directory
    if directory is not None:
        return directory.find_granted(services(), owner, model)
    with services().database.read() as connection:
        return grants.find_granted(connection, owner, model, cast(int, services().tenant))
