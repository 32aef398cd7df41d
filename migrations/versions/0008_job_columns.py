"""The columns that a job chooses of its dataset."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

Document = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("columns", Document, nullable=True))


def downgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE jobs DROP COLUMN columns")
