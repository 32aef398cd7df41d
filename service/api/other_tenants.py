"""`?tenant=`, by which the operator asks for what another tenant has."""

from service.api.authorization import check_operator
from service.api.context import all_services, principal, services
from service.api.routes import TEXT, Query
from service.services import Services
from service.store import tenants

TENANT = Query("tenant", TEXT, "of another tenant; for the operator alone")


def services_of_tenant(name: str | None) -> Services:
    """Return the services of a tenant: one's own, or for the operator any."""
    if name is None or name == principal().tenant_name:
        return services()
    check_operator()
    with all_services().database.read() as connection:
        number = tenants.number_of(connection, name)
    return services().scoped(number)
