"""Limits and shares of tenants, and the sizes of what they store, in columns that are counted without reading bytes.

Sizes of what is there are computed from its rows. The size of a blob is that of its job's epochs or, where the job was
deleted, of the network's parameters; optimizer states in blobs, which no column describes, count nothing.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0015"

Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Double = sa.Float(53)
Document = sa.JSON(none_as_null=True)

ITEM_BYTES = {"float32": 4, "float64": 8}
OF_DATASETS_SQLITE = "UPDATE dataset_versions SET size = COALESCE(json_extract(contents, '$.bytes'), 0)"
OF_DATASETS_POSTGRESQL = "UPDATE dataset_versions SET size = COALESCE(CAST(contents ->> 'bytes' AS bigint), 0)"
OF_JOBS = """
    INSERT INTO job_sizes (job, tenant, epoch_bytes, start_bytes)
    SELECT number, tenant,
           COALESCE((SELECT SUM(size * ((last_epoch - first_epoch) / stride + 1))
                     FROM parameters WHERE job = number), 0)
           + COALESCE((SELECT SUM(octet_length(bytes)) FROM optimizer_states WHERE job = number), 0),
           COALESCE((SELECT SUM(octet_length(bytes)) FROM starts WHERE job = number), 0)
    FROM jobs"""
OF_VERSIONS = "UPDATE model_versions SET size = octet_length(bytes) WHERE bytes IS NOT NULL"
OF_BLOBS = """
    UPDATE model_versions
    SET size = COALESCE((SELECT MAX(parameters.size) FROM parameters JOIN jobs ON jobs.number = parameters.job
                         WHERE jobs.id = model_versions.job_id), 0)
    WHERE address IS NOT NULL"""

NORMALIZATION = 4  # values a unit: scale, shift, and the running mean and variance


def upgrade() -> None:
    op.add_column("tenants", sa.Column("limits", Document, nullable=False, server_default="{}"))
    op.add_column("tenants", sa.Column("weight", Double, nullable=False, server_default="1"))
    op.add_column("tenants", sa.Column("pass", Double, nullable=False, server_default="0"))
    op.add_column("tenants", sa.Column("claimed_pass", Double, nullable=False, server_default="0"))
    op.create_index("ix_tenants_pass", "tenants", ["pass", "number"])
    op.create_index("ix_tenants_claimed_pass", "tenants", ["claimed_pass"])
    op.drop_index("ix_jobs_status_priority", "jobs")
    op.create_index("ix_jobs_queue", "jobs", ["status", "tenant", "priority", "queued_at", "number"])
    op.create_table(
        "job_sizes",
        sa.Column("job", Serial, sa.ForeignKey("jobs.number", ondelete="CASCADE", name=op.f("fk_job_sizes_job"))),
        sa.Column("tenant", Serial, sa.ForeignKey("tenants.number", name=op.f("fk_job_sizes_tenant")), nullable=False),
        sa.Column("epoch_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("start_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_sizes")),
    )
    op.create_index("ix_job_sizes_tenant", "job_sizes", ["tenant"])
    op.add_column("dataset_versions", sa.Column("size", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("model_versions", sa.Column("size", sa.BigInteger(), nullable=False, server_default="0"))
    _measure(op.get_bind())


def _measure(connection: sa.Connection) -> None:
    """Fill in the sizes of what is stored."""
    is_sqlite = connection.dialect.name == "sqlite"
    for statement in (OF_DATASETS_SQLITE if is_sqlite else OF_DATASETS_POSTGRESQL, OF_JOBS, OF_VERSIONS, OF_BLOBS):
        connection.execute(sa.text(statement.replace("octet_length", "length") if is_sqlite else statement))
    versions = sa.table(
        "model_versions",
        sa.column("model", Serial),
        sa.column("version", sa.Integer()),
        sa.column("size", sa.BigInteger()),
        sa.column("network", Document),
        sa.column("precision", sa.String()),
    )
    for row in connection.execute(sa.select(versions).where(versions.c.size == 0)).all():
        size = _parameters_of(row.network) * ITEM_BYTES.get(row.precision, 4)
        where = (versions.c.model == row.model, versions.c.version == row.version)
        connection.execute(sa.update(versions).where(*where).values(size=size))


def _parameters_of(network: dict[str, Any]) -> int:
    """Return how many values the parameters of a network have."""
    width, count = int(network.get("inputs") or 1), 0
    for layer in network.get("layers", []):
        if "units" in layer:
            count += (width + 1) * int(layer["units"])
            width = int(layer["units"])
        elif "normalization" in str(layer.get("type")):
            count += NORMALIZATION * width
    return count


def downgrade() -> None:
    op.drop_column("model_versions", "size")
    op.drop_column("dataset_versions", "size")
    op.drop_table("job_sizes")
    op.drop_index("ix_jobs_queue", "jobs")
    op.create_index("ix_jobs_status_priority", "jobs", ["status", "priority", "queued_at", "number"])
    op.drop_index("ix_tenants_claimed_pass", "tenants")
    op.drop_index("ix_tenants_pass", "tenants")
    for name in ("claimed_pass", "pass", "weight", "limits"):
        op.drop_column("tenants", name)
