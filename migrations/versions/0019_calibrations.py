"""What workers have measured of their machines, for estimates."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

Moment = sa.DateTime(timezone=True)
Document = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.create_table(
        "calibrations",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.Column("factors", Document, nullable=False),
        sa.Column("measured_at", Moment, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("calibrations")
