"""Who makes a request, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum

from service.store.tenancy import DEFAULT_TENANT, DEFAULT_TENANT_NAME


class Scope(StrEnum):
    """What a key may do; an operation of the API needs one of them."""

    READ = "read"  # everything that changes nothing, but for predictions
    PREDICT = "predict"  # predictions alone
    TRAIN = "train"  # everything that makes, changes or deletes networks, datasets, jobs and models
    ADMIN = "admin"  # all of these, and the keys, limits and records of changes of its tenant


@dataclass(frozen=True)
class Principal:
    """Who makes a request: a key, or anybody where no key is asked for.

    A restriction that is None does not restrict: to some `models`, to pages of some `origins`, to reading one `job`.
    """

    tenant: int
    tenant_name: str
    scopes: frozenset[Scope]
    key_id: str | None = None
    models: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None
    job: str | None = None

    def may(self, scope: Scope) -> bool:
        """Return whether this principal has a scope; `admin` includes all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def is_operator(self) -> bool:
        """Whether this is an admin of the tenant `default`, who alone sees all tenants and the service itself."""
        return self.tenant == DEFAULT_TENANT and Scope.ADMIN in self.scopes


ANYBODY = Principal(DEFAULT_TENANT, DEFAULT_TENANT_NAME, frozenset({Scope.ADMIN}))  # where no key is asked for
