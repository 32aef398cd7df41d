"""Space: what is short is named, refusals count until a probe is written, and the reserve is released once needed."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import exc

from service.errors import OutOfSpace, ServiceError, Unavailable
from service.store import space as spaces
from service.store.blobs.folder import FolderBlobs
from service.store.database import Database, translated
from service.store.space import Space

MIB = 1024 * 1024


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Space]:
    database = Database(f"sqlite:///{tmp_path / 'db' / 'backprop.sqlite3'}")
    yield Space(database, FolderBlobs(tmp_path / "blobs"), tmp_path, MIB)
    database.dispose()


def test_what_is_short_is_named_with_the_bound(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    assert space.waits_for() is None and not space.is_short()
    monkeypatch.setattr(FolderBlobs, "free_bytes", lambda _: 1_200_000)
    assert not space.is_short()  # a running job goes on
    assert "1,200,000 bytes are free on the disk, fewer than 1,310,720" in str(space.waits_for())  # no other begins
    monkeypatch.setattr(FolderBlobs, "free_bytes", lambda _: 1_000_000)
    assert space.is_short()
    with pytest.raises(OutOfSpace, match="fewer than 4,194,304"):
        space.check(4 * MIB)


def test_files_that_run_out_are_a_shortage_and_filesystems_without_a_bound_are_none(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs(".")

    class Status:
        f_files, f_favail = 1000, 3
        f_bavail, f_blocks, f_bfree, f_frsize = real.f_bavail, real.f_blocks, real.f_bfree, real.f_frsize

    monkeypatch.setattr(spaces.os, "statvfs", lambda _: Status)
    assert "3 more files can be made" in str(space.shortage(MIB))
    Status.f_files = 0
    assert space.shortage(MIB) is None


def test_a_refusal_counts_until_a_probe_is_written(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    space.record_refusal()
    assert "a disk or a quota is full" in str(space.waits_for())
    monkeypatch.setattr(spaces, "PROBE_SECONDS", 0.0)
    with monkeypatch.context() as refusing:
        refusing.setattr(Space, "probe", refuse)
        assert space.waits_for() is not None
    assert space.waits_for() is None


def refuse(_: object) -> None:
    raise OutOfSpace("quota")


def test_a_flush_leaves_half_of_the_space(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [3 * MIB]
    monkeypatch.setattr(FolderBlobs, "free_bytes", lambda _: free[0])
    space.check_writing(MIB)
    with pytest.raises(OutOfSpace):
        space.check_writing(2 * MIB)
    assert space.waits_for() is not None  # as much is needed before a job goes on
    free[0] = 5 * MIB
    assert space.waits_for() is None


def test_the_reserve_is_made_and_released_for_what_is_refused(space: Space) -> None:
    space.keep_reserve()
    assert space.reserve.stat().st_size == MIB // 2
    tries: list[bool] = []

    def act() -> str:
        tries.append(space.reserve.exists())
        if space.reserve.exists():
            raise OutOfSpace("full")
        return "done"

    assert space.spend(act) == "done" and tries == [True, False]
    with pytest.raises(OutOfSpace):
        space.spend(lambda: refuse(None))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_FULL", OutOfSpace),
        ("SQLITE_IOERR_WRITE", OutOfSpace),
        ("SQLITE_IOERR_SHMSIZE", OutOfSpace),
        ("SQLITE_BUSY", Unavailable),
        ("SQLITE_IOERR_READ", Unavailable),
    ],
)
def test_a_quota_is_a_full_disk_and_a_busy_database_is_none(name: str, kind: type[ServiceError]) -> None:
    """Of a quota, EDQUOT, SQLite says IOERR_WRITE."""
    cause = sqlite3.OperationalError("carefully worded")
    cause.sqlite_errorname = name
    with pytest.raises(kind), translated():
        raise exc.OperationalError("UPDATE", {}, cause)
