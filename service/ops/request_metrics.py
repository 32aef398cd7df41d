"""Counts requests in each process of the API, in memory that the processes of one address share.

prometheus_client writes each sum of a process to a file that is mapped into memory, and adds up the files when it is
asked. Its processes are told apart by their ids there, so every restart would leave files behind for ever; here they
are told apart by places, of which a process takes the first that no living one has, and counts on from there.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import threading
import time
from bisect import bisect_left
from collections import Counter as Counts
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import Counter, Histogram, disable_created_metrics, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from service.config import Settings

FOLDER = "API_METRICS_FOLDER"  # the variable with the folder that the processes of the API share
LIBRARY_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name of it
MEMORY = Path("/dev/shm")  # noqa: S108 - `shared_folder` checks whose its folder is; no frozen disk holds up who counts
MOST_PLACES = 1024
ADD_SECONDS = 0.25  # between two rounds in which requests are added to the sums
IDLE_SECONDS = 30.0  # the thread that adds them ends when there were none for so long
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
OTHER = "other"  # the route of a path that there is none for, and the method of words that are none
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Durations(Histogram):
    """A histogram that takes many observations at once: the library's `observe` takes a microsecond or more each."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """Observe each of these amounts."""
        self._sum.inc(sum(amounts))
        for bucket, count in Counts(bisect_left(self._upper_bounds, amount) for amount in amounts).items():
            self._buckets[bucket].inc(count)


class RequestMetrics:
    """Counters of requests; in the processes that called `share` they go on when a process ends."""

    def __init__(self) -> None:
        disable_created_metrics()
        self._requests = Counter(
            "backprop_http_requests",
            "Requests answered, by the template of the route, method and status.",
            ["route", "method", "status"],
            registry=None,
        )
        self._durations = Durations(
            "backprop_http_request_duration_seconds",
            "Time from a whole request to the head of its answer.",
            ["route", "method"],
            buckets=BUCKETS,
            registry=None,
        )
        self._rows = Counter(
            "backprop_predicted_rows", "Rows predicted, by the template of the route.", ["route"], registry=None
        )
        self._pending: deque[tuple[tuple[str, str, int], float, int]] = deque()  # requests to add
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None

    def count(self, route: str, method: str, status: int, seconds: float, rows: int = 0) -> None:
        """Count a request that is answered, and the rows that it predicted.

        `route` is a template or `OTHER`, so that there are not many. A thread adds it to the sums a moment later, as
        that takes ten times as long as noting it here.
        """
        self._pending.append(((route, method, status), seconds, rows))
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._turn:
            if self._thread is None:
                self._thread = threading.Thread(target=self._add_pending, name="request metrics", daemon=True)
                self._thread.start()

    def _add_pending(self) -> None:
        """Add what is pending a few times a second; end after a while without requests."""
        idle_since = time.monotonic()
        while True:
            time.sleep(ADD_SECONDS)
            with self._turn:
                if self._add():
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > IDLE_SECONDS:
                    own, self._thread = self._thread, None
                    if not self._pending:  # whoever notes a request after this starts another thread
                        return
                    self._thread = own

    def _add(self) -> bool:
        """Add what is pending to the sums; return whether there was anything."""
        number = len(self._pending)
        seconds_of, rows_of = defaultdict[tuple[str, str, int], list[float]](list), Counts[str]()
        for _ in range(number):
            request, seconds, rows = self._pending.popleft()
            seconds_of[request].append(seconds)
            rows_of[request[0]] += rows
        for (route, method, status), all_seconds in seconds_of.items():
            named = method if method in METHODS else OTHER
            self._requests.labels(route, named, str(status)).inc(len(all_seconds))
            self._durations.labels(route, named).observe_all(all_seconds)
        for route, rows in rows_of.items():
            if rows:
                self._rows.labels(route).inc(rows)
        return number > 0

    def collect(self) -> Iterable[Metric]:
        """Return the sums of all processes that share them, living or not; else those of this object."""
        with self._turn:
            self._add()
        if LIBRARY_FOLDER in os.environ:
            yield from MultiProcessCollector(None, os.environ[LIBRARY_FOLDER]).collect()
            return
        for metric in (self._requests, self._durations, self._rows):
            yield from metric.collect()


@contextmanager
def shared_folder(settings: Settings) -> Iterator[Path]:
    """Yield the folder of a service's address; the sums are there until the API stops, whichever process is killed."""
    address = f"{settings.data_dir.absolute()} {settings.host} {settings.port}"
    name = f"backprop-{os.getuid()}-{hashlib.sha256(address.encode()).hexdigest()[:16]}"
    base = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    folder = base / name
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():  # somebody else's
            folder = Path(tempfile.mkdtemp(prefix="backprop-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def share(folder: Path) -> int:
    """Have this process count in a folder that others share; return its place there.

    To be called before a `RequestMetrics` is made.
    """
    place = _take_place(folder)
    os.environ[LIBRARY_FOLDER] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: place)
    return place


def _take_place(folder: Path) -> int:
    """Return the first place that no living process has; it is this one's until it ends."""
    for place in range(MOST_PLACES):
        lock = os.open(folder / f"{place}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return place  # the lock stays open
    raise RuntimeError(f"more than {MOST_PLACES} processes count in {folder}")
