"""The frozen records of epochs, their parameters and other stored bytes. Imports the standard library only."""

from dataclasses import dataclass
from typing import Any

LAST_EPOCH = 2**31 - 1  # the largest number of an epoch, 32 bits in the database


@dataclass(frozen=True)
class EpochRecord:
    """One epoch's errors; losses and metrics are null where they were not finite."""

    epoch: int
    training_loss: float
    validation_loss: float | None
    training_metrics: dict[str, float | None]
    validation_metrics: dict[str, float | None]
    learning_rate: float
    seconds: float
    parameters_stored: bool
    sha256: str

    @property
    def measured(self) -> dict[str, Any]:
        """The losses and metrics, as a version of a model stores them."""
        return {
            "training_loss": self.training_loss,
            "validation_loss": self.validation_loss,
            "metrics": {"training": self.training_metrics, "validation": self.validation_metrics},
        }


@dataclass(frozen=True)
class StoredBytes:
    """Bytes held in a row, or None and the address of their blob. `store.blobs.placement` reads either."""

    sha256: str
    bytes: bytes | None
    address: str | None


@dataclass(frozen=True)
class DiagnosticsRecord:
    """The diagnostics of every layer after an epoch; values that were not finite are null."""

    epoch: int
    layers: list[dict[str, float | None]]


@dataclass(frozen=True)
class StoredParameters(StoredBytes):
    """The parameters of one epoch; `sha256` is computed over their bytes in this layout."""

    epoch: int


@dataclass(frozen=True)
class EpochReference:
    """An epoch of a job whose parameters are stored; `job` is the job's number in the database.

    Within one `attempt` the epoch stays as it is. A later attempt may have computed it again, on another machine.
    """

    job: int
    epoch: int
    attempt: int


@dataclass(frozen=True)
class ParameterBlock:
    """The parameters of every `stride`-th epoch from the first to the last, `size` bytes each, concatenated."""

    first_epoch: int
    last_epoch: int
    stride: int
    size: int
    bytes: bytes


@dataclass(frozen=True)
class StoredBlock:
    """A block of parameters as stored: `size` bytes for each epoch, concatenated, in the row or at `address`."""

    epochs: range
    size: int
    bytes: bytes | None
    address: str | None
