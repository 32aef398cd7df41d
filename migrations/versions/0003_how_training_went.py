"""What training tells beside the errors: diagnostics of layers, where it stopped, the confusion matrix."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Document = sa.JSON(none_as_null=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "layer_diagnostics",
        sa.Column("job", Serial, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("layers", Document, nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_layer_diagnostics_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "epoch", name=op.f("pk_layer_diagnostics")),
    )
    op.add_column("jobs", sa.Column("stopped", Document, nullable=True))
    op.add_column("jobs", sa.Column("reached_epoch", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("confusion_matrix", Document, nullable=True))
