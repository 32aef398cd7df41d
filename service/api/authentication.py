"""Finds out who makes a request, before anything else of it is read."""

from flask import g

from service.access.principal import ANYBODY, Scope
from service.api.context import principal
from service.errors import Forbidden


def identify() -> None:
    """Set who makes this request, or refuse it."""
    g.principal = ANYBODY


def check_operator() -> None:
    """Raise `Forbidden` unless the operator makes this request."""
    if not principal().is_operator:
        raise Forbidden("only the operator may do this: an admin of the tenant `default`")


def check_scope(scope: Scope) -> None:
    """Raise `Forbidden` unless whoever makes this request has a scope."""
    if not principal().may(scope):
        raise Forbidden(f"this key lacks the scope `{scope}`; an admin of its tenant can make a key that has it")
