"""How requests name a dataset: by its name, which means the latest version, or as `name@version`."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from service.definitions.base import NAME_PATTERN, Integer, Model

# nine digits at most: the database's column has 32 bits
REFERENCE_PATTERN = NAME_PATTERN.removesuffix("$") + "(@[1-9][0-9]{0,8})?$"

DatasetName = Annotated[
    str,
    StringConstraints(pattern=REFERENCE_PATTERN),
    Field(description="a dataset's name, which means its latest version, or `name@version`"),
]
DatasetVersion = Annotated[
    Integer,
    Field(ge=1, lt=10**9, description="of the dataset, as `name@version` says it too; default the latest"),
]


@dataclass(frozen=True)
class DatasetReference:
    """The name of a dataset and which of its versions is meant; None is the latest one."""

    name: str
    version: int | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


def parse_reference(text: str) -> DatasetReference | None:
    """Parse `name` or `name@version`; return None for text that can be neither."""
    if re.fullmatch(REFERENCE_PATTERN.strip("^$"), text) is None:
        return None
    name, _, version = text.partition("@")
    return DatasetReference(name, int(version) if version else None)


class NamedDataset(Model):
    """A request that names a stored dataset in `dataset`, where it may also allow something else."""

    dataset: Any = None
    dataset_version: DatasetVersion | None = None

    @field_validator("dataset_version")
    @classmethod
    def _one_version(cls, version: int | None, info: ValidationInfo) -> int | None:
        if version is None or "dataset" not in info.data:  # the dataset has a fault of its own
            return version
        dataset = info.data["dataset"]
        named = parse_reference(dataset) if isinstance(dataset, str) else None
        if named is None:
            raise ValueError("goes with the name of a stored dataset in `dataset`")
        if named.version not in (None, version):
            raise ValueError(f"must be {named.version}, as `dataset` says `{named}`, or be left out, got {version}")
        return version

    def reference(self) -> DatasetReference:
        """Return which version of which dataset is named; only where `dataset` is a name."""
        named = parse_reference(self.dataset)
        assert named is not None, self.dataset
        return DatasetReference(named.name, self.dataset_version or named.version)
