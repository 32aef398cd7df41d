"""What each worker says of itself, and what workers have counted."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("workers", sa.Column("host", sa.String(255), nullable=True))
    op.add_column("workers", sa.Column("started_at", Moment, nullable=True))
    op.add_column("workers", sa.Column("version", sa.String(32), nullable=True))
    op.add_column("workers", sa.Column("threads", sa.Integer(), nullable=True))
    op.create_table(
        "totals",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("label", sa.String(32), primary_key=True),
        sa.Column("value", sa.Float(53), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("totals")
    for name in ("threads", "version", "started_at", "host"):
        op.drop_column("workers", name)
