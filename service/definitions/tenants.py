"""What clients may send about tenants."""

from service.definitions.base import Model, Name


class TenantRequest(Model):
    """A new tenant."""

    name: Name


class GrantRequest(Model):
    """Who may describe a model and predict with it, besides the tenant that trained it."""

    tenant: Name
