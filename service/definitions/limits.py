"""The limits of tenants: what clients may send, and which are in force. The settings hold the defaults."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from pydantic import Field

from service.config import Settings
from service.definitions.base import Model

Rate = Field(None, ge=0, le=1e6, description="0 is no limit, null the service's default")
Count = Field(None, ge=0, le=2**53, description="0 is no limit, null the service's default")


class LimitsRequest(Model):
    """Changes of a tenant's limits: what is left out stays as it is."""

    weight: float | None = Field(None, ge=0.001, le=1000, description="its share of the workers, 1 by default")
    requests_per_second: float | None = Rate
    predictions_per_second: float | None = Rate
    queued_jobs: int | None = Count
    running_jobs: int | None = Count
    dataset_bytes: int | None = Count
    parameter_bytes: int | None = Count
    epochs: int | None = Count
    parameters: int | None = Count
    operations: float | None = Field(None, ge=0, le=1e30, description="of one job; 0 is no limit, null the default")
    webhooks: int | None = Count
    keep_jobs_seconds: float | None = Field(None, ge=0, le=1e9, description="0 keeps them, null the service's default")

    def changes(self) -> dict[str, Any]:
        """Return the limits that were sent, None for those to be taken away."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "weight"}


@dataclass(frozen=True)
class Limits:
    """The limits in force for a tenant; 0 is none.

    `operations` are floating-point ones of one job, counted as 6 for each parameter, row and epoch: a multiplication
    and an addition forward, and twice that back.
    """

    requests_per_second: float = 0.0
    predictions_per_second: float = 0.0
    queued_jobs: int = 0
    running_jobs: int = 0
    dataset_bytes: int = 0
    parameter_bytes: int = 0
    epochs: int = 0
    parameters: int = 0
    operations: float = 0.0
    webhooks: int = 0
    keep_jobs_seconds: float = 0.0

    @classmethod
    def of(cls, settings: Settings, own: dict[str, Any]) -> "Limits":
        """Return a tenant's own limits, completed by the settings."""
        found = {each.name: own.get(each.name, getattr(settings, f"tenant_{each.name}")) for each in fields(cls)}
        return cls(**found)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
