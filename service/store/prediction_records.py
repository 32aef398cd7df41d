"""The frozen records of predictions of whole datasets. Imports definitions and `service.store.records`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.definitions.job_parts import Failure
from service.definitions.webhooks import Notified
from service.store.records import DatasetUse, Request, Status


@dataclass(frozen=True)
class NewPrediction:
    """A prediction to insert into the queue; the store fills in the other columns."""

    model_name: str
    model_version: int
    model_epoch: int | None
    epoch: int | None
    dataset: DatasetUse
    keep: tuple[str, ...]
    ignored: tuple[str, ...]
    rows: int
    size: int
    metadata: dict[str, str]
    warnings: list[dict[str, Any]]
    notify: Notified | None = None


@dataclass(frozen=True)
class PredictionRecord:
    """A prediction as the database has it; `number` orders predictions, `id` is what clients know.

    Attributes
    ----------
    model_epoch, epoch
        The epoch of the network, and the one that the client asked for in place of the version's own.
    keep, ignored
        Columns of the dataset: those that go into the result as they are, and those that have no effect.
    rows, done
        How many rows the dataset has, and how many have predictions that are stored.
    size, sha256
        Bytes of the result, those to come included, and the hash of all of them, once they are there.
    """

    number: int
    tenant: int
    id: str
    status: Status
    requested: Request | None
    model_name: str
    model_version: int
    model_epoch: int | None
    epoch: int | None
    dataset: DatasetUse
    keep: tuple[str, ...]
    ignored: tuple[str, ...]
    rows: int
    done: int
    rows_per_second: float | None
    size: int
    sha256: str | None
    metadata: dict[str, str]
    warnings: list[dict[str, Any]]
    error: Failure | None
    attempt: int
    stored_attempt: int
    worker: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    notify: Notified | None  # the webhook that it was submitted with

    @property
    def priority(self) -> int:
        """That of jobs without one of their own."""
        return 0
