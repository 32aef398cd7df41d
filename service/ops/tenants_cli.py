"""`backprop tenants`: tenants are made, listed and deleted on the machine of the service."""

import argparse
from collections.abc import Callable
from typing import Any

from service.access import tenants as work
from service.config import Settings
from service.definitions.tenants import TenantRequest
from service.definitions.validation import check
from service.ops.opened import opened
from service.store import tenants
from service.store.records import Page

MOST = 1000
Run = Callable[[Settings, argparse.Namespace], int]


def register(command: Callable[..., argparse.ArgumentParser], add: Callable[..., Any]) -> None:
    """Add the commands; `command` makes one of `backprop`, `add` gives a parser the flag of a setting."""
    parser = command("tenants", _no_command, "make, list and delete tenants")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        add(made, "data-dir")
        return made

    action("create", _create, "make a tenant").add_argument("name", help="letters, digits and . _ -")
    action("list", _list, "list the tenants, newest first")
    delete = action("delete", _delete, "delete a tenant")
    delete.add_argument("name", help="as `backprop tenants list` shows it")
    delete.add_argument(
        "--purge", action="store_true", help="also all its jobs, data, models and keys, once its jobs have stopped"
    )


def _no_command(_: Settings, __: argparse.Namespace) -> int:
    raise AssertionError("argparse requires an action")


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


def _delete(settings: Settings, options: argparse.Namespace) -> int:
    with opened(settings) as services:
        work.delete(services, options.name, options.purge)
    print(f"tenant {options.name} is deleted" + (" with all that it had" if options.purge else ""))
    return 0
