"""Large byte strings as files of a folder, named by their SHA-256 and, in a folder for each, by their tenant.

A file is written, synchronized to disk and renamed before any row refers to it.
"""

import errno
import hashlib
import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from service.errors import OutOfSpace, ServiceError
from service.store.tenancy import DEFAULT_TENANT

ADDRESS = re.compile(r"(?:(?P<tenant>[1-9][0-9]{0,18})/)?(?P<sha256>[0-9a-f]{64})")
TENANTS = "tenants"  # the folder of those of other tenants than `default`
BLOCK_BYTES = 1024 * 1024
TOGETHER = 100  # addresses checked at once: `referenced` holds a lock that other transactions wait for

Referenced = Callable[[Sequence[str]], AbstractContextManager[set[str]]]


def sha256_of(address: str) -> str:
    """Return the SHA-256 of the bytes at an address."""
    return address.rpartition("/")[2]


class FolderBlobs:
    """A folder of blobs, for one tenant or for all.

    An address is the SHA-256 of the bytes in hex, behind the tenant's number and a slash for other tenants than
    `default`, so that equal bytes are stored once for each tenant. It is validated before it enters a path.
    """

    def __init__(self, root: Path, tenant: int | None = None) -> None:
        self.root, self.tenant = root, tenant

    def scoped(self, tenant: int) -> "FolderBlobs":
        """Return the folder as one tenant sees it: what it stores has an address of its own, others' are refused."""
        return FolderBlobs(self.root, tenant)

    def _address(self, sha256: str) -> str:
        if self.tenant is None:
            raise ServiceError("a blob is to be stored for a tenant, but this folder is that of all")
        return sha256 if self.tenant == DEFAULT_TENANT else f"{self.tenant}/{sha256}"

    def free_bytes(self) -> int:
        """Return the number of bytes free on the disk."""
        folder = next(path for path in (self.root, *self.root.parents) if path.exists())
        return shutil.disk_usage(folder).free

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield the path of a temporary file in the blobs' filesystem, which is removed at the end of the block."""
        with out_of_space():
            folder = self.root / "scratch"
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as name:
                yield Path(name) / "file"

    def put(self, data: bytes) -> str:
        """Store bytes and return their address; equal bytes are stored once."""
        with self.scratch() as path:
            with path.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            address = self._address(hashlib.sha256(data).hexdigest())
            self.adopt(path, address)
            return address

    def put_written(self, write: Callable[[BinaryIO], None]) -> str:
        """Store what `write` writes into a file and return its address; the bytes need not fit in memory."""
        with self.scratch() as path:
            with path.open("wb") as stream:
                write(stream)
            address = self.prepare(path)
            self.adopt(path, address)
            return address

    def prepare(self, path: Path) -> str:
        """Hash a file, synchronize it to disk and return the address it will have.

        This is the slow part of storing a file; do it outside a transaction.
        """
        with out_of_space(), path.open("rb") as stream:
            digest = hashlib.sha256()
            while block := stream.read(BLOCK_BYTES):
                digest.update(block)
            os.fsync(stream.fileno())
            return self._address(digest.hexdigest())

    def adopt(self, path: Path, address: str) -> None:
        """Rename a prepared file to its address. This is fast enough for a transaction."""
        with out_of_space():
            target = self.path(address)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.utime(path)  # a fresh time, so that `collect` leaves the file alone until a row refers to it
            path.replace(target)
            _sync_folder(target.parent)

    def touch(self, address: str) -> bool:
        """Set a blob's modification time to now; return whether the blob exists."""
        try:
            os.utime(self.path(address))
        except FileNotFoundError:
            return False
        return True

    def get(self, address: str) -> bytes:
        return self.path(address).read_bytes()

    def path(self, address: str) -> Path:
        """Return the path of a blob, for example to map it into memory."""
        found = ADDRESS.fullmatch(address)
        if found is None:
            raise ServiceError("that is not a blob's address")
        if self.tenant not in (None, int(found["tenant"] or DEFAULT_TENANT)):
            raise ServiceError("that is the address of a blob of another tenant")
        return self._path(address)

    def _path(self, address: str) -> Path:
        tenant, _, sha256 = address.rpartition("/")
        folder = self.root / TENANTS / tenant if tenant else self.root
        return folder / sha256[:2] / sha256

    def address_of(self, path: Path) -> str | None:
        """Return the address whose blob has this path; None for a path that is no blob's."""
        folders = path.relative_to(self.root).parts[:-1]
        address = path.name if len(folders) < 3 else f"{folders[-2]}/{path.name}"
        return address if ADDRESS.fullmatch(address) and self._path(address) == path else None

    def addresses(self) -> Iterator[str]:
        """Yield the address of every blob, whatever its tenant."""
        paths = chain(self.root.glob("??/*"), self.root.glob(f"{TENANTS}/*/??/*"))
        return (address for address in map(self.address_of, paths) if address is not None)

    def remove_tenant(self, tenant: int) -> None:
        """Remove the blobs of a tenant other than `default`."""
        shutil.rmtree(self.root / TENANTS / str(tenant), ignore_errors=True)

    def delete(self, address: str) -> None:
        """Remove a blob; do nothing if there is none."""
        self.path(address).unlink(missing_ok=True)

    def remove(self, addresses: Sequence[str], referenced: Referenced, before: float = math.inf) -> int:
        """Remove blobs that no row points to; return how many were removed.

        Parameters
        ----------
        addresses
            The blobs to consider.
        referenced
            Returns a context manager that yields which of them rows point to, and locks out new references meanwhile.
        before
            Blobs stored or touched at this time (seconds since the epoch) or later are not removed.
        """
        removed = 0
        with referenced(addresses) as in_use:
            checked_at = min(before, time.time())
            for address in addresses:
                # a blob touched since the check may be in use: this process may have been frozen and lost its lock
                if address not in in_use and _is_older(self.path(address), checked_at):
                    self.delete(address)
                    removed += 1
        return removed

    def collect(self, referenced: Referenced, older_than_seconds: float = 3600) -> int:
        """Remove blobs that no row points to and that are older than a given age; return how many.

        `referenced` is called for `TOGETHER` addresses at a time.
        """
        before = time.time() - older_than_seconds
        old = [address for address in self.addresses() if _is_older(self.path(address), before)]
        removed = sum(
            self.remove(old[start : start + TOGETHER], referenced, before) for start in range(0, len(old), TOGETHER)
        )
        self._collect_scratch(before)
        return removed

    def _collect_scratch(self, before: float) -> None:
        """Remove temporary files not written to since `before`, which processes left that were killed."""
        for folder in (self.root / "scratch").glob("*"):
            if not any(path.exists() and not _is_older(path, before) for path in (folder, *folder.glob("*"))):
                shutil.rmtree(folder, ignore_errors=True)


def _is_older(path: Path, moment: float) -> bool:
    """Return whether a file was last modified before a moment; False for a file that does not exist."""
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def out_of_space() -> Iterator[None]:
    """Translate the failure of a full disk into `OutOfSpace`; raise every other one unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutOfSpace("the disk is full; nothing was stored") from error
        raise
