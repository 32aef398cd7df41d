"""The frozen records of models: their versions, and who else may predict with them. Imports the standard library."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

DEFAULT_ALIAS = "default"  # which a model's name alone means, where it is set


class Origin(StrEnum):
    """How a version was made."""

    JOB = "job"  # by its job, when that succeeded
    EPOCH = "epoch"  # of an epoch of a job, as a client asked
    IMPORT = "import"  # of parameters that a client sent


@dataclass(frozen=True)
class VersionReference:
    """Which version a name means at this moment, and the epoch of a job that it was made from.

    `job_id` and `epoch` are None for a version of parameters that a client sent. `decision` says how its outputs become
    a class, where that is not the largest.
    """

    version: int
    job_id: str | None
    epoch: int | None
    created_at: datetime
    decision: dict[str, Any] | None


@dataclass(frozen=True)
class VersionSummary(VersionReference):
    """One version of a model without its network and its parameters.

    `record` holds its epoch's losses and metrics, `test` those on the test rows of its job, if that has any.

    Its job was trained on that version of that dataset, None where this is not known. After `keep_until` it may be
    deleted.
    """

    origin: str
    dataset_name: str | None
    dataset_version: int | None
    record: dict[str, Any]
    test: dict[str, Any] | None
    sha256: str
    keep_until: datetime | None


@dataclass(frozen=True)
class VersionRecord(VersionSummary):
    """One version of a model with its network and what was fitted for it; its parameters are read by themselves."""

    network: dict[str, Any]
    preprocessing: dict[str, Any]
    precision: str


@dataclass(frozen=True)
class ModelContents:
    """A model with its versions, oldest first, and the version that each alias names.

    `preprocessing` is what was fitted for the version that the name alone means, None without a version.
    """

    number: int
    name: str
    created_at: datetime
    versions: tuple[VersionSummary, ...]
    aliases: dict[str, int]
    preprocessing: dict[str, Any] | None

    @property
    def unnamed(self) -> VersionSummary | None:
        """The version that the name of the model alone means: that of the alias `default` if set, else the latest."""
        default = self.aliases.get(DEFAULT_ALIAS)
        named = (version for version in self.versions if version.version == default)
        return next(named, self.versions[-1] if self.versions else None)

    def aliases_of(self, version: int) -> list[str]:
        """Return the names of the aliases of a version."""
        return [name for name, named in self.aliases.items() if named == version]


@dataclass(frozen=True)
class AliasRecord:
    """A name for a version within its model; `revision` counts its moves. The version before may have been deleted."""

    name: str
    version: int
    previous_version: int | None
    moved_at: datetime
    revision: int

    @property
    def tag(self) -> str:
        """What is another one after each move, and for an alias that was deleted and made anew."""
        return f"{self.revision}-{self.moved_at.timestamp() * 1e6:.0f}"


@dataclass(frozen=True)
class GrantRecord:
    """Another tenant that may describe a model and predict with it."""

    tenant: str
    created_at: datetime


@dataclass(frozen=True)
class GrantedModel:
    """A model of another tenant, by its owner's number and name."""

    number: int
    name: str
    tenant: int
    owner: str
