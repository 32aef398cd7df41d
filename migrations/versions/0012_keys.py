"""Keys, and the record of who changed what."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0014"

Moment = sa.DateTime(timezone=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "keys",
        sa.Column("number", Serial, nullable=False),
        sa.Column("tenant", Serial, nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("name", sa.String(200), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("models", sa.Text(), nullable=True),
        sa.Column("origins", sa.Text(), nullable=True),
        sa.Column("job", sa.String(32), nullable=True),
        sa.Column("parent", sa.String(16), nullable=True),
        sa.Column("replaces", sa.String(16), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=True),
        sa.Column("revoked_at", Moment, nullable=True),
        sa.Column("last_used_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.number"], name=op.f("fk_keys_tenant")),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_keys_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_keys")),
        sa.UniqueConstraint("id", name=op.f("uq_keys_id")),
    )
    op.create_index("ix_keys_job", "keys", ["job"])
    op.create_table(
        "audit",
        sa.Column("number", Serial, nullable=False),
        sa.Column("tenant", Serial, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("key", sa.String(16), nullable=True),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("resource", sa.String(256), nullable=False),
        sa.Column("request", sa.String(128), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.number"], name=op.f("fk_audit_tenant")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": "access", "value": 0}, {"name": "keys", "value": 0}])


def downgrade() -> None:
    op.execute("DELETE FROM counters WHERE name IN ('access', 'keys')")
    op.drop_table("audit")
    op.drop_table("keys")
