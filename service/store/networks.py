"""Networks: immutable records known by name. The same definition under the same name is stored once."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete

from service.errors import Conflict, NotFound
from service.store.named import find, insert_or_find, page_of
from service.store.records import Listing, NetworkRecord, Page
from service.store.tables import networks


def add_network(
    connection: Connection, name: str, definition: dict[str, Any], sha256: str
) -> tuple[NetworkRecord, bool]:
    """Insert a network unless it is stored already; return it, and whether it is new.

    Raises
    ------
    Conflict
        When a network with another definition has the name.
    """
    values = {"definition": definition, "sha256": sha256, "created_at": datetime.now(UTC)}
    row, is_new = insert_or_find(connection, networks, name, values)
    if row.sha256 != sha256:
        raise Conflict(f"a network named `{name}` is there already, with another definition")
    return _network(row), is_new


def get_network(connection: Connection, name: str) -> NetworkRecord:
    row = find(connection, networks, name)
    if row is None:
        raise NotFound(f"there is no network named `{name}`")
    return _network(row)


def list_networks(connection: Connection, page: Page) -> Listing[NetworkRecord]:
    rows, more = page_of(connection, networks, page, "network")
    return Listing(tuple(_network(row) for row in rows), more)


def delete_network(connection: Connection, name: str) -> None:
    """Delete a network. Jobs have copies of their own, so it is never in use."""
    if connection.execute(delete(networks).where(networks.c.name == name)).rowcount == 0:
        raise NotFound(f"there is no network named `{name}`")


def _network(row: Row[Any]) -> NetworkRecord:
    return NetworkRecord(row.number, row.name, row.definition, row.sha256, row.created_at)
