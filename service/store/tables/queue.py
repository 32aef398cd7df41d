"""Jobs, what each of them stores besides its epochs, and their events."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from service.store.column_types import Address, Document, Double, Serial
from service.store.database import Moment
from service.store.tables.naming import metadata
from service.store.tenancy import owner

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
    Column("promote", Document),  # the alias that is to be moved to its version, and on which condition
    Column("promoted", Document),  # what became of that
    Column("decision", Document),  # of its version
    Column("notify", Document),  # the webhook that it was submitted with
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
