"""`backprop tenants`: tenants are made, listed and deleted on the machine of the service."""

import argparse
from dataclasses import fields

from service.access import tenants as work
from service.config import Settings
from service.definitions.limits import Limits, LimitsRequest
from service.definitions.tenants import TenantRequest
from service.definitions.validation import check
from service.errors import Misconfigured
from service.ops.resource_commands import AddFlag, Command, add_actions, opened
from service.store import limits, tenants
from service.store.records import Page

MOST = 1000


def register(command: Command, add: AddFlag) -> None:
    """Add the commands; `command` makes one of `backprop`, `add` gives a parser the flag of a setting."""
    action = add_actions(command, add, "tenants", "make, limit, list and delete tenants")

    action("create", _create, "make a tenant").add_argument("name", help="letters, digits and . _ -")
    action("list", _list, "list the tenants, newest first")
    limit = action("limit", _limit, "change a tenant's limits, `none` for no limit and `default` for the service's")
    limit.add_argument("name", help="as `backprop tenants list` shows it")
    limit.add_argument("--weight", help="its share of the workers, 1 by default")
    for each in fields(Limits):
        limit.add_argument(f"--{each.name.replace('_', '-')}", metavar="LIMIT")
    delete = action("delete", _delete, "delete a tenant")
    delete.add_argument("name", help="as `backprop tenants list` shows it")
    delete.add_argument(
        "--purge", action="store_true", help="also all its jobs, data, models and keys, once its jobs have stopped"
    )


def _create(settings: Settings, options: argparse.Namespace) -> int:
    name = check(TenantRequest, {"name": options.name}).name
    with opened(settings) as services, services.database.begin() as connection:
        tenants.add_tenant(connection, name)
    print(f"tenant {name} is made; `backprop keys create --tenant {name} --scopes ...` makes a key for it")
    return 0


def _list(settings: Settings, _: argparse.Namespace) -> int:
    with opened(settings) as services, services.database.read() as connection:
        found = tenants.list_tenants(connection, Page(MOST))
    for tenant in found.data:
        print(f"{tenant.name:<32}  since {tenant.created_at.isoformat(sep=' ', timespec='minutes')}")
    if found.has_more:
        print(f"the newest {MOST:,} tenants; `GET /v1/tenants` lists all")
    return 0


def _limit(settings: Settings, options: argparse.Namespace) -> int:
    words = {name: value for name in LimitsRequest.model_fields if (value := getattr(options, name)) is not None}
    if not words:
        raise Misconfigured("give at least one limit, such as --requests-per-second 10")
    body = check(LimitsRequest, {name: _number(name, word) for name, word in words.items()})
    with opened(settings) as services, services.database.begin() as connection:
        number = tenants.number_of(connection, options.name)
        limits.change(connection, number, body.changes(), body.weight)
        own = limits.own_limits(connection, number)
        weight = limits.weight_of(connection, number)
    print(f"tenant {options.name}: weight {weight:g}")
    for name, value in Limits.of(settings, own).to_dict().items():
        print(f"  {name:<24}{value or 'none':>16}{'' if name in own else '  (default)'}")
    return 0


def _number(name: str, word: str) -> float | int | None:
    if word in ("none", "default"):
        return 0 if word == "none" else None
    try:
        return int(word) if word.lstrip("-").isdigit() else float(word)
    except ValueError:
        flag = name.replace("_", "-")
        raise Misconfigured(f"--{flag} must be a number, `none` or `default`, got {word[:40]!r}") from None


def _delete(settings: Settings, options: argparse.Namespace) -> int:
    with opened(settings) as services:
        work.delete(services, options.name, options.purge)
    print(f"tenant {options.name} is deleted" + (" with all that it had" if options.purge else ""))
    return 0
