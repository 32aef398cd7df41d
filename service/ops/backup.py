"""`backprop backup` and `restore`: the embedded data folder as one file, written while the service runs.

The file is a tar archive of `format.json`, `backprop.sqlite3` and `blobs/`. It holds no messages, as workers look for
jobs without them.
"""

import hashlib
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from service.config import Settings
from service.errors import Damaged, Misconfigured
from service.ops.embedded import check_format
from service.store.blobs.folder import FolderBlobs, out_of_space, sha256_of
from service.store.database import Database
from service.store.migrate import check_not_newer

DATABASE = "backprop.sqlite3"
TRIES = 10


def back_up(settings: Settings, target: Path) -> int:
    """Write a consistent copy of the data folder to a new file; return its size in bytes."""
    if settings.database_url:
        raise Misconfigured("this backs up the embedded database; use your database's own tool, then copy `blobs`")
    source = settings.data_dir.absolute()
    if not (source / DATABASE).exists():
        raise Misconfigured(f"there is no {DATABASE} in {source}")
    if target.exists():
        raise Misconfigured(f"{target} is there already; choose another name")
    partial = target.with_name(target.name + ".partial")
    try:
        with out_of_space(), tempfile.TemporaryDirectory(dir=source, prefix="backup-") as folder:
            _gather(source, Path(folder))
            _pack(Path(folder), partial)
            partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def _gather(source: Path, folder: Path) -> None:
    """Copy a consistent state of the database, and link the blobs that it refers to.

    A running job deletes blobs. So all are linked first, which preserves them, then the database is copied. A blob that
    was both added and deleted in between is missing; both steps are then repeated.
    """
    blobs = FolderBlobs(source / "blobs")
    links = FolderBlobs(folder / "blobs")
    for _ in range(TRIES):
        _link(blobs, links, blobs.addresses())
        _copy_database(source / DATABASE, folder / DATABASE)
        wanted = set(addresses_in(folder / DATABASE))
        _link(blobs, links, wanted)
        there = set(links.addresses())
        if wanted <= there:
            for address in there - wanted:
                links.delete(address)
            shutil.copy(source / "format.json", folder)
            return
    raise Damaged("blobs that the database points to are missing in the data folder")


def _link(blobs: FolderBlobs, links: FolderBlobs, addresses: Iterable[str]) -> None:
    for address in addresses:
        link = links.path(address)
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(blobs.path(address), link)
            except FileNotFoundError:
                continue  # deleted meanwhile
            except OSError:  # a filesystem without links
                shutil.copy(blobs.path(address), link)


def _copy_database(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as running, closing(sqlite3.connect(target)) as copy:
        running.backup(copy)


def addresses_in(database: Path) -> list[str]:
    """Return the addresses of the blobs that rows refer to, in a database of this release or an older one.

    Which tables have addresses differs between releases, so the database is asked for those that have such a column.
    """
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute(
            "SELECT printf('\"%w\"', m.name) FROM sqlite_master m JOIN pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND c.name = 'address' ORDER BY m.name"
        ).fetchall()
        union = " UNION ".join(f"SELECT address FROM {name} WHERE address IS NOT NULL" for (name,) in tables)  # noqa: S608 - quoted
        return [address for (address,) in connection.execute(union)]


def _pack(folder: Path, target: Path) -> None:
    with target.open("xb") as stream:
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name in ("format.json", DATABASE, "blobs"):
                if (folder / name).exists():
                    archive.add(folder / name, name)
        stream.flush()
        os.fsync(stream.fileno())


def restore(settings: Settings, source: Path) -> None:
    """Create the data folder from a backup; the folder must not exist or be empty."""
    target = settings.data_dir.absolute()
    if target.exists() and any(target.iterdir()):
        raise Misconfigured(f"{target} is not empty; restore into another --data-dir")
    target.parent.mkdir(parents=True, exist_ok=True)
    with out_of_space(), tempfile.TemporaryDirectory(dir=target.parent, prefix="restore-") as name:
        folder = Path(name) / "data"
        folder.mkdir()
        try:
            with tarfile.open(source) as archive:
                _unpack(archive, folder)
        except (OSError, tarfile.TarError) as error:
            raise Misconfigured(f"{source} cannot be read: {error}") from None
        check(folder)
        if target.exists():
            target.rmdir()
        folder.replace(target)


def _unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Write the files of a backup; refuse anything else: links, and paths outside of `folder`."""
    for member in archive:
        if member.isdir():
            continue
        stream = archive.extractfile(member) if member.isreg() and _is_ours(member.name) else None
        if stream is None:
            raise Misconfigured(f"that is no backup: it holds {member.name!r}")
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with stream, path.open("xb") as written:
            shutil.copyfileobj(stream, written)


def _is_ours(name: str) -> bool:
    if name in ("format.json", DATABASE):
        return True
    blobs, path = FolderBlobs(Path("blobs")), Path(name)
    # the name itself is compared: a path has no `//` or `.` any more
    return path.is_relative_to(blobs.root) and str(path) == name and blobs.address_of(path) is not None


def check(folder: Path) -> None:
    """Raise unless a data folder is intact: known format and schema, sound database, every blob unchanged."""
    if not (folder / DATABASE).exists() or not (folder / "format.json").exists():
        raise Misconfigured("that is no backup: its database or format is missing")
    check_format(folder)
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        try:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            found = str(error)
    if found != "ok":
        raise Damaged(f"the backup's database is damaged: {found}")
    database = Database(f"sqlite:///{folder / DATABASE}")
    check_not_newer(database)
    database.dispose()
    blobs = FolderBlobs(folder / "blobs")
    for address in addresses_in(folder / DATABASE):
        _check_blob(blobs.path(address), address)


def _check_blob(path: Path, address: str) -> None:
    if not path.exists():
        raise Damaged(f"the bytes with SHA-256 {address} are missing in the backup")
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != sha256_of(address):
            raise Damaged(f"stored bytes are damaged: their SHA-256 is no longer {address}")
