"""Tenants, their grants, and a tenant for whatever there was: `default`, number 1. Names are unique within a tenant.

Down again there are no tenants, and everybody would see everything, so other tenants must be deleted before.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

Moment = sa.DateTime(timezone=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

DEFAULT = 1
NAMED = ("networks", "datasets", "models")
OWNED = (*NAMED, "jobs", "idempotency")
POINTING = ("dataset_versions", "parameters", "resume_states", "optimizer_states", "starts", "model_versions")


def upgrade() -> None:
    op.create_table(
        "tenants",
        sa.Column("number", Serial, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tenants")),
        sa.UniqueConstraint("name", name=op.f("uq_tenants_name")),
        sqlite_autoincrement=True,
    )
    tenants = sa.table("tenants", sa.column("name"), sa.column("created_at", Moment))
    # without its number, which the sequence of PostgreSQL would give once more
    op.bulk_insert(tenants, [{"name": "default", "created_at": datetime.now(UTC)}])
    for name in OWNED:
        op.add_column(name, sa.Column("tenant", Serial, nullable=True))
        op.execute(f"UPDATE {name} SET tenant = {DEFAULT}")  # noqa: S608 - constants
        with op.batch_alter_table(name) as batch:
            batch.alter_column("tenant", existing_type=Serial, nullable=False)
            batch.create_foreign_key(op.f(f"fk_{name}_tenant"), "tenants", ["tenant"], ["number"])
            if name in NAMED:
                batch.drop_constraint(op.f(f"uq_{name}_name"), type_="unique")
                batch.create_unique_constraint(op.f(f"uq_{name}_tenant_name"), ["tenant", "name"])
            if name == "idempotency":
                batch.drop_constraint(op.f("pk_idempotency"), type_="primary")
                batch.create_primary_key(op.f("pk_idempotency"), ["tenant", "key"])
    op.create_index("ix_jobs_tenant", "jobs", ["tenant", "number"])
    _set_address_characters(96)
    op.create_table(
        "grants",
        sa.Column("model", Serial, autoincrement=False, nullable=False),
        sa.Column("grantee", Serial, autoincrement=False, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.number"], name=op.f("fk_grants_model"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["grantee"], ["tenants.number"], name=op.f("fk_grants_grantee")),
        sa.PrimaryKeyConstraint("model", "grantee", name=op.f("pk_grants")),
    )
    op.create_index("ix_grants_grantee", "grants", ["grantee"])


def downgrade() -> None:
    query = sa.text("SELECT name FROM tenants WHERE number <> :number ORDER BY number")
    others = op.get_bind().execute(query, {"number": DEFAULT})
    if names := list(others.scalars()):
        raise RuntimeError(
            f"the release before knows no tenants, so everybody would see what {', '.join(names)} stored; delete them"
            " with `backprop tenants delete NAME --purge` first"
        )
    op.drop_table("grants")
    _set_address_characters(64)
    op.drop_index("ix_jobs_tenant", "jobs")
    for name in OWNED:
        with op.batch_alter_table(name) as batch:
            if name == "idempotency":
                batch.drop_constraint(op.f("pk_idempotency"), type_="primary")
                batch.create_primary_key(op.f("pk_idempotency"), ["key"])
            if name in NAMED:
                batch.drop_constraint(op.f(f"uq_{name}_tenant_name"), type_="unique")
                batch.create_unique_constraint(op.f(f"uq_{name}_name"), ["name"])
            batch.drop_constraint(op.f(f"fk_{name}_tenant"), type_="foreignkey")
            batch.drop_column("tenant")
    op.drop_table("tenants")


def _set_address_characters(most: int) -> None:
    """Make room for a tenant's number before a blob's hash; SQLite knows no lengths, and its tables may be large."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for name in POINTING:
        op.alter_column(name, "address", type_=sa.String(most))
