"""Grants: which models of a tenant another tenant may describe and predict with.

A grant is found from either side: by the model's tenant, and, across tenants, by the one that it is made to.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from service.errors import Conflict, NotFound
from service.store import changes
from service.store.model_records import GrantedModel, GrantRecord
from service.store.models import number_of
from service.store.records import Listing, Page, TenantRecord
from service.store.tables import grants, models, tenants
from service.store.tenancy import everyone


def add_grant(connection: Connection, model: str, tenant: TenantRecord) -> tuple[GrantRecord, bool]:
    """Let a tenant predict with a model of the tenant in scope; return the grant, and whether it is new.

    Raises
    ------
    NotFound
        When there is no such model.
    Conflict
        When the model is that tenant's own.
    """
    number = number_of(connection, model)
    owner = connection.execute(select(models.c.tenant).where(models.c.number == number)).scalar_one()
    if tenant.number == owner:
        raise Conflict(f"model `{model}` is one of tenant `{tenant.name}` itself, which needs no grant")
    there = grants.c.model == number, grants.c.grantee == tenant.number
    before: datetime | None = connection.execute(select(grants.c.created_at).where(*there)).scalar()
    if before is not None:
        return GrantRecord(tenant.name, before), False
    now = datetime.now(UTC)
    connection.execute(insert(grants).values(model=number, grantee=tenant.number, created_at=now))
    changes.announce(connection, changes.MODELS)
    return GrantRecord(tenant.name, now), True


def list_grants(connection: Connection, model: str) -> list[GrantRecord]:
    """Return the tenants that may predict with a model of the tenant in scope, by name."""
    query = select(tenants.c.name, grants.c.created_at).join(tenants, tenants.c.number == grants.c.grantee)
    query = query.where(grants.c.model == number_of(connection, model)).order_by(tenants.c.name)
    return [GrantRecord(*row) for row in connection.execute(query)]


def delete_grant(connection: Connection, model: str, grantee: str) -> None:
    number = number_of(connection, model)
    tenant = select(tenants.c.number).where(tenants.c.name == grantee).scalar_subquery()
    if connection.execute(delete(grants).where(grants.c.model == number, grants.c.grantee == tenant)).rowcount == 0:
        raise NotFound(f"model `{model}` is not granted to a tenant named `{grantee}`")
    changes.announce(connection, changes.MODELS)


GRANTED = (
    select(models.c.number, models.c.name, models.c.tenant, tenants.c.name.label("owner"))
    .select_from(
        grants.join(models, models.c.number == grants.c.model).join(tenants, tenants.c.number == models.c.tenant)
    )
    .where(grants.c.grantee == bindparam("grantee"))
)


def find_granted(connection: Connection, owner: str, model: str, grantee: int) -> GrantedModel:
    """Return a model that its owner has granted to a tenant; `NotFound` when it has not, for whatever reason."""
    query = GRANTED.where(tenants.c.name == owner, models.c.name == model)
    with everyone(connection):
        row = connection.execute(query, {"grantee": grantee}).one_or_none()
    if row is None:
        raise NotFound(f"no tenant `{owner}` lets this one predict with a model named `{model}`")
    return GrantedModel(*row)


def list_granted(connection: Connection, grantee: int, page: Page) -> Listing[GrantedModel]:
    """Return a page of the models that other tenants have granted to a tenant, newest first."""
    query, position = GRANTED.order_by(models.c.number.desc()).limit(page.limit + 1), page.position
    if page.after is not None:
        owner, _, name = page.after.partition("/")
        position = find_granted(connection, owner, name, grantee).number
    if position is not None:
        query = query.where(models.c.number < position)
    with everyone(connection):
        rows = connection.execute(query, {"grantee": grantee}).all()
    return Listing(tuple(GrantedModel(*row) for row in rows[: page.limit]), len(rows) > page.limit)
