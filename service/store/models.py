"""Models and their versions: trained networks to predict with, made by jobs that succeeded.

A version holds a copy of everything it needs, so it does not depend on its job.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from service.errors import NotFound
from service.store import changes
from service.store.database import insert_named
from service.store.epoch_records import StoredBytes
from service.store.model_records import (
    DEFAULT_ALIAS,
    ModelContents,
    VersionRecord,
    VersionReference,
    VersionSummary,
)
from service.store.records import Listing, Page
from service.store.tables import model_aliases, model_versions, models
from service.store.webhooks import outbox

SUMMARY_COLUMNS = tuple(field.name for field in fields(VersionSummary))
LATER = model_versions.alias()


def _aliased(model: ColumnElement[int], alias: ColumnElement[str] | str) -> ScalarSelect[int]:
    """Return the version that an alias of a model names, null if there is none."""
    query = select(model_aliases.c.version).where(model_aliases.c.model == model, model_aliases.c.name == alias)
    return query.correlate(model.table).scalar_subquery()


def _unnamed(model: ColumnElement[int]) -> ColumnElement[int]:
    """Return the version that the name of a model alone means: that of the alias `default` if set, else the latest."""
    latest = select(func.max(LATER.c.version)).where(LATER.c.model == model).correlate(model.table).scalar_subquery()
    return func.coalesce(_aliased(model, DEFAULT_ALIAS), latest)


CONTENTS = (
    select(
        model_versions.c.model,
        *(model_versions.c[name] for name in SUMMARY_COLUMNS),
        case((model_versions.c.version == _unnamed(model_versions.c.model), model_versions.c.preprocessing)).label(
            "preprocessing"
        ),
    )
    .where(model_versions.c.model.in_(bindparam("models", expanding=True)))
    .order_by(model_versions.c.model, model_versions.c.version)
)
ALIASES = (
    select(model_aliases.c.model, model_aliases.c.name, model_aliases.c.version)
    .where(model_aliases.c.model.in_(bindparam("models", expanding=True)))
    .order_by(model_aliases.c.name)
)
LEAST_IMPOSSIBLE_VERSION = 2**31  # the column has 32 bits, and PostgreSQL refuses to compare it with more


class VersionQuery:
    """A SELECT of one version, as `find_version` takes it, into the fields of a record.

    The statements are built once, as building one takes longer than executing it, and names in use are asked for after
    each change of models.
    """

    def __init__(self, record: type[VersionReference]) -> None:
        query = select(*(model_versions.c[field.name] for field in fields(record)))
        query = query.join(models, models.c.number == model_versions.c.model).where(models.c.name == bindparam("name"))
        version = model_versions.c.version
        self.unnamed = query.where(version == _unnamed(models.c.number))
        self.aliased = query.where(version == _aliased(models.c.number, bindparam("wanted")))
        self.numbered = query.where(version == bindparam("wanted"))

    def row(self, connection: Connection, name: str, wanted: int | str | None) -> Row[Any]:
        """Return the row; `NotFound` when there is no such model, version or alias."""
        row = None
        if wanted is None:
            row = connection.execute(self.unnamed, {"name": name}).one_or_none()
        elif isinstance(wanted, str):
            row = connection.execute(self.aliased, {"name": name, "wanted": wanted}).one_or_none()
        elif wanted < LEAST_IMPOSSIBLE_VERSION:
            row = connection.execute(self.numbered, {"name": name, "wanted": wanted}).one_or_none()
        if row is None:
            number_of(connection, name)
            raise NotFound(_absent(name, wanted))
        return row


def _absent(name: str, wanted: int | str | None) -> str:
    if wanted is None:
        return f"model `{name}` has no version yet"
    return f"model `{name}` has no {'alias' if isinstance(wanted, str) else 'version'} {_shown(wanted)}"


def _shown(wanted: int | str) -> str:
    return f"`{wanted}`" if isinstance(wanted, str) else str(wanted)


REFERENCE_QUERY, WHOLE_QUERY = map(VersionQuery, (VersionReference, VersionRecord))


def add_version(connection: Connection, name: str, values: dict[str, Any], listed: bool = True) -> int:
    """Insert the next version of a model, and the model itself if there is none; return the version's number.

    `listed` says whether anybody named the model, so that lists show it from then on.
    """
    now = datetime.now(UTC)
    # two jobs may end at once with the same new name: one inserts the model, then they add versions one by one
    insert_named(connection, models, name=name, created_at=now, listed=listed)
    values_of_model = {"last_version": models.c.last_version + 1} | ({"listed": True} if listed else {})
    next_one = update(models).where(models.c.name == name).values(values_of_model)
    number, version = connection.execute(next_one.returning(models.c.number, models.c.last_version)).one()
    connection.execute(insert(model_versions).values(model=number, version=version, created_at=now, **values))
    changes.announce(connection, changes.MODELS)
    made = {"object": "model_version", "model": name, "version": int(version), "job": values.get("job_id")}
    made |= {"epoch": values.get("epoch"), "links": {"self": f"/v1/models/{name}/versions/{version}"}}
    outbox.add(connection, "model.version_created", made)
    return int(version)


def get_contents(connection: Connection, name: str) -> ModelContents:
    """Return a model with its versions."""
    row = connection.execute(select(models).where(models.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no model named `{name}`")
    return _contents(connection, [row])[0]


def list_models(connection: Connection, page: Page, unnamed: bool = False) -> Listing[ModelContents]:
    """Return models with their versions and aliases, newest first, in three queries.

    With `unnamed`, those are among them that jobs made whose request named no model.
    """
    query = select(models).order_by(models.c.number.desc()).limit(page.limit + 1)
    if not unnamed:
        query = query.where(models.c.listed)
    position = page.position if page.after is None else number_of(connection, page.after)
    if position is not None:
        query = query.where(models.c.number < position)
    rows = list(connection.execute(query))
    return Listing(tuple(_contents(connection, rows[: page.limit])), len(rows) > page.limit)


def _contents(connection: Connection, rows: Sequence[Row[Any]]) -> list[ModelContents]:
    """Return the models of these rows; two queries read the versions and the aliases of all of them."""
    versions: dict[int, list[VersionSummary]] = {row.number: [] for row in rows}
    aliases: dict[int, dict[str, int]] = {row.number: {} for row in rows}
    fitted: dict[int, dict[str, Any]] = {}
    for model, name, version in connection.execute(ALIASES, {"models": list(versions)}):
        aliases[model][name] = version
    for row in connection.execute(CONTENTS, {"models": list(versions)}):
        versions[row.model].append(VersionSummary(**{name: row._mapping[name] for name in SUMMARY_COLUMNS}))
        if row.preprocessing is not None:
            fitted[row.model] = row.preprocessing
    return [
        ModelContents(
            row.number,
            row.name,
            row.created_at,
            tuple(versions[row.number]),
            aliases[row.number],
            fitted.get(row.number),
        )
        for row in rows
    ]


def list_numbers(connection: Connection, name: str) -> list[int]:
    """Return the numbers of a model's versions, the lowest first; `NotFound` when there is no such model."""
    number = number_of(connection, name)
    query = select(model_versions.c.version).where(model_versions.c.model == number).order_by(model_versions.c.version)
    return list(connection.execute(query).scalars())


