"""Rows known by name: how they are found, inserted once, and listed in pages."""

from typing import Any

from sqlalchemy import Connection, Row, Table, select

from service.errors import NotFound
from service.store.database import insert_named
from service.store.records import Page


def find(connection: Connection, table: Table, name: str) -> Row[Any] | None:
    """Return the row of that name; None when there is none."""
    return connection.execute(select(table).where(table.c.name == name)).one_or_none()


def insert_or_find(connection: Connection, table: Table, name: str, values: dict[str, Any]) -> tuple[Row[Any], bool]:
    """Return the row of that name, and whether it is new."""
    while True:  # the row that has the name may be deleted between the two statements
        is_new = insert_named(connection, table, name=name, **values)
        row = find(connection, table, name)
        if row is not None:
            return row, is_new


def page_of(connection: Connection, table: Table, page: Page, noun: str) -> tuple[list[Row[Any]], bool]:
    """Return the rows of a page, newest first, and whether more follow; `noun` is the word for one in messages."""
    query = select(table).order_by(table.c.number.desc()).limit(page.limit + 1)
    position = page.position
    if page.after is not None:
        position = connection.execute(select(table.c.number).where(table.c.name == page.after)).scalar()
        if position is None:
            raise NotFound(f"`after` names no {noun}: `{page.after}`")
    if position is not None:
        query = query.where(table.c.number < position)
    rows = list(connection.execute(query))
    return rows[: page.limit], len(rows) > page.limit
