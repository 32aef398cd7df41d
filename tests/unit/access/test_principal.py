"""What a principal may do."""

from dataclasses import replace

from service.access.principal import ANYBODY, DEFAULT_TENANT, Principal, Scope


def test_admin_includes_every_scope_and_no_other_scope_includes_another() -> None:
    assert all(ANYBODY.may(scope) for scope in Scope)
    for scope in set(Scope) - {Scope.ADMIN}:
        only = Principal(DEFAULT_TENANT, "default", frozenset({scope}))
        assert [other for other in Scope if only.may(other)] == [scope]


def test_the_admin_of_the_default_tenant_alone_is_the_operator() -> None:
    assert ANYBODY.is_operator
    assert not replace(ANYBODY, tenant=2, tenant_name="class").is_operator
    assert not replace(ANYBODY, scopes=frozenset({Scope.READ, Scope.TRAIN, Scope.PREDICT})).is_operator
