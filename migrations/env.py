"""Runs the migrations in one transaction on the database that `service.store.migrate` passes in."""

from alembic import context
from sqlalchemy import text

from service.store.database import Database
from service.store.tables import metadata

LOCK = 0x6261636B70726F70  # "backprop": one migration at a time on PostgreSQL

database: Database = context.config.attributes["database"]
with database.begin_migration() as connection:
    if not database.is_sqlite:
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    context.run_migrations()
    if database.is_sqlite and (left := connection.execute(text("PRAGMA foreign_key_check")).first()):
        raise RuntimeError(f"a row of {left[0]} would refer to a row of {left[2]} that is not there")
