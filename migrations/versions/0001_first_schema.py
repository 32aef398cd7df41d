"""The first schema: networks, datasets, jobs, epochs, parameters, resume states, models, workers."""

import sqlalchemy as sa
from alembic import op

from service.store.database import Moment

revision = "0001"
down_revision = None

Document = sa.JSON(none_as_null=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("number", Serial, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("contents", Document, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_datasets")),
        sa.UniqueConstraint("name", name=op.f("uq_datasets_name")),
    )
    op.create_table(
        "jobs",
        sa.Column("number", Serial, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("requested", sa.String(length=16), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("network_name", sa.String(length=64), nullable=True),
        sa.Column("network", Document, nullable=False),
        sa.Column("dataset_name", sa.String(length=64), nullable=False),
        sa.Column("validation_name", sa.String(length=64), nullable=True),
        sa.Column("training", Document, nullable=False),
        sa.Column("targets", Document, nullable=False),
        sa.Column("preprocessing", Document, nullable=True),
        sa.Column("model_name", sa.String(length=64), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=True),
        sa.Column("extra", Document, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("worker", sa.String(length=128), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("best_epoch", sa.Integer(), nullable=True),
        sa.Column("epochs_per_second", sa.Float(precision=53), nullable=True),
        sa.Column("training_seconds", sa.Float(precision=53), nullable=False),
        sa.Column("warnings", Document, nullable=False),
        sa.Column("error", Document, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_jobs")),
        sa.UniqueConstraint("id", name=op.f("uq_jobs_id")),
    )
    op.create_index("ix_jobs_dataset_name", "jobs", ["dataset_name"], unique=False)
    op.create_index("ix_jobs_status_priority", "jobs", ["status", "priority", "number"], unique=False)
    op.create_table(
        "models",
        sa.Column("number", Serial, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_models")),
        sa.UniqueConstraint("name", name=op.f("uq_models_name")),
    )
    op.create_table(
        "networks",
        sa.Column("number", Serial, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("definition", Document, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_networks")),
        sa.UniqueConstraint("name", name=op.f("uq_networks_name")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "epochs",
        sa.Column("job", Serial, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("training_loss", sa.Float(precision=53), nullable=False),
        sa.Column("validation_loss", sa.Float(precision=53), nullable=True),
        sa.Column("training_metrics", Document, nullable=False),
        sa.Column("validation_metrics", Document, nullable=False),
        sa.Column("learning_rate", sa.Float(precision=53), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("parameters_stored", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_epochs_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "epoch", name=op.f("pk_epochs")),
    )
    op.create_table(
        "model_versions",
        sa.Column("model", Serial, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("network", Document, nullable=False),
        sa.Column("preprocessing", Document, nullable=False),
        sa.Column("precision", sa.String(length=8), nullable=False),
        sa.Column("record", Document, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.number"], name=op.f("fk_model_versions_model"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_model_versions")),
    )
    op.create_table(
        "parameters",
        sa.Column("job", Serial, autoincrement=False, nullable=False),
        sa.Column("first_epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_epoch", sa.Integer(), nullable=False),
        sa.Column("stride", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_parameters_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "first_epoch", name=op.f("pk_parameters")),
    )
    op.create_table(
        "resume_states",
        sa.Column("job", Serial, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_resume_states_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_resume_states")),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", Document, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], unique=False)
