"""Webhooks, what is delivered to them, and which one a job or a prediction was submitted with."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

Moment = sa.DateTime(timezone=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Document = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("notify", Document))
    op.add_column("predictions", sa.Column("notify", Document))
    op.create_table(
        "webhooks",
        sa.Column("number", Serial, primary_key=True),
        sa.Column("tenant", Serial, sa.ForeignKey("tenants.number", name="fk_webhooks_tenant"), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("job", sa.String(32), sa.ForeignKey("jobs.id", ondelete="CASCADE", name="fk_webhooks_job")),
        sa.Column(
            "prediction",
            sa.String(32),
            sa.ForeignKey("predictions.id", ondelete="CASCADE", name="fk_webhooks_prediction"),
        ),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.Column("old_secret", sa.String(128)),
        sa.Column("old_secret_until", Moment),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("disabled_at", Moment),
        sa.Column("disabled_because", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failing_since", Moment),
        sa.Column("held_until", Moment),
        sa.Column("succeeded_at", Moment),
        sa.UniqueConstraint("id", name="uq_webhooks_id"),
    )
    op.create_index("ix_webhooks_tenant", "webhooks", ["tenant", "job", "prediction", "number"])
    op.create_index("ix_webhooks_job", "webhooks", ["job"])
    op.create_index("ix_webhooks_prediction", "webhooks", ["prediction"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("number", Serial, primary_key=True),
        sa.Column(
            "webhook",
            Serial,
            sa.ForeignKey("webhooks.number", ondelete="CASCADE", name="fk_webhook_deliveries_webhook"),
            nullable=False,
        ),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("due_at", Moment),
        sa.Column("lease_until", Moment),
        sa.Column("claims", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("attempts", Document, nullable=False),
        sa.Column("ended_at", Moment),
        sa.UniqueConstraint("webhook", "id", name="uq_webhook_deliveries_webhook_id"),
    )
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["status", "due_at"])
    op.create_index("ix_webhook_deliveries_webhook", "webhook_deliveries", ["webhook", "number"])
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.drop_column("predictions", "notify")
    op.drop_column("jobs", "notify")
