"""Aliases of versions, versions without a job, and what a job says of the version that it makes.

Models that are named like a job that made a version of them are not listed any more: that job named no model. Versions
whose dataset is not known get it from their job, where that is still there.

Down again, aliases and decisions are gone, and versions that came from outside are of a job `imported` that is not
there, at epoch 0; up once more they have no job again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"

Moment = sa.DateTime(timezone=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Document = sa.JSON(none_as_null=True)

OUTSIDE = "imported"  # no job has such an id
OF_JOBS = ("promote", "promoted", "decision")

FILL = (
    "UPDATE models SET listed = :no WHERE EXISTS"
    " (SELECT 1 FROM model_versions WHERE model = models.number AND job_id = models.name)",
    "UPDATE models SET last_version = COALESCE("
    "(SELECT MAX(version) FROM model_versions WHERE model = models.number), 0)",
    "UPDATE model_versions SET"
    " dataset_name = (SELECT jobs.dataset_name FROM jobs WHERE jobs.id = model_versions.job_id),"
    " dataset_version = (SELECT jobs.dataset_version FROM jobs WHERE jobs.id = model_versions.job_id)"
    " WHERE dataset_name IS NULL AND job_id IN (SELECT id FROM jobs)",
    "UPDATE model_versions SET origin = 'import', job_id = NULL, epoch = NULL WHERE job_id = :outside",
)


def upgrade() -> None:
    op.add_column("models", sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("models", sa.Column("last_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("model_versions", sa.Column("origin", sa.String(8), nullable=False, server_default="job"))
    op.add_column("model_versions", sa.Column("decision", Document, nullable=True))
    op.add_column("model_versions", sa.Column("keep_until", Moment, nullable=True))
    _let_versions_be_without_a_job(True)
    op.create_index("ix_model_versions_keep_until", "model_versions", ["keep_until"])
    op.create_table(
        "model_aliases",
        sa.Column("model", Serial, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("previous_version", sa.Integer(), nullable=True),
        sa.Column("moved_at", Moment, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.number"], name=op.f("fk_model_aliases_model"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["model", "version"],
            ["model_versions.model", "model_versions.version"],
            name=op.f("fk_model_aliases_model_version"),
        ),
        sa.PrimaryKeyConstraint("model", "name", name=op.f("pk_model_aliases")),
    )
    for name in OF_JOBS:
        op.add_column("jobs", sa.Column(name, Document, nullable=True))
    connection = op.get_bind()
    for statement in FILL:
        known = {"no": False, "outside": OUTSIDE}
        wanted = {name: value for name, value in known.items() if f":{name}" in statement}
        connection.execute(sa.text(statement), wanted)
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": "models", "value": 0}])


def downgrade() -> None:
    op.execute("DELETE FROM counters WHERE name = 'models'")
    for name in OF_JOBS:
        op.drop_column("jobs", name)
    op.drop_table("model_aliases")
    op.drop_index("ix_model_versions_keep_until", "model_versions")
    outside = sa.text("UPDATE model_versions SET job_id = COALESCE(job_id, :outside), epoch = COALESCE(epoch, 0)")
    op.get_bind().execute(outside, {"outside": OUTSIDE})
    _let_versions_be_without_a_job(False)
    for name in ("keep_until", "decision", "origin"):
        op.drop_column("model_versions", name)
    op.drop_column("models", "last_version")
    op.drop_column("models", "listed")


def _let_versions_be_without_a_job(nullable: bool) -> None:
    with op.batch_alter_table("model_versions") as batch:
        batch.alter_column("job_id", existing_type=sa.String(32), nullable=nullable)
        batch.alter_column("epoch", existing_type=sa.Integer(), nullable=nullable)
