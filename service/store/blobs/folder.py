"""Large byte strings in a folder, named by their SHA-256: written, flushed to disk, renamed, only then spoken of."""

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
from pathlib import Path
from typing import BinaryIO

from service.errors import OutOfSpace, ServiceError

ADDRESS = re.compile(r"[0-9a-f]{64}")
BLOCK_BYTES = 1024 * 1024
TOGETHER = 100  # addresses that are asked about at once: whoever answers may hold up others meanwhile

Referenced = Callable[[Sequence[str]], AbstractContextManager[set[str]]]


class FolderBlobs:
    """A folder of blobs; an address is the SHA-256 of the bytes, in hex, and never part of a path unchecked."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def free_bytes(self) -> int:
        """What is free on the disk."""
        folder = next(path for path in (self.root, *self.root.parents) if path.exists())
        return shutil.disk_usage(folder).free

    def check_space(self, least: int) -> None:
        """Raise `OutOfSpace` when fewer bytes than that are free."""
        if self.free_bytes() < least:
            raise OutOfSpace(f"fewer than {least:,} bytes are free on the disk; nothing was stored")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """The name of a file that does not outlive the block, in the blobs' own filesystem."""
        with out_of_space():
            folder = self.root / "scratch"
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as name:
                yield Path(name) / "file"

    def put(self, data: bytes) -> str:
        """Store bytes; the address. The same bytes twice are stored once."""
        with self.scratch() as path:
            with path.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            address = hashlib.sha256(data).hexdigest()
            self.adopt(path, address)
            return address

    def put_written(self, write: Callable[[BinaryIO], None]) -> str:
        """Store what `write` writes into a file, which need not be in memory as a whole; the address."""
        with self.scratch() as path:
            with path.open("wb") as stream:
                write(stream)
            address = self.prepare(path)
            self.adopt(path, address)
            return address

    def prepare(self, path: Path) -> str:
        """The address a file will have, its bytes safe on disk: the slow part, to be done outside a transaction."""
        with out_of_space(), path.open("rb") as stream:
            digest = hashlib.sha256()
            while block := stream.read(BLOCK_BYTES):
                digest.update(block)
            os.fsync(stream.fileno())
            return digest.hexdigest()

    def adopt(self, path: Path, address: str) -> None:
        """Rename a prepared file to its address: the quick part."""
        with out_of_space():
            target = self.path(address)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.utime(path)  # young, so that the collector leaves it alone until it is spoken of
            path.replace(target)
            _sync_folder(target.parent)

    def touch(self, address: str) -> bool:
        """Make it as young as if it were stored now; whether it is there."""
        try:
            os.utime(self.path(address))
        except FileNotFoundError:
            return False
        return True

    def get(self, address: str) -> bytes:
        return self.path(address).read_bytes()

    def path(self, address: str) -> Path:
        """Where the bytes lie, for mapping them into memory."""
        if not ADDRESS.fullmatch(address):
            raise ServiceError("that is not a blob's address")
        return self.root / address[:2] / address

    def addresses(self) -> Iterator[str]:
        """All that are there."""
        return (path.name for path in self.root.glob("??/*") if ADDRESS.fullmatch(path.name))

    def delete(self, address: str) -> None:
        """Remove it; one that is gone already is no matter."""
        self.path(address).unlink(missing_ok=True)

    def remove(self, addresses: Sequence[str], referenced: Referenced, before: float = math.inf) -> int:
        """Remove those that nothing points to, as `referenced` says, and that were stored before a moment; how many."""
        gone = 0
        with referenced(addresses) as stay:
            looked = min(before, time.time())
            for address in addresses:
                # one that is young was touched since: the look is void where this process stood still and lost its lock
                if address not in stay and _is_older(self.path(address), looked):
                    self.delete(address)
                    gone += 1
        return gone

    def collect(self, referenced: Referenced, older_than_seconds: float = 3600) -> int:
        """Remove what nothing points to and was not stored lately; how many. Asks `referenced` about some at a time."""
        before = time.time() - older_than_seconds
        old = [address for address in self.addresses() if _is_older(self.path(address), before)]
        removed = sum(
            self.remove(old[start : start + TOGETHER], referenced, before) for start in range(0, len(old), TOGETHER)
        )
        self._collect_scratch(before)
        return removed

    def _collect_scratch(self, before: float) -> None:
        """Remove the files of processes that were killed while they wrote: nothing has grown there since `before`."""
        for folder in (self.root / "scratch").glob("*"):
            if not any(path.exists() and not _is_older(path, before) for path in (folder, *folder.glob("*"))):
                shutil.rmtree(folder, ignore_errors=True)


def _is_older(path: Path, moment: float) -> bool:
    """Whether a file was last stored before a moment; one that is gone is not."""
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
    """A full disk as `OutOfSpace`; every other failure as it is."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutOfSpace("the disk is full; nothing was stored") from error
        raise
