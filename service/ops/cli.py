"""The `backprop` command. An error that the user can correct is printed as one line, with exit code 2."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from service import __version__, config, logs
from service.config import Settings, read_settings
from service.errors import ServiceError
from service.ops import client_cli, export_cli, keys_cli, tenants_cli

FLAGS: dict[str, tuple[type, str]] = {
    "host": (str, "address to listen on"),
    "port": (int, "port to listen on"),
    "data-dir": (Path, "folder for everything that is stored"),
    "workers": (int, "jobs trained at once"),
    "api-processes": (int, "processes that answer requests"),
}


log = logging.getLogger("backprop")


class OneLineParser(argparse.ArgumentParser):
    """A parser that reports a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {logs.escaped(message)}; `{self.prog} --help` lists what there is\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    if options.run is None:
        return _of_client(options)
    flags = {name: getattr(options, name, None) for name in config.FLAGS}
    form = logs.FORMATS[0]
    try:
        settings = read_settings(os.environ, **flags)
        form = settings.log_format
        logs.configure(settings.log_level, form)
        code = int(options.run(settings, options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        return _unread()
    except ServiceError as error:
        _report(f"backprop {options.command}: {error.detail}", form)
        return 2


def _of_client(options: argparse.Namespace) -> int:
    """Run a command that talks to a service by HTTP, for which the settings of a service here do not count."""
    try:
        code = client_cli.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        return _unread()


def _unread() -> int:
    """Let what is left of the output go nowhere, as who read it, such as `head`, has ended; return the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def _report(mistake: str, form: str) -> None:
    """Report a mistake in one line, as JSON where the log is JSON."""
    if form == "json":
        log.error(mistake)
    else:
        print(logs.escaped(mistake), file=sys.stderr)


def _say(words: str, settings: Settings) -> None:
    """Print a line about the service, or log it where all lines are JSON."""
    if settings.log_format == "json":
        log.info(words)
    else:
        print(f"backprop: {words}", flush=True)


def add_flag(parser: argparse.ArgumentParser, flag: str) -> None:
    """Add the flag of a setting to a command."""
    kind, text = FLAGS[flag]
    parser.add_argument(f"--{flag}", type=kind, help=text)


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="backprop", description="Train neural networks over HTTP.")
    parser.add_argument("--version", action="version", version=f"backprop {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str, *flags: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        for flag in flags:
            add_flag(made, flag)
        return made

    all_in_one = "everything in one: migrations, queue server, API and workers"
    command("serve", _serve, all_in_one, "host", "port", "data-dir", "workers", "api-processes")
    command("api", _api, "the HTTP server alone", "host", "port", "data-dir", "api-processes")
    command("worker", _worker, "one worker alone", "data-dir", "workers")
    command("migrate", _migrate, "bring the database to this release's schema", "data-dir")
    doctor = "what is configured, what answers, and how to mend what does not"
    command("doctor", _doctor, doctor, "host", "port", "data-dir")
    shown = "train XOR and a reader of handwritten digits over HTTP"
    demo = command("demo", _demo, shown, "port", "data-dir", "workers")
    demo.add_argument("--keep", action="store_true", help="leave the service up afterwards")
    backup = command("backup", _backup, "write the embedded data folder to one file, also while it serves", "data-dir")
    backup.add_argument("file", type=Path, help="a new file")
    restore = command("restore", _restore, "make a data folder of such a file", "data-dir")
    restore.add_argument("file", type=Path, help="what `backup` wrote")
    keys_cli.register(command, add_flag)
    tenants_cli.register(command, add_flag)
    export_cli.register(command)
    client_cli.register(command)
    return parser


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    from service.ops.listening import settled, url_of
    from service.ops.supervisor import running

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = settled(settings)
    with running(settings) as state:
        _say(f"{url_of(settings)}, data in {settings.data_dir.absolute()}", settings)
        state.wait(stop)
        _say("stopping", settings)
    return 0


def _api(settings: Settings, _: argparse.Namespace) -> int:
    from service.access.opening import check_open
    from service.ops.api import run_api
    from service.ops.embedded import make_folder
    from service.ops.listening import settled, url_of
    from service.ops.request_metrics import FOLDER, shared_folder
    from service.store.database import Database

    has_port = settings.port != 0
    settings = settled(settings)
    make_folder(settings.data_dir)
    database = Database(settings.resolved_database_url)
    check_open(settings, database)
    database.dispose()  # before the server forks its processes
    if not has_port:
        _say(url_of(settings), settings)
    with shared_folder(settings) as folder:
        os.environ[FOLDER] = str(folder)
        run_api(settings)
    return 0


def _worker(settings: Settings, _: argparse.Namespace) -> int:
    from service.ops.embedded import make_folder
    from service.ops.supervisor import environment_of

    make_folder(settings.data_dir)
    # a new interpreter, as BLAS reads its number of threads when it is loaded
    os.execve(sys.executable, [sys.executable, "-m", "workers"], environment_of(settings, settings.queue_url))


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from service.store.connecting import check_connects
    from service.store.database import Database
    from service.store.migrate import current_revision, migrate

    database = Database(settings.resolved_database_url)
    check_connects(database)
    migrate(database)
    print(f"the database is at schema {current_revision(database)}")
    return 0


def _doctor(settings: Settings, _: argparse.Namespace) -> int:
    from service.ops.doctor import examine

    return examine(settings)


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    from service.ops.backup import back_up

    size = back_up(settings, options.file)
    print(f"{options.file} holds {settings.data_dir.absolute()}: {size:,} bytes")
    return 0


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    from service.ops.backup import restore

    restore(settings, options.file)
    folder = settings.data_dir.absolute()
    print(f"{folder} is what {options.file} holds; `backprop serve --data-dir {folder}` goes on from there")
    return 0


def _demo(settings: Settings, options: argparse.Namespace) -> int:
    from service.ops.demo import run_demo

    return run_demo(settings, keep=options.keep)


if __name__ == "__main__":
    sys.exit(main())
