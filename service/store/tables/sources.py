"""Networks and datasets, known by name."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from service.store.column_types import Address, Document, Serial
from service.store.database import Moment
from service.store.tables.naming import metadata
from service.store.tenancy import owner

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
