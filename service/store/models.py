"""Models and their versions: trained networks to predict with, made by jobs that succeeded.

A version holds a copy of everything it needs, so it does not depend on its job.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, func, insert, select, update

from service.errors import Conflict, NotFound
from service.store import changes
from service.store.database import insert_named
from service.store.epoch_records import StoredBytes
from service.store.model_records import ModelContents, VersionRecord, VersionReference, VersionSummary
from service.store.records import ENDED, Listing, Page
from service.store.tables import jobs, model_versions, models

SUMMARY_COLUMNS = tuple(field.name for field in fields(VersionSummary))
LATER = model_versions.alias()
IS_LATEST = model_versions.c.version == (
    select(func.max(LATER.c.version)).where(LATER.c.model == model_versions.c.model).scalar_subquery()
)
CONTENTS = (
    select(
        model_versions.c.model,
        *(model_versions.c[name] for name in SUMMARY_COLUMNS),
        case((IS_LATEST, model_versions.c.preprocessing)).label("preprocessing"),
    )
    .where(model_versions.c.model.in_(bindparam("models", expanding=True)))
    .order_by(model_versions.c.model, model_versions.c.version)
)
LEAST_IMPOSSIBLE_VERSION = 2**31  # the column has 32 bits, and PostgreSQL refuses to compare it with more


class VersionQuery:
    """A SELECT of one version, by a model's name and a version number or the latest, into the fields of a record.

    Every prediction runs one, so the statements are built once: building one takes longer than executing it.
    """

    def __init__(self, record: type[VersionReference]) -> None:
        query = select(*(model_versions.c[field.name] for field in fields(record)))
        query = query.join(models, models.c.number == model_versions.c.model).where(models.c.name == bindparam("name"))
        self.latest = query.order_by(model_versions.c.version.desc()).limit(1)
        self.numbered = query.where(model_versions.c.version == bindparam("version"))

    def row(self, connection: Connection, name: str, version: int | None) -> Row[Any]:
        """Return the row; `NotFound` when there is no such model or version."""
        row = None
        if version is None:
            row = connection.execute(self.latest, {"name": name}).one_or_none()
        elif version < LEAST_IMPOSSIBLE_VERSION:
            row = connection.execute(self.numbered, {"name": name, "version": version}).one_or_none()
        if row is None:
            number_of(connection, name)
            raise NotFound(f"model `{name}` has no version {version}")
        return row


REFERENCE_QUERY, WHOLE_QUERY = map(VersionQuery, (VersionReference, VersionRecord))


def add_version(connection: Connection, name: str, values: dict[str, Any]) -> int:
    """Insert the next version of a model, and the model itself if there is none; return the version's number."""
    now = datetime.now(UTC)
    # two jobs may end at once with the same new name: one inserts the model, then they add versions one by one
    insert_named(connection, models, name=name, created_at=now)
    next_one = update(models).where(models.c.name == name).values(last_version=models.c.last_version + 1)
    number, version = connection.execute(next_one.returning(models.c.number, models.c.last_version)).one()
    connection.execute(insert(model_versions).values(model=number, version=version, created_at=now, **values))
    changes.announce(connection, changes.MODELS)
    return int(version)


def get_contents(connection: Connection, name: str) -> ModelContents:
    """Return a model with its versions."""
    row = connection.execute(select(models).where(models.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no model named `{name}`")
    return _contents(connection, [row])[0]


def list_models(connection: Connection, page: Page) -> Listing[ModelContents]:
    """Return models with their versions, newest first, in two queries."""
    query = select(models).order_by(models.c.number.desc()).limit(page.limit + 1)
    position = page.position if page.after is None else number_of(connection, page.after)
    if position is not None:
        query = query.where(models.c.number < position)
    rows = list(connection.execute(query))
    return Listing(tuple(_contents(connection, rows[: page.limit])), len(rows) > page.limit)


def _contents(connection: Connection, rows: Sequence[Row[Any]]) -> list[ModelContents]:
    """Return the models of these rows; one query reads the versions of all of them."""
    versions: dict[int, list[VersionSummary]] = {row.number: [] for row in rows}
    latest: dict[int, dict[str, Any]] = {}
    for row in connection.execute(CONTENTS, {"models": list(versions)}):
        versions[row.model].append(VersionSummary(**{name: row._mapping[name] for name in SUMMARY_COLUMNS}))
        latest[row.model] = row.preprocessing
    return [
        ModelContents(row.number, row.name, row.created_at, tuple(versions[row.number]), latest.get(row.number))
        for row in rows
    ]


def find_version(connection: Connection, name: str, version: int | None) -> VersionReference:
    """Return which version a request means, the latest without a number.

    Every prediction calls this, so it reads none of the large columns.
    """
    return VersionReference(**REFERENCE_QUERY.row(connection, name, version)._mapping)


def load_version(connection: Connection, name: str, version: int | None) -> VersionRecord:
    """Return one version with its network and preprocessing, the latest without a number."""
    return VersionRecord(**WHOLE_QUERY.row(connection, name, version)._mapping)


def version_bytes(connection: Connection, name: str, version: int) -> StoredBytes:
    """Return the parameters of a version."""
    query = (
        select(model_versions.c.sha256, model_versions.c.bytes, model_versions.c.address)
        .join(models, models.c.number == model_versions.c.model)
        .where(models.c.name == name, model_versions.c.version == version)
    )
    return StoredBytes(*connection.execute(query).one())


def delete_model(connection: Connection, name: str) -> None:
    number = number_of(connection, name)
    active = (
        select(jobs.c.id)
        .where(jobs.c.model_name == name, jobs.c.status.not_in([status.value for status in ENDED]))
        .limit(1)
    )
    job = connection.execute(active).scalar()
    if job is not None:
        raise Conflict(f"model `{name}` is in use by {job}, which has not ended")
    connection.execute(delete(models).where(models.c.number == number))
    changes.announce(connection, changes.MODELS)


def number_of(connection: Connection, name: str) -> int:
    number: int | None = connection.execute(select(models.c.number).where(models.c.name == name)).scalar()
    if number is None:
        raise NotFound(f"there is no model named `{name}`")
    return number
