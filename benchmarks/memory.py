"""The peak memory of a job, as Linux counts it for the worker's training process."""

import os
from pathlib import Path

PROC = Path("/proc")
RESET_PEAK = "5"  # written to `clear_refs`, it resets the peak to the current memory


class NoWorker(Exception):
    """The training process was not found."""


class TrainingProcess:
    """The one training child of a service that this process started with one worker."""

    def __init__(self) -> None:
        parents = [pid for pid in _children(os.getpid()) if b"workers" in _command(pid)]
        below = [child for pid in parents for child in _children(pid)]
        children = [child for child in below if b"workers.deliveries" not in _command(child)]
        if len(children) != 1:
            raise NoWorker(f"{len(children)} training processes were found, not one")
        self.folder = PROC / str(children[0])

    def resident(self) -> int:
        """Return the resident memory in bytes."""
        return self._status("VmRSS")

    def peak(self) -> int:
        """Return the peak of the resident memory in bytes since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        (self.folder / "clear_refs").write_text(RESET_PEAK)

    def _status(self, name: str) -> int:
        for line in (self.folder / "status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise NoWorker(f"the kernel does not report {name}")


def _children(pid: int) -> list[int]:
    """Return the ids of the processes that any thread of `pid` has started."""
    tasks = (PROC / str(pid) / "task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _command(pid: int) -> bytes:
    return (PROC / str(pid) / "cmdline").read_bytes()
