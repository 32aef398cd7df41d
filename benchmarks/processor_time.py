"""The processor time that a process has used, from Linux's /proc."""

import os
from pathlib import Path

USER, SYSTEM = 11, 12  # the fields of /proc/PID/stat behind the name, counted from 0


def processor_seconds(process: Path) -> float:
    """Return the seconds of processor time, of all threads, that a process, a folder in /proc, has used."""
    fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[USER]) + int(fields[SYSTEM])) / os.sysconf("SC_CLK_TCK")
