"""The removal of datasets and of their versions: by clients, and of superseded versions that no job uses."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, delete, exists, or_, select, tuple_

from service.definitions.dataset_names import DatasetReference
from service.errors import Conflict
from service.store.datasets import JOINED, OTHERS, not_found
from service.store.jobs.rows import USES
from service.store.records import ENDED
from service.store.tables import dataset_versions as versions
from service.store.tables import datasets, jobs, predictions

ENDED_VALUES = [status.value for status in ENDED]
NAMES_AND_VERSIONS = tuple((jobs.c[name], jobs.c[version]) for name, version, _ in USES.values())
OF_PREDICTIONS = (predictions.c.dataset_name, predictions.c.dataset_version)
TOGETHER = 100  # superseded versions that one transaction removes


def delete_dataset(connection: Connection, name: str) -> None:
    """Delete a dataset with all its versions, unless a job that has not ended uses one of them."""
    number = _lock_versions(connection, DatasetReference(name))
    _check_unused(connection, DatasetReference(name))
    connection.execute(delete(datasets).where(datasets.c.number == number))


def delete_version(connection: Connection, reference: DatasetReference) -> None:
    """Delete one version, unless a job that has not ended uses it; with the last one the name is free again."""
    number = _lock_versions(connection, reference)
    _check_unused(connection, reference)
    mine = versions.c.dataset == number
    connection.execute(delete(versions).where(mine, versions.c.version == reference.version))
    if connection.execute(select(versions.c.version).where(mine).limit(1)).scalar() is None:
        connection.execute(delete(datasets).where(datasets.c.number == number))


def _lock_versions(connection: Connection, reference: DatasetReference) -> int:
    """Lock a dataset and the versions that are meant, so that no job begins to use them; return the dataset's number.

    Without a number all versions are meant.
    """
    query = select(datasets.c.number).where(datasets.c.name == reference.name).with_for_update()
    number: int | None = connection.execute(query).scalar()
    mine = select(versions.c.version).where(versions.c.dataset == number).with_for_update()
    if reference.version is not None:
        mine = mine.where(versions.c.version == reference.version)
    if number is None or connection.execute(mine).first() is None:
        raise not_found(connection, reference)
    return number


def _check_unused(connection: Connection, reference: DatasetReference) -> None:
    """Raise `Conflict` when a job or a prediction that has not ended uses the version, or any where none is given."""
    uses = or_(*(_uses(pair, reference.name, reference.version) for pair in NAMES_AND_VERSIONS))
    job = connection.execute(select(jobs.c.id).where(uses, jobs.c.status.not_in(ENDED_VALUES)).limit(1)).scalar()
    if job is None:
        of_predictions = _uses(OF_PREDICTIONS, reference.name, reference.version)
        unended = predictions.c.status.not_in(ENDED_VALUES)
        job = connection.execute(select(predictions.c.id).where(of_predictions, unended).limit(1)).scalar()
    if job is not None:
        raise Conflict(f"dataset `{reference}` is in use by {job}, which has not ended")


def _uses(pair: tuple[Column[Any], Column[Any]], name: Any, version: Any) -> ColumnElement[bool]:
    """Return a condition on a row of a table: that the use in a pair of columns is of this dataset and version."""
    return pair[0] == name if version is None else and_(pair[0] == name, pair[1] == version)


def delete_superseded(connection: Connection, before: datetime) -> int:
    """Delete versions that were superseded before a moment and that no job uses, ended or not; return how many.

    Nor does a prediction use them that has not ended.

    A version is superseded when a later one is stored. At most `TOGETHER` are deleted.
    """
    later = (OTHERS.c.dataset == versions.c.dataset, OTHERS.c.version > versions.c.version)
    is_old = exists().where(*later, OTHERS.c.created_at < before)
    same_tenant = jobs.c.tenant == datasets.c.tenant
    uses = [and_(same_tenant, _uses(pair, datasets.c.name, versions.c.version)) for pair in NAMES_AND_VERSIONS]
    of_predictions = _uses(OF_PREDICTIONS, datasets.c.name, versions.c.version)
    uses.append(
        and_(predictions.c.tenant == datasets.c.tenant, of_predictions, predictions.c.status.not_in(ENDED_VALUES))
    )
    unused = and_(*(~exists().where(use) for use in uses))
    query = select(versions.c.dataset, versions.c.version).select_from(JOINED).where(is_old, unused)
    locked = connection.execute(query.limit(TOGETHER).with_for_update(skip_locked=True, of=versions)).all()
    if not locked:
        return 0
    # asked again with the rows locked: a job may have been stored since the first query began
    mine = tuple_(versions.c.dataset, versions.c.version).in_([tuple(row) for row in locked])
    found = connection.execute(select(versions.c.dataset, versions.c.version).select_from(JOINED).where(mine, unused))
    for number, version in found.all():
        connection.execute(delete(versions).where(versions.c.dataset == number, versions.c.version == version))
    return len(locked)
