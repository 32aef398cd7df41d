"""Removes models and their versions: what clients delete, and what was to be kept until now.

What a job or a prediction uses that has not ended stays, as does a version that an alias points to.
"""

from datetime import datetime

from sqlalchemy import Connection, Select, and_, delete, select, tuple_

from service.errors import Conflict
from service.store import changes
from service.store.models import find_version, number_of
from service.store.records import ENDED
from service.store.tables import jobs, model_aliases, model_versions, models, predictions


def delete_version(connection: Connection, name: str, wanted: int | str) -> None:
    """Delete a version, given by its number or an alias; raise `Conflict` while an alias points to it."""
    connection.execute(select(models.c.number).where(models.c.name == name).with_for_update())
    version = find_version(connection, name, wanted).version
    number = number_of(connection, name)
    held = select(model_aliases.c.name).where(model_aliases.c.model == number, model_aliases.c.version == version)
    aliases = ", ".join(f"`{alias}`" for alias in connection.execute(held.order_by(model_aliases.c.name)).scalars())
    if aliases:
        raise Conflict(f"version {version} of model `{name}` is in use by alias {aliases}: move or delete it first")
    check_unused(connection, name, version)
    connection.execute(
        delete(model_versions).where(model_versions.c.model == number, model_versions.c.version == version)
    )
    changes.announce(connection, changes.MODELS)


def delete_expired_versions(connection: Connection, moment: datetime) -> int:
    """Delete versions that were to be kept until before a moment; return how many.

    Those that an alias points to stay, and those that a prediction uses which has not ended.
    """
    pointing = select(model_aliases.c.version).where(
        model_aliases.c.model == model_versions.c.model, model_aliases.c.version == model_versions.c.version
    )
    wanted = (model_versions.c.keep_until < moment, ~pointing.exists(), ~_in_use().exists())
    found = select(model_versions.c.model, model_versions.c.version).where(*wanted)
    locked = [tuple(row) for row in connection.execute(found.with_for_update(skip_locked=True, of=model_versions))]
    # asked again with the rows locked: a prediction may have been submitted since the first query began
    mine = tuple_(model_versions.c.model, model_versions.c.version).in_(locked)
    count: int = connection.execute(delete(model_versions).where(mine, *wanted)).rowcount if locked else 0
    if count:
        changes.announce(connection, changes.MODELS)
    return count


def check_unused(connection: Connection, name: str, version: int | None = None) -> None:
    """Raise `Conflict` when a prediction that has not ended uses a version of a model, or any where none is given."""
    ended = [status.value for status in ENDED]
    uses = select(predictions.c.id).where(predictions.c.model_name == name, predictions.c.status.not_in(ended))
    if version is not None:
        uses = uses.where(predictions.c.model_version == version)
    prediction = connection.execute(uses.limit(1)).scalar()
    if prediction is not None:
        which = f"model `{name}`" if version is None else f"version {version} of model `{name}`"
        raise Conflict(f"{which} is in use by {prediction}, which has not ended")


def _in_use() -> Select[int]:
    """Return a query, for a row of `model_versions`, of the predictions that have not ended and use the version."""
    used = (predictions.c.model_name == models.c.name, predictions.c.tenant == models.c.tenant)
    mine = (models.c.number == model_versions.c.model, predictions.c.model_version == model_versions.c.version)
    unended = predictions.c.status.not_in([status.value for status in ENDED])
    return select(predictions.c.number).join(models, and_(*used)).where(*mine, unended).correlate(model_versions)


def delete_model(connection: Connection, name: str) -> None:
    connection.execute(select(models.c.number).where(models.c.name == name).with_for_update())
    number = number_of(connection, name)
    active = (
        select(jobs.c.id)
        .where(jobs.c.model_name == name, jobs.c.status.not_in([status.value for status in ENDED]))
        .limit(1)
    )
    job = connection.execute(active).scalar()
    if job is not None:
        raise Conflict(f"model `{name}` is in use by {job}, which has not ended")
    check_unused(connection, name)
    connection.execute(delete(models).where(models.c.number == number))
    changes.announce(connection, changes.MODELS)
