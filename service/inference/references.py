"""Versions as clients of the Open Inference Protocol name them: `3`, or `3@12` for version 3 as it was at epoch 12."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.definitions.guessing import show
from service.errors import Invalid
from service.models.cache import TrainedNetwork

AT = "@"


@dataclass(frozen=True)
class Reference:
    """The version and the epoch that a request names; None for the version or the epoch that a name alone means."""

    version: str | None
    epoch: str | None = None


def read_reference(text: str | None, parameters: Mapping[str, Any]) -> Reference:
    """Return what a version's text and the parameter `epoch` of a request name."""
    version, _, epoch = (text or "").partition(AT)
    given = parameters.get("epoch")
    if given is None:
        return Reference(version or None, epoch or None)
    if type(given) not in (int, str):
        raise Invalid(f"the parameter `epoch` must be a number, `best` or `last`, got {show(given)}")
    if epoch and epoch != str(given):
        raise Invalid(
            f"the version is at epoch {show(epoch)} and the parameter `epoch` is {show(given)}; give one of them"
        )
    return Reference(version or None, str(given))


def version_text(trained: TrainedNetwork, reference: Reference) -> str:
    """Return the version of a network that was found, with its epoch where the reference has one."""
    return f"{trained.version}{AT}{trained.epoch}" if reference.epoch is not None else str(trained.version)
