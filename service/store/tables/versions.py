"""Models: their versions, the aliases of versions, and who else may predict with them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    true,
)

from service.store.column_types import Address, Document, Serial
from service.store.database import Moment
from service.store.tables.naming import metadata
from service.store.tenancy import owner

models = Table(
    "models",
    metadata,
    Column("number", Serial, primary_key=True),
    owner(),
    Column("name", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("listed", Boolean, nullable=False, server_default=true()),  # false where jobs named no model and made it
    Column("last_version", Integer, nullable=False, server_default="0"),  # the last number given, deleted or not
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
    Column("origin", String(8), nullable=False, server_default="job"),  # service.store.model_records.Origin
    Column("job_id", String(32)),  # null, as the epoch is, where the parameters came from outside
    Column("epoch", Integer),
    Column("dataset_name", String(64)),  # what the job was trained on, where that is known
    Column("dataset_version", Integer),
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
    Column("decision", Document),  # how its outputs become a class, where that is not the largest
    Column("keep_until", Moment, index=True),  # when it may be deleted; null for never
)

# Names of versions, each unique within its model. `revision` counts the moves.
model_aliases = Table(
    "model_aliases",
    metadata,
    Column(
        "model", ForeignKey("models.number", ondelete="CASCADE"), primary_key=True, type_=Serial, autoincrement=False
    ),
    Column("name", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("previous_version", Integer),  # which may have been deleted
    Column("moved_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    ForeignKeyConstraint(["model", "version"], ["model_versions.model", "model_versions.version"]),
)
