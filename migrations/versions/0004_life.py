"""The life of jobs: pauses, turns, deaths, the machine that computed; events and the counter of their ids."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Document = sa.JSON(none_as_null=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("on_other_machine", sa.String(16), nullable=False, server_default="resume"))
    op.add_column("jobs", sa.Column("pause_at", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("queued_at", Moment, nullable=True))
    for name in ("stored_attempt", "deaths", "lost_attempts"):
        op.add_column("jobs", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("fingerprint", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("claimed_at", Moment, nullable=True))
    op.add_column("jobs", sa.Column("batches", sa.BigInteger(), nullable=True))
    op.add_column("workers", sa.Column("fingerprint", sa.Text(), nullable=True))
    op.drop_index("ix_jobs_status_priority", "jobs")
    op.create_index("ix_jobs_status_priority", "jobs", ["status", "priority", "queued_at", "number"])
    op.execute("UPDATE jobs SET queued_at = created_at")
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job", Serial, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", Document, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_events_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_job", "events", ["job", "id"])
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.bulk_insert(counters, [{"name": "events", "value": 0}])
