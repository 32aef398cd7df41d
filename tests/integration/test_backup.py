"""A backup taken while jobs run goes on elsewhere from that moment, bit for bit."""

import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.app import create_app
from service.config import Settings
from service.ops.backup import addresses_in
from service.ops.embedded import check_format
from tests.integration.commands import backprop
from tests.integration.service import Service
from tests.integration.test_commands_in_service import epochs_of, finish, long_job, running_at

pytestmark = pytest.mark.long

EPOCHS = 60
ONE = {"BACKPROP_WORKERS": "1", "BACKPROP_API_PROCESSES": "1"}


def large_job(epochs: int) -> dict[str, Any]:
    """A job whose state to go on from lies in the blobs, a new one with each flush."""
    body = long_job(epochs)
    body["network"] = {"hidden": [600, 600]}
    body["training"] |= {"batch_size": 512, "store_parameters": {"every": 1000}}
    return body


def test_a_backup_of_a_running_service_goes_on_elsewhere(tmp_path: Path) -> None:
    there, here, file = tmp_path / "there", tmp_path / "here", tmp_path / "backup.tar"
    with Service(there, **ONE) as service:
        job = service.post("/v1/jobs", large_job(epochs=EPOCHS))["id"]
        running_at(service, job, 2)
        made = backprop("backup", file, "--data-dir", there)
        assert made.code == 0, made.errors
        again = backprop("backup", file, "--data-dir", there)
        assert again.code == 2 and "is there already" in again.errors
        finish(service, job)
        expected = [epoch["sha256"] for epoch in epochs_of(service, job)]
    restored = backprop("restore", file, "--data-dir", here)
    assert restored.code == 0, restored.errors
    with closing(sqlite3.connect(here / "backprop.sqlite3")) as database:
        ((status, epoch),) = database.execute("SELECT status, epoch FROM jobs")
    assert status == "running" and 2 <= epoch < EPOCHS
    with Service(here, **ONE) as service:
        finish(service, job)
        assert [epoch["sha256"] for epoch in epochs_of(service, job)] == expected
    assert {path.name for path in tmp_path.iterdir()} >= {"there", "here", "backup.tar"}
    assert not list(tmp_path.glob("*.partial")) and not list(there.glob("backup-*"))


@pytest.fixture
def backup(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A backup of a service with one dataset."""
    settings = Settings(data_dir=tmp_path / "data", queue_url="memory://")
    settings.data_dir.mkdir()
    check_format(settings.data_dir)
    shutil.copy(migrated_sqlite, settings.data_dir)
    app = create_app(settings)
    made = app.test_client().post("/v1/datasets", json={"name": "xor", "inputs": [[0, 0], [0, 1]], "targets": [0, 1]})
    assert made.status_code == 201, made.text
    app.extensions["services"].database.dispose()
    ended = backprop("backup", tmp_path / "backup.tar", "--data-dir", settings.data_dir)
    assert ended.code == 0, ended.errors
    return tmp_path / "backup.tar"


def test_what_is_no_whole_backup_is_refused(backup: Path, tmp_path: Path) -> None:
    with tarfile.open(backup) as archive:
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # older patches of Python 3.11 have none
        archive.extractall(tmp_path / "opened", **safely)  # type: ignore[arg-type]
    (blob,) = (tmp_path / "opened" / "blobs").glob("??/*")
    for damage in ("changed", "missing", "no database", "no archive"):
        if damage == "changed":
            blob.write_bytes(blob.read_bytes()[:-1] + b"x")
        elif damage == "missing":
            blob.unlink()
        elif damage == "no database":
            (tmp_path / "opened" / "backprop.sqlite3").unlink()
        file = tmp_path / f"{damage}.tar"
        with tarfile.open(file, "w") as archive:
            for path in (tmp_path / "opened").iterdir():
                archive.add(path, path.name)
        if damage == "no archive":
            file.write_bytes(b"x" * 1000)
        refused = backprop("restore", file, "--data-dir", tmp_path / "new")
        assert refused.code == 2 and refused.errors.startswith("backprop restore: ")
        assert "Traceback" not in refused.errors and not (tmp_path / "new").exists()
    full = backprop("restore", backup, "--data-dir", tmp_path / "data")
    assert full.code == 2 and "not empty" in full.errors
    assert backprop("backup", tmp_path / "x", "--data-dir", tmp_path / "nowhere").code == 2


@pytest.mark.parametrize("kind", ["outside", "link", "another file"])
def test_an_archive_with_more_than_a_backup_is_refused(tmp_path: Path, kind: str) -> None:
    file, member = tmp_path / "crafted.tar", tarfile.TarInfo("format.json")
    if kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
    else:
        member.name = "../escaped" if kind == "outside" else "notes.txt"
    with tarfile.open(file, "w") as archive:
        archive.addfile(member)
    refused = backprop("restore", file, "--data-dir", tmp_path / "new")
    assert refused.code == 2 and "that is no backup" in refused.errors
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "new").exists()


def test_blobs_of_an_older_database_are_found_without_the_tables_of_a_newer_one(tmp_path: Path) -> None:
    file = tmp_path / "older.sqlite3"
    with closing(sqlite3.connect(file)) as older, older:
        older.execute("CREATE TABLE datasets (address TEXT)")
        older.execute("INSERT INTO datasets VALUES ('ab')")
    assert addresses_in(file) == ["ab"]
