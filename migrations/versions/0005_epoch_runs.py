"""Short epochs that were trained together share a row."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "epoch_runs",
        sa.Column("job", Serial, autoincrement=False, nullable=False),
        sa.Column("first_epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_epoch", sa.Integer(), nullable=False),
        sa.Column("learning_rate", sa.Float(53), nullable=False),
        sa.Column("seconds", sa.Float(53), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_epoch_runs_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "first_epoch", name=op.f("pk_epoch_runs")),
    )
