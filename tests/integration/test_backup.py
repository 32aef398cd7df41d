"""A backup taken while jobs run goes on elsewhere from that moment, bit for bit."""

import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.ops.backup import addresses_in
from tests.integration.service import Service
from tests.integration.test_commands_in_service import epochs_of, finish, long_job, running_at

ONE = {"BACKPROP_WORKERS": "1", "BACKPROP_API_PROCESSES": "1"}


def backprop(*arguments: str | Path, data_dir: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.ops.cli", *map(str, arguments), "--data-dir", str(data_dir)]
    return subprocess.run(command, capture_output=True, text=True)


def large_job(epochs: int) -> dict[str, Any]:
    """A job whose state to go on from lies in the blobs, a new one with each flush."""
    body = long_job(epochs)
    body["network"] = {"hidden": [1200, 1200]}
    body["training"] |= {"batch_size": 512, "store_parameters": {"every": 1000}}
    return body


def test_a_backup_of_a_running_service_goes_on_elsewhere(tmp_path: Path) -> None:
    there, here, file = tmp_path / "there", tmp_path / "here", tmp_path / "backup.tar"
    with Service(there, **ONE) as service:
        job = service.post("/v1/jobs", large_job(epochs=25))["id"]
        running_at(service, job, 5)
        made = backprop("backup", file, data_dir=there)
        assert made.returncode == 0, made.stderr
        again = backprop("backup", file, data_dir=there)
        assert again.returncode == 2 and "is there already" in again.stderr
        finish(service, job)
        expected = [epoch["sha256"] for epoch in epochs_of(service, job)]
    restored = backprop("restore", file, data_dir=here)
    assert restored.returncode == 0, restored.stderr
    with Service(here, **ONE) as service:
        assert service.get(f"/v1/jobs/{job}")["progress"]["epoch"] < 25
        finish(service, job)
        assert [epoch["sha256"] for epoch in epochs_of(service, job)] == expected
    assert {path.name for path in tmp_path.iterdir()} >= {"there", "here", "backup.tar"}
    assert not list(tmp_path.glob("*.partial")) and not list(there.glob("backup-*"))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    file = tmp_path / "backup.tar"
    with Service(tmp_path / "data", **ONE) as service:
        service.post("/v1/datasets", {"name": "xor", "inputs": [[0, 0], [0, 1]], "targets": [0, 1]})
        assert backprop("backup", file, data_dir=tmp_path / "data").returncode == 0
    return file


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
        refused = backprop("restore", file, data_dir=tmp_path / "new")
        assert refused.returncode == 2 and refused.stderr.startswith("backprop restore: ")
        assert "Traceback" not in refused.stderr and not (tmp_path / "new").exists()
    full = backprop("restore", backup, data_dir=tmp_path / "data")
    assert full.returncode == 2 and "not empty" in full.stderr
    assert backprop("backup", tmp_path / "x", data_dir=tmp_path / "nowhere").returncode == 2


@pytest.mark.parametrize("kind", ["outside", "link", "another file"])
def test_an_archive_with_more_than_a_backup_is_refused(tmp_path: Path, kind: str) -> None:
    file, member = tmp_path / "crafted.tar", tarfile.TarInfo("format.json")
    if kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
    else:
        member.name = "../escaped" if kind == "outside" else "notes.txt"
    with tarfile.open(file, "w") as archive:
        archive.addfile(member)
    refused = backprop("restore", file, data_dir=tmp_path / "new")
    assert refused.returncode == 2 and "that is no backup" in refused.stderr
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "new").exists()


def test_blobs_of_an_older_database_are_found_without_the_tables_of_a_newer_one(tmp_path: Path) -> None:
    file = tmp_path / "older.sqlite3"
    with closing(sqlite3.connect(file)) as older, older:
        older.execute("CREATE TABLE datasets (address TEXT)")
        older.execute("INSERT INTO datasets VALUES ('ab')")
    assert addresses_in(file) == ["ab"]
