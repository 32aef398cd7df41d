"""The bodies of requests that move an alias, at once or when a job has succeeded.

Imports pydantic, through `service.definitions.base`, and the engine's metrics by name.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from service.backprop.metrics import METRICS
from service.definitions.base import Integer, Model, Text
from service.definitions.dataset_names import DatasetName, NamedDataset
from service.definitions.guessing import show
from service.definitions.job_parts import BetterOn

ALIAS_PATTERN = r"^[a-z][a-z0-9._-]{0,63}$"
RESERVED = "latest"  # which a reader would take for the newest version, whatever it pointed to
LOSS = "loss"


def _measures() -> tuple[str, ...]:
    return (LOSS, *METRICS.names())


def _not_reserved(name: str) -> str:
    if name == RESERVED:
        raise ValueError(f"must not be `{RESERVED}`, which means the newest version; try `champion`")
    return name


def _known(name: str) -> str:
    if name not in _measures():
        raise ValueError(f"must be one of {', '.join(_measures())}, got {show(name)}")
    return name


AliasName = Annotated[
    str,
    StringConstraints(pattern=ALIAS_PATTERN),
    AfterValidator(_not_reserved),
    Field(description="begins with a letter; not `latest`"),
]


class Gate(NamedDataset):
    """A condition: on this dataset the version must be better than the one that has the alias."""

    dataset: DatasetName
    metric: Annotated[Text, AfterValidator(_known)] = Field(
        description="`loss`, or a metric by its name", json_schema_extra={"enum": list(_measures())}
    )


def better_on(gate: Gate) -> BetterOn:
    """Return a condition as it is stored with a job."""
    reference = gate.reference()
    return BetterOn(dataset=reference.name, dataset_version=reference.version, metric=gate.metric)


class AliasRequest(Model):
    """Which version an alias names from now on, and on which condition."""

    version: Annotated[Integer, Field(ge=1, lt=10**9)] | Literal["previous"] = Field(
        description="a version's number, or `previous` for the one that the alias named before"
    )
    if_better_on: Gate | None = None
    force: bool = Field(default=False, description="move it to a version with other input columns or classes, too")


class Promotion(Model):
    """The alias that a job moves to its version when it succeeds, and on which condition."""

    alias: AliasName
    if_better_on: Gate | None = None
