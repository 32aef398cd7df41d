"""The frozen records of webhooks and deliveries. Secrets are in what is about to be sent, and in nothing else."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from service.definitions.webhooks import Notified

MOST_ATTEMPTS = 20  # that a delivery keeps, the latest ones


class DeliveryStatus(StrEnum):
    """The states of a delivery."""

    PENDING = "pending"  # is to be sent, now or when it is due
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # no further attempt is made unless a client asks for one


@dataclass(frozen=True)
class NewWebhook:
    """A webhook to insert; `secret` may be shown to whoever makes it."""

    id: str
    url: str
    events: tuple[str, ...]
    secret: str = field(repr=False)
    enabled: bool = True

    @property
    def notified(self) -> Notified:
        """What a job says of the webhook that it was submitted with."""
        return Notified(webhook=self.id, events=list(self.events))


@dataclass(frozen=True)
class WebhookRecord:
    """A webhook as clients read it.

    Attributes
    ----------
    job, prediction
        The id of the only job or prediction whose events it gets; both are None for a webhook of the whole tenant.
    old_secret_until
        Until when deliveries are signed with the previous secret, too.
    failures, failing_since
        How many attempts have failed since the last one that succeeded, and when the first of them was made.
    held_until
        The time before which no attempt is made, as the receiver has asked; None where it has not.
    """

    number: int
    id: str
    job: str | None
    prediction: str | None
    url: str
    events: tuple[str, ...]
    old_secret_until: datetime | None
    created_at: datetime
    disabled_at: datetime | None
    disabled_because: str | None
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    succeeded_at: datetime | None


@dataclass(frozen=True)
class DeliveryRecord:
    """An event for one webhook, and the latest attempts to deliver it, oldest first."""

    number: int
    id: str
    type: str
    status: DeliveryStatus
    created_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    failures: int
    attempts: list[dict[str, Any]]


@dataclass(frozen=True)
class Claimed:
    """A delivery that a process has claimed to attempt it; `claims` fences what it writes."""

    number: int
    id: str
    type: str
    body: str
    claims: int
    failures: int
    attempts: list[dict[str, Any]]
    webhook: int
    webhook_id: str
    tenant: int
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    is_failing: bool = False


@dataclass(frozen=True)
class Attempted:
    """What an attempt is to change: `due_seconds` from now for the next one, None when there is none.

    `hold_seconds` is how long the webhook's other deliveries wait too; `disable` says why it is disabled.
    """

    attempt: dict[str, Any]
    status: DeliveryStatus
    due_seconds: float | None = None
    hold_seconds: float | None = None
    disable: str | None = None
    counts: bool = True  # whether it says something about the webhook, as tests do not
