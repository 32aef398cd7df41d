"""Indexes by which the collector finds who points to an address, without reading past the bytes beside it."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = ("parameters", "resume_states", "model_versions")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_address"), table, ["address"], unique=False)
