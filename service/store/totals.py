"""What workers have counted since the database was made: one row for each sum, to which every worker adds."""

from collections.abc import Mapping

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from service.store.tables import totals


def add(connection: Connection, sums: Mapping[tuple[str, str], float]) -> None:
    """Add to the sums of these names and labels."""
    # in one order, so that workers that add at the same moment wait for each other and not in a circle
    rows = [{"name": name, "label": label, "value": value} for (name, label), value in sorted(sums.items())]
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(totals).values(rows)
    summed = {"value": totals.c.value + statement.excluded.value}
    connection.execute(statement.on_conflict_do_update(index_elements=["name", "label"], set_=summed))


def read(connection: Connection) -> dict[tuple[str, str], float]:
    """Return all sums by name and label."""
    return {(name, label): value for name, label, value in connection.execute(select(totals))}
