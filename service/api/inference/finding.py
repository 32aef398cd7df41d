"""Which trained network a request of the Open Inference Protocol means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import request

from service.api.context import model_cache
from service.api.granted import services_of
from service.definitions.guessing import show
from service.errors import Invalid
from service.inference.references import Reference, read_reference
from service.models.cache import TrainedNetwork
from service.models.loading import load_version
from service.models.views import version_number
from service.ops.model_statistics import Counted


@dataclass(frozen=True)
class Found:
    """A network, what named it, and the tenant that has its model."""

    trained: TrainedNetwork
    reference: Reference
    tenant: int

    @property
    def counted(self) -> Counted:
        """The version in whose statistics a request is counted."""
        return Counted(self.tenant, self.trained.name, cast(int, self.trained.version))


def wanted(reference: Reference) -> int | None:
    """Return the version that a reference names, None for the one that a model's name means."""
    return None if reference.version is None else version_number(reference.version)


def find(name: str, version: str | None, parameters: Mapping[str, Any]) -> Found:
    """Return the network of a version's text in the path, and of the parameter `epoch`."""
    reference = read_reference(version, parameters)
    if reference.epoch is not None and "owner" in request.args:
        owner = show(request.args["owner"])
        raise Invalid(f"an epoch goes with models of your own: {owner} has granted the versions alone")
    owner_services = services_of(name)
    trained = load_version(owner_services, model_cache(), name, wanted(reference), reference.epoch)
    return Found(trained, reference, cast(int, owner_services.tenant))
