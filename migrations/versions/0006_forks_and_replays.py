"""Jobs that begin at another's epoch, the optimizer's state beside stored epochs, and the chain of epochs' hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Document = sa.JSON(none_as_null=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("dataset_sha256", sa.String(64), nullable=True))
    op.add_column("jobs", sa.Column("chain", sa.String(64), nullable=True))
    op.add_column("jobs", sa.Column("forked_from", Document, nullable=True))
    op.add_column("jobs", sa.Column("replay_of", sa.String(32), nullable=True))
    op.add_column("jobs", sa.Column("replay", Document, nullable=True))
    op.create_index("ix_jobs_replay_of", "jobs", ["replay_of"])
    for table, key in (("starts", sa.Column("kind", sa.String(16), nullable=False)), ("optimizer_states", _epoch())):
        op.create_table(
            table,
            sa.Column("job", Serial, autoincrement=False, nullable=False),
            key,
            sa.Column("bytes", sa.LargeBinary(), nullable=True),
            sa.Column("address", sa.String(64), nullable=True),
            sa.Column("sha256", sa.String(64), nullable=False),
            sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f(f"fk_{table}_job"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint("job", key.name, name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_address"), table, ["address"], unique=False)


def _epoch() -> "sa.Column[int]":
    return sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False)
