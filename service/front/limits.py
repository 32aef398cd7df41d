"""The bounds of the HTTP server on sizes, times, connections and threads."""

from dataclasses import dataclass
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """Bounds of one process.

    `header_seconds` is for the headers of a request once its first byte has come, `idle_seconds` for the time before.
    A body must come within `body_seconds`, and in every `rate_seconds` bring `least_rate` bytes a second.
    """

    spool_folder: Path
    threads: int = 24
    stream_threads: int = 2
    max_connections: int = 10_000
    header_seconds: float = 20.0
    idle_seconds: float = 75.0
    body_seconds: float = 86_400.0
    least_rate: int = KIB
    rate_seconds: float = 20.0
    unread_seconds: float = 60.0  # for a client that reads nothing of its answer
    drain_seconds: float = 60.0  # in which the rest of a refused body is read and forgotten
    drain_idle_seconds: float = 2.0  # for a client that sends nothing of it
    max_spooled_bytes: int = 32 * KIB * MIB
    max_spool_files: int = 512  # each takes a descriptor, which connections need too
    keep_free_bytes: int = 64 * MIB
    max_unsent_bytes: int = 256 * MIB
    stop_seconds: float = 8.0


MAX_HEAD_BYTES = 64 * KIB
MAX_HEADERS = 100
MAX_PIPELINED = 64
MAX_QUEUED = 2000  # requests that wait for a thread

SMALL_BODY = 64 * KIB  # read without asking the application
UNASKED_BYTES = 256 * KIB  # of a larger one, read while the application is asked
MEMORY_BODY = MIB  # beyond it a body goes to a file
AHEAD_BYTES = 4 * MIB  # of a body, in memory while the file is written
MEMORY_IN_ALL = 64 * MIB  # beyond it every body goes to a file

SWEEP_SECONDS = 0.5
