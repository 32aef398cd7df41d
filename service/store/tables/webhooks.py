"""Webhooks, and what was and is to be delivered to them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from service.store.column_types import Document, Names, Serial
from service.store.database import Moment
from service.store.tables.naming import metadata
from service.store.tenancy import owner

# An address that events are sent to: of the whole tenant, or of the one job or prediction that it was submitted with.
webhooks = Table(
    "webhooks",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("id", String(32), nullable=False, unique=True),
    Column("job", ForeignKey("jobs.id", ondelete="CASCADE"), type_=String(32), index=True),
    Column("prediction", ForeignKey("predictions.id", ondelete="CASCADE"), type_=String(32), index=True),
    Column("url", Text, nullable=False),
    Column("events", Names, nullable=False),
    Column("secret", String(128), nullable=False),  # readable, as it signs
    Column("old_secret", String(128)),  # which signs too
    Column("old_secret_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column("disabled_because", Text),
    Column("failures", Integer, nullable=False, server_default="0"),  # attempts that failed since one succeeded
    Column("failing_since", Moment),
    Column("held_until", Moment),  # as its receiver asks to wait
    Column("succeeded_at", Moment),
    Index("ix_webhooks_tenant", "tenant", "job", "prediction", "number"),
)

# An event for one webhook. Its id is that of the event, the same for all webhooks that get it.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("number", Serial, primary_key=True),
    Column("webhook", ForeignKey("webhooks.number", ondelete="CASCADE"), type_=Serial, nullable=False),
    Column("id", String(32), nullable=False),
    Column("type", String(64), nullable=False),
    Column("body", Text, nullable=False),  # as it is sent, byte by byte
    Column("status", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment),  # null once it has ended
    Column("lease_until", Moment),  # while an attempt is under way
    Column("claims", Integer, nullable=False, server_default="0"),  # what an attempt writes is fenced by
    Column("failures", Integer, nullable=False, server_default="0"),  # its place in the schedule of retries
    Column("attempts", Document, nullable=False),  # the latest ones: when, status, milliseconds, excerpt or error
    Column("ended_at", Moment),
    UniqueConstraint("webhook", "id"),
    Index("ix_webhook_deliveries_due", "status", "due_at"),
    Index("ix_webhook_deliveries_webhook", "webhook", "number"),
    Index("ix_webhook_deliveries_created_at", "created_at"),
)
