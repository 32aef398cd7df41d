"""A disk of a few megabytes for tests that fill it: a tmpfs of their own, which only root may mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1024 * 1024
BLOCK = bytes(64 * 1024)


@contextmanager
def small_disk(folder: Path, megabytes: int, files: int | None = None) -> Iterator[Path]:
    """Mount a filesystem of that size at a new folder; skip the test where that is not allowed."""
    folder.mkdir()
    options = f"size={megabytes}m" + (f",nr_inodes={files}" if files else "")
    try:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if made.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    """Fill the disk until about `leave` bytes are free; return the file that takes the space."""
    filling = disk / "filling"
    with filling.open("ab", buffering=0) as file:
        while (free := free_bytes(disk)) > leave:
            try:
                file.write(BLOCK[: min(len(BLOCK), free - leave)])
            except OSError:
                break
    return filling


def fill_files(disk: Path) -> list[Path]:
    """Make files until no more can be made; return them."""
    made: list[Path] = []
    while True:
        path = disk / f"file-{len(made)}"
        try:
            path.touch()
        except OSError:
            return made
        made.append(path)


def free_bytes(disk: Path) -> int:
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize
