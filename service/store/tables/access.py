"""Who uses the service: tenants, what says who makes a request, and the record of who changed what."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, false

from service.store.column_types import Document, Double, Names, Serial
from service.store.database import Moment
from service.store.tables.naming import metadata
from service.store.tenancy import owner

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
    Column("batch_is_next", Boolean, nullable=False, server_default=false()),  # where jobs and predictions both wait
    Index("ix_tenants_pass", "pass", "number"),
    Index("ix_tenants_claimed_pass", "claimed_pass"),
    sqlite_autoincrement=True,  # the number of a deleted tenant is not given again
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
