"""What a version was measured to be on the test rows of its job, and the dataset of those rows."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

Document = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("test_name", sa.String(64), nullable=True))
    op.add_column("jobs", sa.Column("test_version", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("test_sha256", sa.String(64), nullable=True))
    op.add_column("jobs", sa.Column("tested", Document, nullable=True))
    op.create_index("ix_jobs_test_name", "jobs", ["test_name"])
    op.add_column("model_versions", sa.Column("test", Document, nullable=True))


def downgrade() -> None:
    op.drop_column("model_versions", "test")
    op.drop_index("ix_jobs_test_name", "jobs")
    for name in ("tested", "test_sha256", "test_version", "test_name"):
        op.drop_column("jobs", name)
