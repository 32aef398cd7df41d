"""Datasets: names whose content may change. Each content is an immutable version, numbered from 1 within its name.

The latest version is the one with the highest number. Jobs' rows say which versions they use.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, insert, select, update

from service.definitions.columns import LEFT_OPEN, TARGET_TYPE
from service.definitions.columns import Table as Contents
from service.definitions.dataset_names import DatasetReference
from service.definitions.how_read import HowRead
from service.errors import Conflict, NotFound
from service.store.blobs.references import pointing
from service.store.database import insert_named
from service.store.records import DatasetRecord, DatasetSummary, DatasetUse, Listing, Page
from service.store.tables import dataset_versions as versions
from service.store.tables import datasets, jobs

OTHERS = versions.alias()
IS_LATEST = versions.c.version == (
    select(func.max(OTHERS.c.version)).where(OTHERS.c.dataset == versions.c.dataset).scalar_subquery()
)
JOINED = versions.join(datasets, datasets.c.number == versions.c.dataset)
RECORDS = select(
    datasets.c.number,
    datasets.c.name,
    versions.c.version,
    versions.c.contents,
    versions.c.sha256,
    versions.c.address,
    versions.c.created_at,
).select_from(JOINED)

# the database takes these out of the document, so that the columns, which may be megabytes, are not parsed here
FIELD = versions.c.contents
SUMMARIES = select(
    datasets.c.number,
    datasets.c.name,
    versions.c.version,
    FIELD["rows"].as_float().label("rows"),
    FIELD["bytes"].as_float().label("bytes"),
    FIELD["scale"].as_float().label("scale"),
    FIELD["read"].as_json().label("read"),
    FIELD["warnings"].as_json().label("warnings"),
    FIELD[TARGET_TYPE].as_string().label("target_type"),
    versions.c.sha256,
    versions.c.created_at,
).select_from(JOINED)

# what every submission of a job asks, built once
IS_NAMED = datasets.c.name == bindparam("dataset_name")
LATEST = RECORDS.where(IS_NAMED, IS_LATEST)
HOLD = (
    select(versions.c.sha256)
    .where(
        versions.c.dataset == select(datasets.c.number).where(IS_NAMED).scalar_subquery(),
        versions.c.version == bindparam("dataset_version"),
    )
    .with_for_update(read=True)
)


class IfTaken(Enum):
    """What storing content under a name does when the latest version of that name has other content."""

    ADD_VERSION = auto()  # it becomes the next version
    REFUSE = auto()
    USE_EARLIER = auto()  # the newest version with this content is used; refuse when there is none
    REFUSE_ALWAYS = auto()  # refuse also when the latest version has the same content


@dataclass(frozen=True)
class NewContent:
    """Content to store. Its rows are in a file at `path`, which `adopt` makes the blob at `address`."""

    path: Path
    contents: Contents
    address: str
    adopt: Callable[[], None]


def add_dataset(
    connection: Connection, name: str, new: NewContent, if_taken: IfTaken = IfTaken.REFUSE
) -> tuple[DatasetRecord, bool]:
    """Store content under a name unless the latest version has it; return the version, and whether it is new.

    Raises
    ------
    Conflict
        When the name is taken, and `if_taken` says so.
    """
    number, last = _lock_name(connection, name)
    there = _same_content(connection, number, name, new.contents.sha256, if_taken) if last else None
    if there is not None:
        return there, False
    pointing(connection)
    new.adopt()
    record = DatasetRecord(number, name, last + 1, new.contents, new.address, datetime.now(UTC))
    connection.execute(
        insert(versions).values(
            dataset=number,
            version=record.version,
            contents=new.contents.to_dict(),
            sha256=new.contents.sha256,
            address=new.address,
            created_at=record.created_at,
            size=new.contents.bytes,
        )
    )
    if last:
        connection.execute(update(datasets).where(datasets.c.number == number).values(last_version=record.version))
    return record, True


def _lock_name(connection: Connection, name: str) -> tuple[int, int]:
    """Insert the name unless it is there, lock it, and return its number and its last version, 0 for a new name."""
    query = select(datasets.c.number, datasets.c.last_version).where(datasets.c.name == name).with_for_update()
    while True:  # the name may be deleted between the two statements
        is_new = insert_named(connection, datasets, name=name, last_version=1, created_at=datetime.now(UTC))
        row = connection.execute(query).one_or_none()
        if row is not None:
            return row.number, 0 if is_new else row.last_version


def _same_content(
    connection: Connection, number: int, name: str, sha256: str, if_taken: IfTaken
) -> DatasetRecord | None:
    """Return the version to use in place of a new one; None when there is to be a new one."""
    query = RECORDS.where(datasets.c.number == number).order_by(versions.c.version.desc()).limit(1)
    latest = connection.execute(query).one()
    if if_taken is IfTaken.REFUSE_ALWAYS:
        raise _taken(name)
    if latest.sha256 == sha256:
        return _record(latest)
    if if_taken is IfTaken.ADD_VERSION:
        return None
    same = connection.execute(query.where(versions.c.sha256 == sha256)).one_or_none()
    if same is not None and if_taken is IfTaken.USE_EARLIER:
        return _record(same)
    which = "with other content" if same is None else f"and this content is its version {same.version}, not its latest"
    raise Conflict(
        f"a dataset named `{name}` is there already, {which}; `PUT /v1/datasets/{name}` makes it the next version"
    )


def check_free(connection: Connection, name: str) -> None:
    """Raise what `add_dataset` raises with `REFUSE_ALWAYS`, before the content is read."""
    if _number_of(connection, name) is not None:
        raise _taken(name)


def _taken(name: str) -> Conflict:
    return Conflict(f"a dataset named `{name}` is there already, and `If-None-Match: *` stores only a new one")


def get_dataset(connection: Connection, reference: DatasetReference) -> DatasetRecord:
    """Return a version of a dataset, the latest if the reference names none; raise `NotFound` where there is none."""
    query = LATEST if reference.version is None else RECORDS.where(*_named(reference))
    row = connection.execute(query, {"dataset_name": reference.name}).one_or_none()
    if row is None:
        raise not_found(connection, reference)
    return _record(row)


def not_found(connection: Connection, reference: DatasetReference) -> NotFound:
    """Return the error for a dataset, or a version of one, that does not exist."""
    latest = _named(DatasetReference(reference.name))
    newest = connection.execute(select(versions.c.version).select_from(JOINED).where(*latest)).scalar()
    if newest is None:
        return NotFound(f"there is no dataset named `{reference.name}`")
    return NotFound(f"dataset `{reference.name}` has no version {reference.version}; its latest is {newest}")


def absence_of(connection: Connection, use: DatasetUse, role: str = "") -> str | None:
    """Return why the content that a job used cannot be read, such as "`churn@1` is gone"; None when it can be.

    `role` is written after the name: ", which validated the job,".
    """
    query = select(versions.c.sha256).select_from(JOINED).where(*_named(use.reference))
    sha256 = connection.execute(query).scalar()
    if sha256 is None:
        shown = use.name if _number_of(connection, use.name) is None else str(use.reference)
        return f"`{shown}`{role} is gone"
    return None if use.sha256 in (None, sha256) else f"`{use.name}`{role} is another one by now"


def scales_of_jobs(connection: Connection, job_ids: Sequence[str]) -> dict[str, float]:
    """Return the scale of each job's dataset; jobs are left out when they are gone or their version of it is."""
    is_the_same = (jobs.c.dataset_sha256 == versions.c.sha256) | jobs.c.dataset_sha256.is_(None)
    uses = and_(
        jobs.c.tenant == datasets.c.tenant,
        jobs.c.dataset_name == datasets.c.name,
        jobs.c.dataset_version == versions.c.version,
    )
    query = (
        select(jobs.c.id, versions.c.contents["scale"].as_float())
        .select_from(JOINED)
        .join(jobs, uses)
        .where(jobs.c.id.in_(job_ids), is_the_same)
    )
    return {job_id: float(scale) for job_id, scale in connection.execute(query)}


