"""All tables of the database. The migrations in `migrations/versions` create the same; a test compares the two.

Imports SQLAlchemy, the types of columns, and `service.store.tenancy` for the column of owners.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from service.store.column_types import Address, Document, Double, Names, Serial
from service.store.database import Moment
from service.store.tenancy import owner

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

tenants = Table(
    "tenants",
    metadata,
    Column("number", Serial, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("limits", Document, nullable=False, server_default="{}"),  # service.definitions.limits.Limits, those it has
    Column("weight", Double, nullable=False, server_default="1"),  # its share of the workers
    Column("pass", Double, nullable=False, server_default="0"),  # service.store.jobs.shares
    Column("claimed_pass", Double, nullable=False, server_default="0"),
    Index("ix_tenants_pass", "pass", "number"),
    Index("ix_tenants_claimed_pass", "claimed_pass"),
    sqlite_autoincrement=True,  # the number of a deleted tenant is not given again
)

networks = Table(
    "networks",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("name", String(64), nullable=False),
    Column("definition", Document, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant", "name"),
)

datasets = Table(
    "datasets",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("name", String(64), nullable=False),
    Column("last_version", Integer, nullable=False, server_default="1"),  # the last number given, deleted or not
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant", "name"),
)

dataset_versions = Table(
    "dataset_versions",
    metadata,
    Column(
        "dataset",
        ForeignKey("datasets.number", ondelete="CASCADE"),
        primary_key=True,
        type_=Serial,
        autoincrement=False,
    ),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("contents", Document, nullable=False),  # service.definitions.columns.Table
    Column("sha256", String(64), nullable=False),
    Column("address", Address, nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("size", BigInteger, nullable=False, server_default="0"),  # bytes of its rows
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("id", String(32), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("requested", String(16)),
    Column("priority", Integer, nullable=False),
    Column("network_name", String(64)),
    Column("network", Document, nullable=False),  # the job's own copy, every layer written out
    Column("dataset_name", String(64), nullable=False),
    Column("dataset_version", Integer, nullable=False, server_default="1"),
    Column("validation_name", String(64)),
    Column("validation_version", Integer),
    Column("validation_sha256", String(64)),  # of the content of the dataset that validates, when the job was made
    Column("test_name", String(64)),
    Column("test_version", Integer),
    Column("test_sha256", String(64)),
    Column("training", Document, nullable=False),
    Column("targets", Document, nullable=False),
    Column("preprocessing", Document),  # the fitted transforms; null until they are fitted
    Column("model_name", String(64), nullable=False),
    Column("model_version", Integer),
    Column("extra", Document, nullable=False),  # the client's `metadata`
    Column("on_other_machine", String(16), nullable=False),
    Column("pause_at", Integer),  # the epoch after which it pauses: 0 for `hold`, later ones for `:step`
    Column("queued_at", Moment),  # its place among jobs of the same priority
    Column("attempt", Integer, nullable=False),
    Column("stored_attempt", Integer, nullable=False),  # the last one that stored progress
    Column("deaths", Integer, nullable=False),  # crashed attempts that count against it, since it made progress
    Column("lost_attempts", Integer, nullable=False),  # attempts that ended without a result, since it made progress
    Column("fingerprint", Text),  # of the machine that stored its newest epoch
    Column("claimed_at", Moment),
    Column("lease_until", Moment),
    Column("worker", String(128)),
    Column("epoch", Integer),
    Column("best_epoch", Integer),
    Column("epochs_per_second", Double),
    Column("training_seconds", Double, nullable=False),
    Column("warnings", Document, nullable=False),
    Column("error", Document),
    Column("stopped", Document),  # why and after which epoch training ended early
    Column("reached_epoch", Integer),  # the epoch at which `stop_when` was reached
    Column("confusion_matrix", Document),
    Column("tested", Document),  # the loss and metrics of its version on the test rows
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("dataset_sha256", String(64)),  # of the dataset's content when the job was made
    Column("chain", String(64)),  # the chain over its epochs' hashes up to the newest
    Column("forked_from", Document),  # the job and epoch that a fork begins with
    Column("replay_of", String(32)),  # the id of the job that a replay repeats
    Column("replay", Document),  # the verdict of a replay
    Column("columns", Document),  # those it chose of its dataset; null where it uses each as it was sent
    Index("ix_jobs_tenant", "tenant", "number"),
    Index("ix_jobs_replay_of", "replay_of"),
    Index("ix_jobs_queue", "status", "tenant", "priority", "queued_at", "number"),
    Index("ix_jobs_dataset_name", "dataset_name"),
    Index("ix_jobs_validation_name", "validation_name"),
    Index("ix_jobs_test_name", "test_name"),
)

# Bytes that the parameters of a job take, with the optimizer's states: of its epochs, and of what a fork begins with.
job_sizes = Table(
    "job_sizes",
    metadata,
    Column("job", ForeignKey("jobs.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False),
    owner(index=True),
    Column("epoch_bytes", BigInteger, nullable=False, server_default="0"),
    Column("start_bytes", BigInteger, nullable=False, server_default="0"),
)

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

# A fork's own copy of what it begins with: `parameters`, and `optimizer` if the parent had stored that state.
starts = Table(
    "starts",
    metadata,
    Column("job", ForeignKey("jobs.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("bytes", LargeBinary),
    Column("address", Address, index=True),
    Column("sha256", String(64), nullable=False),
)

resume_states = Table(
    "resume_states",
    metadata,
    Column("job", ForeignKey("jobs.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("bytes", LargeBinary),
    Column("address", Address, index=True),
    Column("sha256", String(64), nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("name", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("tenant", "name"),
)

# Other tenants that may describe a model and predict with it.
grants = Table(
    "grants",
    metadata,
    Column(
        "model", ForeignKey("models.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False
    ),
    Column("grantee", ForeignKey("tenants.number"), primary_key=True, type_=Serial, autoincrement=False, index=True),
    Column("created_at", Moment, nullable=False),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column(
        "model", ForeignKey("models.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False
    ),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("job_id", String(32), nullable=False),
    Column("dataset_name", String(64)),  # what the job was trained on; null if it was deleted before 0009
    Column("dataset_version", Integer),
    Column("epoch", Integer, nullable=False),
    Column("network", Document, nullable=False),
    Column("preprocessing", Document, nullable=False),
    Column("precision", String(8), nullable=False),
    Column("record", Document, nullable=False),  # the epoch's losses and metrics
    Column("test", Document),  # its loss and metrics on the test rows of its job
    Column("bytes", LargeBinary),
    Column("address", Address, index=True),
    Column("sha256", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("size", BigInteger, nullable=False, server_default="0"),  # bytes of its parameters
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("seen_at", Moment, nullable=False),
    Column("fingerprint", Text),
    Column("waits_for", Text),  # why it begins no job for want of space
    Column("host", String(255)),  # null for workers of releases before 0015, as are the next three
    Column("started_at", Moment),
    Column("version", String(32)),
    Column("threads", Integer),
)

# What workers have counted (`service.counts`), summed over all workers since the database was made.
totals = Table(
    "totals",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("label", String(32), primary_key=True),
    Column("value", Double, nullable=False),
)

# Ids come from the counter, updated in the transaction of the change, so they grow in the order of commits.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("job", ForeignKey("jobs.number", ondelete="CASCADE"), nullable=False, type_=Serial),
    Column("kind", String(16), nullable=False),
    Column("data", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_events_job", "job", "id"),
)

# What says who makes a request: keys, tokens that share a job, sessions. Of each only the hash of its text is here.
keys = Table(
    "keys",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("id", String(16), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),
    Column("name", String(200)),
    Column("sha256", String(64), nullable=False),
    Column("scopes", Names, nullable=False),
    Column("models", Names),  # the only ones it may use
    Column("origins", Names),  # of the only pages that may send it
    Column("job", ForeignKey("jobs.id", ondelete="CASCADE"), type_=String(32), index=True),  # that a token shares
    Column("parent", String(16)),  # the key that a session was signed in with
    Column("replaces", String(16)),  # the key in whose place it was made
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
)

# Who changed what.
audit = Table(
    "audit",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("at", Moment, nullable=False, index=True),
    Column("key", String(16)),
    Column("action", String(64), nullable=False),
    Column("resource", String(256), nullable=False),
    Column("request", String(128)),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    owner(primary_key=True),
    Column("key", String(64), primary_key=True),  # SHA-256 of the client's key, method and path
    Column("request", String(64)),  # SHA-256 of the body, once it was read
    Column("status", Integer),
    Column("headers", Document),
    Column("body", LargeBinary),
    Column("created_at", Moment, nullable=False, index=True),
)