def list_all_versions(connection: Connection) -> list[tuple[str, int]]:
    """Return the name and the number of each version of all models that lists show, in the order of the names."""
    query = select(models.c.name, model_versions.c.version).join(models, models.c.number == model_versions.c.model)
    query = query.where(models.c.listed).order_by(models.c.name, model_versions.c.version)
    return [(name, version) for name, version in connection.execute(query)]


def find_version(connection: Connection, name: str, wanted: int | str | None) -> VersionReference:
    """Return the version that a request means: by its number, by an alias, or by the name of the model alone.

    The last is the version of the alias `default` where that is set, else the latest. Every prediction may call this,
    so it reads none of the large columns.
    """
    return VersionReference(**REFERENCE_QUERY.row(connection, name, wanted)._mapping)


def load_version(connection: Connection, name: str, wanted: int | str | None) -> VersionRecord:
    """Return one version, as `find_version` finds it, with its network and preprocessing."""
    return VersionRecord(**WHOLE_QUERY.row(connection, name, wanted)._mapping)


def version_bytes(connection: Connection, name: str, version: int) -> StoredBytes:
    """Return the parameters of a version."""
    query = (
        select(model_versions.c.sha256, model_versions.c.bytes, model_versions.c.address)
        .join(models, models.c.number == model_versions.c.model)
        .where(models.c.name == name, model_versions.c.version == version)
    )
    return StoredBytes(*connection.execute(query).one())


def hold_version(connection: Connection, name: str, version: int) -> None:
    """Lock a version against removal until this transaction ends; raise `NotFound` when it is gone.

    What removes versions locks the row of their model first, as `model_removal.delete_model` does.
    """
    number = select(models.c.number).where(models.c.name == name).with_for_update(read=True)
    mine = (model_versions.c.model == connection.execute(number).scalar(), model_versions.c.version == version)
    held = select(model_versions.c.version).where(*mine).with_for_update(read=True)
    if connection.execute(held).scalar() is None:
        raise NotFound(f"version {version} of model `{name}` was removed while the request was checked; try again")


def number_of(connection: Connection, name: str) -> int:
    """Return a model's number in the database; raise `NotFound` for a model that does not exist."""
    number: int | None = connection.execute(select(models.c.number).where(models.c.name == name)).scalar()
    if number is None:
        raise NotFound(f"there is no model named `{name}`")
    return number
