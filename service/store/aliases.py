"""Aliases: names for versions within a model, moved from one version to another."""

from sqlalchemy import Connection, select

from service.store.tables import model_aliases, models


def aliases_of(connection: Connection, model: str, version: int) -> list[str]:
    """Return the names of the aliases of a version of a model."""
    query = select(model_aliases.c.name).join(models, models.c.number == model_aliases.c.model)
    query = query.where(models.c.name == model, model_aliases.c.version == version).order_by(model_aliases.c.name)
    return list(connection.execute(query).scalars())