def hold_dataset(connection: Connection, use: DatasetUse) -> None:
    """Lock a version against removal until this transaction ends; raise `Conflict` when it is gone."""
    sha256 = connection.execute(HOLD, {"dataset_name": use.name, "dataset_version": use.version}).scalar()
    if sha256 is None or use.sha256 not in (None, sha256):
        raise Conflict(f"dataset `{use.reference}` was removed while the job was checked against it; try again")


def list_datasets(connection: Connection, page: Page) -> Listing[DatasetSummary]:
    """Return the latest versions of a page of datasets; that whose name was stored last comes first."""
    query = SUMMARIES.where(IS_LATEST).order_by(datasets.c.number.desc()).limit(page.limit + 1)
    position = page.position
    if page.after is not None:
        position = _number_of(connection, page.after)
        if position is None:
            raise NotFound(f"`after` names no dataset: `{page.after}`")
    if position is not None:
        query = query.where(datasets.c.number < position)
    return _listing(connection, query, page.limit)


def list_versions(connection: Connection, name: str, limit: int, below: int | None) -> Listing[DatasetSummary]:
    """Return a page of a dataset's versions, newest first; with `below` those of smaller numbers."""
    number = _number_of(connection, name)
    if number is None:
        raise not_found(connection, DatasetReference(name))
    query = SUMMARIES.where(datasets.c.number == number).order_by(versions.c.version.desc()).limit(limit + 1)
    return _listing(connection, query if below is None else query.where(versions.c.version < below), limit)


def _listing(connection: Connection, query: Select[Any], limit: int) -> Listing[DatasetSummary]:
    rows = list(connection.execute(query))
    return Listing(tuple(_summary(connection, row) for row in rows[:limit]), len(rows) > limit)


def _number_of(connection: Connection, name: str) -> int | None:
    number: int | None = connection.execute(select(datasets.c.number).where(datasets.c.name == name)).scalar()
    return number


def _named(reference: DatasetReference) -> tuple[ColumnElement[bool], ...]:
    """Return conditions on a row of `JOINED`: that it is the version which is meant."""
    version = IS_LATEST if reference.version is None else versions.c.version == reference.version
    return datasets.c.name == reference.name, version


def _summary(connection: Connection, row: Row[*tuple[Any, ...]]) -> DatasetSummary:
    if row.target_type is None:  # stored by a release that had it among the columns alone
        return get_dataset(connection, DatasetReference(row.name, row.version)).summary
    return DatasetSummary(
        row.number,
        row.name,
        row.version,
        int(row.rows),
        int(row.bytes),
        row.scale,
        row.sha256,
        None if row.target_type == LEFT_OPEN else row.target_type,
        None if row.read is None else HowRead.from_dict(row.read),
        tuple(row.warnings),
        row.created_at,
    )


def _record(row: Row[*tuple[Any, ...]]) -> DatasetRecord:
    contents = Contents.from_dict(row.contents)
    return DatasetRecord(row.number, row.name, row.version, contents, row.address, row.created_at)
