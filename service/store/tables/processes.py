"""Workers, what they have counted, and the counters of changes that processes watch."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from service.store.column_types import Document, Double
from service.store.database import Moment
from service.store.tables.naming import metadata

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

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# What workers have measured of their machines (`service.estimates.calibration`), by fingerprint and threads.
calibrations = Table(
    "calibrations",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("factors", Document, nullable=False),
    Column("measured_at", Moment, nullable=False),
)
