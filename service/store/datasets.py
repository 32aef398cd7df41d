"""Datasets: immutable records known by name. The same content under the same name is stored once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from service.definitions.columns import Table as Contents
from service.errors import Conflict, NotFound
from service.store.blobs.references import pointing
from service.store.named import find, insert_or_find, page_of
from service.store.records import ENDED, DatasetRecord, Listing, Page
from service.store.tables import datasets, jobs

ENDED_VALUES = [status.value for status in ENDED]


def add_dataset(
    connection: Connection, name: str, contents: Contents, address: str, adopt: Callable[[], None]
) -> tuple[DatasetRecord, bool]:
    """Insert a dataset unless it is stored already; return it, and whether it is new.

    `adopt` moves the rows to their address; it is called for a new dataset, before the transaction commits.

    Raises
    ------
    Conflict
        When a dataset with other content has the name.
    """
    values = {
        "contents": contents.to_dict(),
        "sha256": contents.sha256,
        "address": address,
        "created_at": datetime.now(UTC),
    }
    row, is_new = insert_or_find(connection, datasets, name, values)
    if row.sha256 != contents.sha256:
        raise Conflict(f"a dataset named `{name}` is there already, with other content")
    if is_new:
        pointing(connection)
        adopt()
    return _dataset(row), is_new


def get_dataset(connection: Connection, name: str) -> DatasetRecord:
    row = find(connection, datasets, name)
    if row is None:
        raise NotFound(f"there is no dataset named `{name}`")
    return _dataset(row)


def dataset_sha256(connection: Connection, name: str) -> str | None:
    """Return the hash of a dataset's content; None when there is no such dataset."""
    found: str | None = connection.execute(select(datasets.c.sha256).where(datasets.c.name == name)).scalar()
    return found


def scales_of_jobs(connection: Connection, job_ids: Sequence[str]) -> dict[str, float]:
    """Return the scale of each job's dataset; jobs are left out when they are gone or their dataset is not the same."""
    is_the_same = (jobs.c.dataset_sha256 == datasets.c.sha256) | jobs.c.dataset_sha256.is_(None)
    query = (
        select(jobs.c.id, datasets.c.contents["scale"].as_float())
        .join(datasets, datasets.c.name == jobs.c.dataset_name)
        .where(jobs.c.id.in_(job_ids), is_the_same)
    )
    return {job_id: float(scale) for job_id, scale in connection.execute(query)}


def hold_dataset(connection: Connection, name: str) -> None:
    """Lock a dataset against removal until this transaction ends; raise `Conflict` when it is gone."""
    held = select(datasets.c.number).where(datasets.c.name == name).with_for_update(read=True)
    if connection.execute(held).scalar() is None:
        raise Conflict(f"dataset `{name}` was removed while the job was checked against it")


def list_datasets(connection: Connection, page: Page) -> Listing[DatasetRecord]:
    rows, more = page_of(connection, datasets, page, "dataset")
    return Listing(tuple(_dataset(row) for row in rows), more)


def delete_dataset(connection: Connection, name: str) -> None:
    """Delete a dataset, unless a job that has not ended uses it."""
    number = connection.execute(select(datasets.c.number).where(datasets.c.name == name).with_for_update()).scalar()
    if number is None:
        raise NotFound(f"there is no dataset named `{name}`")
    uses = (jobs.c.dataset_name == name) | (jobs.c.validation_name == name)
    job = connection.execute(select(jobs.c.id).where(uses, jobs.c.status.not_in(ENDED_VALUES)).limit(1)).scalar()
    if job is not None:
        raise Conflict(f"dataset `{name}` is in use by {job}, which has not ended")
    connection.execute(delete(datasets).where(datasets.c.number == number))


def _dataset(row: Row[Any]) -> DatasetRecord:
    return DatasetRecord(row.number, row.name, Contents.from_dict(row.contents), row.address, row.created_at)
