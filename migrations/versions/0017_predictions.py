"""Predictions of whole datasets, which have the life of a job, and the parts of their results."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

Moment = sa.DateTime(timezone=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Address = sa.String(96).with_variant(sa.String(64), "sqlite")
Document = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.add_column("tenants", sa.Column("batch_is_next", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "predictions",
        sa.Column("number", Serial, primary_key=True),
        sa.Column("tenant", Serial, sa.ForeignKey("tenants.number", name="fk_predictions_tenant"), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("requested", sa.String(16)),
        sa.Column("model_name", sa.String(64), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("model_epoch", sa.Integer()),
        sa.Column("epoch", sa.Integer()),
        sa.Column("dataset_name", sa.String(64), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("dataset_sha256", sa.String(64)),
        sa.Column("keep", sa.Text(), nullable=False),
        sa.Column("ignored", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("rows_per_second", sa.Float(53)),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("extra", Document, nullable=False),
        sa.Column("warnings", Document, nullable=False),
        sa.Column("error", Document),
        sa.Column("queued_at", Moment),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("stored_attempt", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("lost_attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", Moment),
        sa.Column("lease_until", Moment),
        sa.Column("worker", sa.String(128)),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.UniqueConstraint("id", name="uq_predictions_id"),
    )
    op.create_index("ix_predictions_tenant", "predictions", ["tenant", "number"])
    op.create_index("ix_predictions_queue", "predictions", ["status", "tenant", "queued_at", "number"])
    op.create_index("ix_predictions_dataset_name", "predictions", ["dataset_name"])
    op.create_index("ix_predictions_model_name", "predictions", ["model_name"])
    op.create_table(
        "prediction_parts",
        sa.Column(
            "prediction",
            Serial,
            sa.ForeignKey("predictions.number", ondelete="CASCADE", name="fk_prediction_parts_prediction"),
            nullable=False,
        ),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("address", Address, nullable=False),
        sa.PrimaryKeyConstraint("prediction", "part", name="pk_prediction_parts"),
    )
    op.create_index("ix_prediction_parts_address", "prediction_parts", ["address"])


def downgrade() -> None:
    op.drop_table("prediction_parts")
    op.drop_table("predictions")
    op.drop_column("tenants", "batch_is_next")
