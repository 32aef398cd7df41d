"""The filter by tenant: each statement on a scoped connection sees the rows of one tenant, whatever it says.

A table belongs to tenants when it has the column that `owner` makes. Before a statement is compiled for a scoped
connection, the condition that this column equals the tenant's number is added for each such table in it; an INSERT
gives its rows that number. A table that refers to one of these is read by that reference: a statement without it is
refused, and so is one written as text. The tenant's number is a parameter of the statement, so all tenants share what
was compiled. Imports SQLAlchemy and `service.store.column_types`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    ForeignKey,
    TextClause,
    bindparam,
    event,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import Delete, Select, Update, visitors
from sqlalchemy.sql.expression import Alias, FromClause, Join, TableClause
from sqlalchemy.sql.schema import Table
from sqlalchemy.util import LRUCache

from service.store.column_types import Serial

DEFAULT_TENANT = 1  # the number of the tenant `default`, which has all that was made before there were tenants
DEFAULT_TENANT_NAME = "default"
STATEMENTS = 500  # compiled ones that are held, as many as SQLAlchemy holds

_OPTION = "tenant"  # of a connection's execution: the number of the tenant that it sees, None for all
_IS_OWNER = "is_owner"

_scope: ContextVar[int | None] = ContextVar("tenant", default=None)
_NUMBER: ColumnElement[int] = bindparam("tenant_in_scope", callable_=_scope.get, type_=Serial)


class OutOfScope(RuntimeError):
    """A statement cannot be limited to a tenant as it is written: a mistake of this service."""


def owner(**options: Any) -> Column[int]:
    """Return the column by which the rows of a table belong to tenants."""
    return Column(
        "tenant",
        ForeignKey("tenants.number"),
        type_=Serial,
        nullable=False,
        default=_tenant_of,
        info={_IS_OWNER: True},
        **options,
    )


def _tenant_of(context: Any) -> int:
    """Return the tenant of an INSERT that names none."""
    tenant: int | None = context.execution_options.get(_OPTION)
    if tenant is None:
        raise OutOfScope("a row is to be inserted for a tenant, but the connection sees all tenants")
    return tenant


class Scopes:
    """Opens the scopes of one engine's connections."""

    def __init__(self, engine: Engine) -> None:
        event.listen(engine, "before_execute", _enter)
        self._of_one: Any = LRUCache(STATEMENTS)
        self._of_all: Any = LRUCache(STATEMENTS)

    def options(self, tenant: int | None) -> dict[str, Any]:
        """Return the execution options of a connection that sees one tenant, or all."""
        return {_OPTION: tenant, "compiled_cache": self._of_all if tenant is None else self._of_one, "scopes": self}


def tenant_of(connection: Connection) -> int | None:
    """Return the tenant that a connection sees, None for all."""
    tenant: int | None = connection.get_execution_options()[_OPTION]
    return tenant


@contextmanager
def everyone(connection: Connection) -> Iterator[None]:
    """Let the connection see all tenants until the end of the block, within the same transaction."""
    options = connection.get_execution_options()
    tenant, scopes = options[_OPTION], options["scopes"]
    connection.execution_options(**scopes.options(None))
    try:
        yield
    finally:
        connection.execution_options(**scopes.options(tenant))


def _enter(connection: Connection, statement: Any, _: Any, __: Any, options: Any) -> None:
    """Make the connection's tenant that of the statement which is about to be compiled and executed."""
    tenant = options.get(_OPTION)
    if tenant is not None and isinstance(statement, TextClause):
        raise OutOfScope("a statement written as text cannot be limited to a tenant")
    if _scope.get() != tenant:
        _scope.set(tenant)


@compiles(Select)
def _select(statement: Select[Any], compiler: Any, **options: Any) -> str:
    if _scope.get() is None:
        return str(compiler.visit_select(statement, **options))
    token = _scope.set(None)  # to find the tables, SQLAlchemy compiles the statement
    try:
        sources = statement.get_final_froms()
    finally:
        _scope.reset(token)
    limited, conditions = statement, [statement.whereclause]
    for source in sources:
        conditions += _conditions_of(source)
    for source in sources:
        for table in _tables_of(source):
            if _is_owned(table):
                limited = limited.where(table.c.tenant == _NUMBER)
            else:
                _check_reached(table, conditions)
    return str(compiler.visit_select(limited, **options))


@compiles(Update)
def _update(statement: Update, compiler: Any, **options: Any) -> str:
    return str(compiler.visit_update(_limited(statement), **options))


@compiles(Delete)
def _delete(statement: Delete, compiler: Any, **options: Any) -> str:
    return str(compiler.visit_delete(_limited(statement), **options))


def _limited(statement: Any) -> Any:
    """Return an UPDATE or DELETE that sees the tenant in scope alone."""
    if _scope.get() is None:
        return statement
    (table,) = _tables_of(statement.table)
    if _is_owned(table):
        return statement.where(table.c.tenant == _NUMBER)
    _check_reached(table, [statement.whereclause])
    return statement


def _tables_of(source: Any) -> Iterator[FromClause]:
    """Yield the tables, or aliases of them, that a FROM names; those of subqueries are found as these are compiled."""
    if isinstance(source, Join):
        if source.isouter or source.full:
            raise OutOfScope(f"{source.left} and {source.right} are joined by an outer join, which cannot be limited")
        yield from _tables_of(source.left)
        yield from _tables_of(source.right)
    elif isinstance(source, Table) or (isinstance(source, Alias) and isinstance(source.element, Table)):
        yield source
    elif isinstance(source, TextClause | TableClause | Alias):
        raise OutOfScope(f"{source} is named by text, so it is not known whether it belongs to tenants")


def _conditions_of(source: Any) -> list[Any]:
    if not isinstance(source, Join):
        return []
    return [source.onclause, *_conditions_of(source.left), *_conditions_of(source.right)]


def _is_owned(table: FromClause) -> bool:
    return "tenant" in table.c and bool(_base(table.c.tenant).info.get(_IS_OWNER))


def _check_reached(table: FromClause, conditions: list[Any]) -> None:
    """Raise `OutOfScope` when a table refers to one of tenants and no condition is on this reference.

    The number that it is compared with has been looked up in the tenant's scope.
    """
    references = [
        column for column in table.c if any(_is_owned(key.column.table) for key in _base(column).foreign_keys)
    ]
    if not references:
        return
    compared = {part for each in conditions if each is not None for part in visitors.iterate(each)}
    if not any(column in compared for column in references):
        names = " or ".join(str(column) for column in references)
        raise OutOfScope(f"a statement on {table} has no condition on {names}, so it is not limited to a tenant")


def _base(column: Any) -> Any:
    """Return the column of the table, for one of its alias, which does not have its `info`."""
    return next(iter(column.base_columns))
