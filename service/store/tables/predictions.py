"""Predictions of whole datasets, and the parts of their results."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from service.store.column_types import Address, Document, Double, Names, Serial
from service.store.database import Moment
from service.store.tables.naming import metadata
from service.store.tenancy import owner

# A version of a model applied to all rows of a dataset, which is queued, runs and ends as a job does.
predictions = Table(
    "predictions",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("id", String(32), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("requested", String(16)),
    Column("model_name", String(64), nullable=False),
    Column("model_version", Integer, nullable=False),
    Column("model_epoch", Integer),  # of the network; null for parameters that a client sent
    Column("epoch", Integer),  # which the client asked for in place of the version's own
    Column("dataset_name", String(64), nullable=False),
    Column("dataset_version", Integer, nullable=False),
    Column("dataset_sha256", String(64)),  # of its content when the prediction was submitted
    Column("keep", Names, nullable=False),  # the dataset's columns that go into the result as they are
    Column("ignored", Names, nullable=False),  # those that are neither inputs nor kept
    Column("rows", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),  # rows whose predictions are stored
    Column("rows_per_second", Double),
    Column("size", BigInteger, nullable=False),  # bytes of the result, those to come included
    Column("sha256", String(64)),  # of the result
    Column("extra", Document, nullable=False),  # the client's `metadata`
    Column("warnings", Document, nullable=False),
    Column("error", Document),
    Column("queued_at", Moment),
    Column("attempt", Integer, nullable=False),
    Column("stored_attempt", Integer, nullable=False),  # the last one that stored a part
    Column("deaths", Integer, nullable=False),
    Column("lost_attempts", Integer, nullable=False),
    Column("claimed_at", Moment),
    Column("lease_until", Moment),
    Column("worker", String(128)),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("notify", Document),  # the webhook that it was submitted with
    Index("ix_predictions_tenant", "tenant", "number"),
    Index("ix_predictions_queue", "status", "tenant", "queued_at", "number"),
    Index("ix_predictions_dataset_name", "dataset_name"),
    Index("ix_predictions_model_name", "model_name"),
)

# The result of a prediction: part 0 describes its columns, each further one has its next rows.
prediction_parts = Table(
    "prediction_parts",
    metadata,
    Column(
        "prediction",
        ForeignKey("predictions.number", ondelete="CASCADE"),
        primary_key=True,
        type_=Serial,
        autoincrement=False,
    ),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("address", Address, nullable=False, index=True),
)
