"""Which trained network a request of the Open Inference Protocol means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from service.api.context import model_cache
from service.api.granted import services_of
from service.definitions.guessing import show
from service.errors import Invalid
from service.inference.references import Reference, read_reference
from service.models.cache import TrainedNetwork
from service.models.loading import load_version
from service.models.references import Wanted, wanted_version


@dataclass(frozen=True)
class Found:
    """A network, and what named it."""

    trained: TrainedNetwork
    reference: Reference


def wanted(reference: Reference) -> Wanted | None:
    """Return the version that a reference names, None for the one that a model's name means."""
    return None if reference.version is None else wanted_version(reference.version)


def find(name: str, version: str | None, parameters: Mapping[str, Any]) -> Found:
    """Return the network of a version's text in the path, and of the parameter `epoch`."""
    reference = read_reference(version, parameters)
    if reference.epoch is not None and "owner" in request.args:
        owner = show(request.args["owner"])
        raise Invalid(f"an epoch goes with models of your own: {owner} has granted the versions alone")
    return Found(load_version(services_of(name), model_cache(), name, wanted(reference), reference.epoch), reference)
