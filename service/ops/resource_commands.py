"""What `backprop keys` and `backprop tenants` share: a command of several actions, and the service's resources."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from service.config import Settings
from service.services import Services, open_services
from service.store.migrate import check_current, migrate

Run = Callable[[Settings, argparse.Namespace], int]
Command = Callable[..., argparse.ArgumentParser]
AddFlag = Callable[..., Any]
AddAction = Callable[[str, Run, str], argparse.ArgumentParser]


def add_actions(command: Command, add_flag: AddFlag, name: str, text: str) -> AddAction:
    """Add a command of `backprop` that has actions; return what adds one of these, with the flag of the data folder."""
    actions = command(name, _no_action, text).add_subparsers(dest="action", required=True, metavar="ACTION")

    def add_action(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        add_flag(made, "data-dir")
        return made

    return add_action


def _no_action(_: Settings, __: argparse.Namespace) -> int:
    raise AssertionError("argparse requires an action")


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """Open the service's resources; an embedded database is made if need be, as `backprop serve` would make it."""
    services = open_services(settings)
    try:
        if services.database.is_sqlite:
            migrate(services.database)
        check_current(services.database)
        yield services
    finally:
        services.database.dispose()
