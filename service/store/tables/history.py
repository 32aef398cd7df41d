"""What jobs store after epochs: losses and metrics, parameters, optimizer states, diagnostics of layers."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from service.store.column_types import Address, Document, Names, Serial
from service.store.tables.naming import metadata

# Runs of consecutive epochs that do not overlap. Each column of bytes packs one little-endian vector over the run's
# epochs: float64, but 1 byte for a flag and 32 for a hash. Metrics follow each other in the order of their names.
epochs = Table(
    "epochs",
    metadata,
    Column("job", ForeignKey("jobs.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False),
    Column("first_epoch", Integer, primary_key=True, autoincrement=False),
    Column("last_epoch", Integer, nullable=False),
    Column("parameters_stored", LargeBinary, nullable=False),
    Column("training_loss", LargeBinary, nullable=False),
    Column("validation_loss", LargeBinary),
    Column("learning_rate", LargeBinary, nullable=False),
    Column("seconds", LargeBinary, nullable=False),
    Column("training_metric_names", Names, nullable=False),
    Column("training_metrics", LargeBinary, nullable=False),
    Column("validation_metric_names", Names, nullable=False),
    Column("validation_metrics", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
)

layer_diagnostics = Table(
    "layer_diagnostics",
    metadata,
    Column("job", ForeignKey("jobs.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("layers", Document, nullable=False),
)

# Stored epochs share a row: every `stride`-th from first_epoch to last_epoch, `size` bytes each.
parameters = Table(
    "parameters",
    metadata,
    Column("job", ForeignKey("jobs.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False),
    Column("first_epoch", Integer, primary_key=True, autoincrement=False),
    Column("last_epoch", Integer, nullable=False),
    Column("stride", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("bytes", LargeBinary),
    Column("address", Address, index=True),  # of a blob, when too large for a row
)

# The optimizer's state after stored epochs, where a job keeps it: an NPZ archive (`service.backprop.training.state`).
optimizer_states = Table(
    "optimizer_states",
    metadata,
    Column("job", ForeignKey("jobs.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary),
    Column("address", Address, index=True),
    Column("sha256", String(64), nullable=False),
)
