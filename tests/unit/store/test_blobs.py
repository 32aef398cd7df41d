"""Blobs: named by their hash, whole or not there, never a path of the caller's making."""

import errno
import hashlib
import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import pytest

from service.errors import OutOfSpace, ServiceError
from service.store.blobs.folder import TOGETHER, FolderBlobs, Referenced, out_of_space, sha256_of
from service.store.tenancy import DEFAULT_TENANT


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs", DEFAULT_TENANT)


def referring_to(*referenced: str) -> Referenced:
    """Answers the collector: these are pointed to, the others not."""
    return lambda _: nullcontext(set(referenced))


def test_an_address_is_the_hash_and_gives_the_bytes_back(blobs: FolderBlobs) -> None:
    address = blobs.put(b"some bytes")
    assert address == hashlib.sha256(b"some bytes").hexdigest()
    assert blobs.get(address) == b"some bytes"


def test_the_same_bytes_are_stored_once_and_nothing_is_left_behind(blobs: FolderBlobs) -> None:
    assert blobs.put(b"x") == blobs.put(b"x")
    assert len([path for path in blobs.root.rglob("*") if path.is_file()]) == 1
    assert list((blobs.root / "scratch").iterdir()) == []


def test_what_is_written_is_stored_as_its_bytes_would_be(blobs: FolderBlobs) -> None:
    def write(stream: BinaryIO) -> None:
        stream.write(b"some ?")
        stream.seek(5)
        stream.write(b"bytes")

    assert blobs.put_written(write) == blobs.put(b"some bytes")
    assert list((blobs.root / "scratch").iterdir()) == []


@pytest.mark.parametrize("address", ["../../etc/passwd", "", "a" * 63, "A" * 64, "a" * 64 + "\n", "a/" * 32])
def test_what_is_no_address_is_never_a_path(blobs: FolderBlobs, address: str) -> None:
    with pytest.raises(ServiceError):
        blobs.path(address)


def test_deleting_twice_is_no_matter(blobs: FolderBlobs) -> None:
    address = blobs.put(b"x")
    blobs.delete(address)
    blobs.delete(address)
    assert not blobs.path(address).exists()


def test_collecting_removes_old_orphans_only(blobs: FolderBlobs) -> None:
    referenced, orphan, young = blobs.put(b"referenced"), blobs.put(b"orphan"), blobs.put(b"young")
    for address in (referenced, orphan):
        os.utime(blobs.path(address), (0, 0))
    assert blobs.collect(referring_to(referenced)) == 1
    assert blobs.path(referenced).exists() and blobs.path(young).exists() and not blobs.path(orphan).exists()


def test_a_blob_put_again_counts_as_young(blobs: FolderBlobs) -> None:
    address = blobs.put(b"x")
    os.utime(blobs.path(address), (0, 0))
    blobs.put(b"x")
    assert blobs.collect(referring_to()) == 0


def test_a_blob_stored_anew_while_the_collector_asks_stays(blobs: FolderBlobs) -> None:
    address = blobs.put(b"x")
    os.utime(blobs.path(address), (0, 0))

    def referenced(_: Sequence[str]) -> nullcontext[set[str]]:
        assert blobs.touch(address)
        return nullcontext(set())

    assert blobs.collect(referenced) == 0
    assert blobs.get(address) == b"x"


def test_the_collector_asks_about_some_at_a_time(blobs: FolderBlobs) -> None:
    for index in range(TOGETHER + 1):
        os.utime(blobs.path(blobs.put(b"%d" % index)), (0, 0))
    asked: list[int] = []

    def referenced(addresses: Sequence[str]) -> nullcontext[set[str]]:
        asked.append(len(addresses))
        return nullcontext(set())

    assert blobs.collect(referenced) == TOGETHER + 1
    assert asked == [TOGETHER, 1]


def test_removing_at_once_asks_too(blobs: FolderBlobs) -> None:
    referenced, orphan = blobs.put(b"referenced"), blobs.put(b"orphan")
    assert blobs.remove([referenced, orphan], referring_to(referenced)) == 1
    assert blobs.touch(referenced) and not blobs.touch(orphan)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_out_of_space(number: int) -> None:
    with pytest.raises(OutOfSpace), out_of_space():
        raise OSError(number, "full")


def test_other_failures_pass_as_they_are() -> None:
    with pytest.raises(PermissionError), out_of_space():
        raise PermissionError(errno.EACCES, "no")


def test_what_a_killed_process_left_half_written_is_collected(blobs: FolderBlobs) -> None:
    old, young = (blobs.root / "scratch" / name for name in ("old", "young"))
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"half")
    for path in (old / "file", old):
        os.utime(path, (1, 1))
    os.utime(young, (1, 1))
    blobs.collect(referring_to())
    assert not old.exists()
    assert (young / "file").exists()


def test_equal_bytes_are_stored_once_for_each_tenant(blobs: FolderBlobs) -> None:
    seventh = blobs.scoped(7)
    mine, theirs = blobs.put(b"x"), seventh.put(b"x")
    assert theirs == f"7/{mine}" and sha256_of(theirs) == sha256_of(mine) == hashlib.sha256(b"x").hexdigest()
    assert seventh.put_written(lambda stream: stream.write(b"x") and None) == theirs
    assert set(blobs.addresses()) == {mine, theirs}
    blobs.delete(mine)
    assert seventh.get(theirs) == b"x" and not blobs.touch(mine)


def test_the_address_of_another_tenant_is_refused(blobs: FolderBlobs) -> None:
    mine, theirs = blobs.put(b"x"), blobs.scoped(7).put(b"x")
    for scope, address in ((blobs, theirs), (blobs.scoped(7), mine), (blobs.scoped(8), theirs)):
        with pytest.raises(ServiceError, match="of another tenant"):
            scope.get(address)
    everybodys = FolderBlobs(blobs.root)
    assert everybodys.get(mine) == everybodys.get(theirs) == b"x"
    with pytest.raises(ServiceError, match="that of all"):
        everybodys.put(b"x")


@pytest.mark.parametrize("tenant", [12, 7, 10**18])
def test_a_tenant_s_number_is_not_taken_for_a_hash(blobs: FolderBlobs, tenant: int) -> None:
    """Folders of hashes have two characters, as a number may have."""
    address = blobs.scoped(tenant).put(b"x")
    assert list(blobs.addresses()) == [address] and len(address) <= 96
    assert blobs.address_of(FolderBlobs(blobs.root).path(address)) == address
    os.utime(FolderBlobs(blobs.root).path(address), (0, 0))
    assert FolderBlobs(blobs.root).collect(referring_to(address)) == 0
    assert FolderBlobs(blobs.root).collect(referring_to()) == 1
    assert list(blobs.addresses()) == []


@pytest.mark.parametrize(
    "path", ["x", "ab/" + "c" * 64, "tenants/ab/" + "a" * 64, "tenants/07/aa/" + "a" * 64, "scratch/t/file"]
)
def test_other_files_have_no_address(blobs: FolderBlobs, path: str) -> None:
    assert FolderBlobs(blobs.root).address_of(blobs.root / path) is None


def test_the_blobs_of_a_tenant_are_removed_together(blobs: FolderBlobs) -> None:
    mine, other = blobs.put(b"x"), blobs.scoped(17).put(b"x")
    blobs.scoped(7).put(b"x")
    blobs.remove_tenant(7)
    blobs.remove_tenant(7)
    assert set(blobs.addresses()) == {mine, other}
