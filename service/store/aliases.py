"""Aliases: names for versions within a model. A move locks the model's row, so that moves follow each other."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from service.errors import NotFound
from service.store import changes
from service.store.model_records import AliasRecord
from service.store.models import number_of
from service.store.tables import model_aliases, models
from service.store.webhooks import outbox

COLUMNS = tuple(model_aliases.c[name] for name in AliasRecord.__dataclass_fields__)


class Moved(Exception):
    """Another request has moved the alias meanwhile; the caller must roll the transaction back."""


def aliases_of(connection: Connection, model: str, version: int) -> list[str]:
    """Return the names of the aliases of a version of a model."""
    query = select(model_aliases.c.name).join(models, models.c.number == model_aliases.c.model)
    query = query.where(models.c.name == model, model_aliases.c.version == version).order_by(model_aliases.c.name)
    return list(connection.execute(query).scalars())


def list_aliases(connection: Connection, model: str, after: str, limit: int) -> tuple[list[AliasRecord], bool]:
    """Return at most `limit` aliases of a model, by name, from behind the name `after` on; and whether more follow.

    Raises
    ------
    NotFound
        When there is no such model.
    """
    name = model_aliases.c.name
    query = select(*COLUMNS).where(model_aliases.c.model == number_of(connection, model), name > after)
    found = [AliasRecord(*row) for row in connection.execute(query.order_by(name).limit(limit + 1))]
    return found[:limit], len(found) > limit


def find_alias(connection: Connection, model: str, name: str) -> AliasRecord | None:
    """Return an alias, None if there is none; `NotFound` when there is no such model."""
    return _find(connection, number_of(connection, model), name)


def get_alias(connection: Connection, model: str, name: str) -> AliasRecord:
    """Return an alias; `NotFound` when there is no such model or alias."""
    found = find_alias(connection, model, name)
    if found is None:
        raise NotFound(f"model `{model}` has no alias `{name}`")
    return found


def move_alias(connection: Connection, model: str, name: str, version: int, before: AliasRecord | None) -> AliasRecord:
    """Let an alias name a version that exists; return it as it is then.

    Raises
    ------
    Moved
        When it is no longer `before`, None for an alias that is new.
    """
    number = _lock(connection, model)
    if _find(connection, number, name) != before:
        raise Moved
    if before is None:
        after = AliasRecord(name, version, None, datetime.now(UTC), 1)
        connection.execute(insert(model_aliases).values(model=number, **vars(after)))
    else:
        after = AliasRecord(name, version, before.version, datetime.now(UTC), before.revision + 1)
        connection.execute(update(model_aliases).where(*_is(number, name)).values(**vars(after)))
    changes.announce(connection, changes.MODELS)
    moved = {"object": "alias", "model": model, "name": name, "version": version, "previous": after.previous_version}
    outbox.add(connection, "alias.moved", {**moved, "links": {"self": f"/v1/models/{model}/aliases/{name}"}})
    return after


def delete_alias(connection: Connection, model: str, before: AliasRecord) -> None:
    """Delete an alias; its version stays. `Moved` when it is no longer `before`."""
    number = _lock(connection, model)
    if _find(connection, number, before.name) != before:
        raise Moved
    connection.execute(delete(model_aliases).where(*_is(number, before.name)))
    changes.announce(connection, changes.MODELS)


def _lock(connection: Connection, model: str) -> int:
    number_of(connection, model)
    locked = select(models.c.number).where(models.c.name == model).with_for_update()
    number: int = connection.execute(locked).scalar_one()
    return number


def _find(connection: Connection, number: int, name: str) -> AliasRecord | None:
    row = connection.execute(select(*COLUMNS).where(*_is(number, name))).one_or_none()
    return None if row is None else AliasRecord(*row)


def _is(number: int, name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return model_aliases.c.model == number, model_aliases.c.name == name
