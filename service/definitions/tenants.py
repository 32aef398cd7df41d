"""What clients may send about tenants."""

from service.definitions.base import Model, Name


class TenantRequest(Model):
    """A new tenant."""

    name: Name
