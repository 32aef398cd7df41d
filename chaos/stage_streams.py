"""Stage `streams`: clients that drop their event streams at random moments and come again, while the API is killed.

Each client must see each event once, in order, and all that the lists have.
"""

import http.client
import json
import os
import random
import signal
import socket
import struct
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.client import JOBS, Client, Log, over_http
from chaos.kinds import LONG, longer, post_datasets
from chaos.load import ENDED
from chaos.oracle import Report, Violation, sum_of
from chaos.stage_service import Whole, printed, whole
from tests.waiting import wait_until

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the connection ends with a reset
SHORTEST, LONGEST = 0.02, 0.5  # seconds until a stream is dropped
PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 30.0
DROP_SECONDS = 300.0
END_SECONDS = 240.0
PAGE = 1000


@dataclass(frozen=True)
class Figures:
    """How often each client drops its stream, of how many jobs, and how often the API is killed meanwhile."""

    drops: int
    jobs: int
    kills: int


class Listener(threading.Thread):
    """Reads a stream, drops it at random moments by FIN or by a reset, and comes again, until nothing more will come.

    It goes on by `Last-Event-ID`, or with `by_query` by `after`. A stream of all jobs is over once `last` was seen.
    """

    def __init__(self, port: int, path: str, by_query: bool, chance: random.Random) -> None:
        super().__init__(name=f"listener {path}", daemon=True)
        self.port, self.path, self.by_query, self.chance = port, path, by_query, chance
        self.events: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.last: int | None = None
        self.drops = False  # whether it still is to drop its streams
        self.over = threading.Event()

    @property
    def after(self) -> int:
        return self.events[-1]["id"] if self.events else 0

    def run(self) -> None:
        """Listen until the service says that nothing more will come, or `last` was seen."""
        while not (self.over.is_set() or (self.last is not None and self.after >= self.last)):
            try:
                self._listen()
            except (OSError, http.client.HTTPException):
                self.counts["refused or broken by the API"] += 1
                time.sleep(PAUSE_SECONDS)

    def _listen(self) -> None:
        """Read one stream until it is dropped or ends."""
        seconds = self.chance.uniform(SHORTEST, LONGEST)
        query = f"?after={self.after}" if self.by_query else "?after=0"
        headers = {"Accept": "text/event-stream"}
        if self.events and not self.by_query:
            headers["Last-Event-ID"] = str(self.after)
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)) as connection:
            connection.request("GET", self.path + query, headers=headers)
            taken = connection.sock
            with connection.getresponse() as response:
                if response.status == 200:
                    self._read(response, taken, time.monotonic() + seconds)
                elif response.status == 204:
                    self.over.set()
                else:
                    raise http.client.HTTPException(f"answered {response.status}")

    def _read(self, response: http.client.HTTPResponse, taken: socket.socket, until: float) -> None:
        """Take whole events from a stream; those that are cut off when it is dropped are not taken."""
        unread = b""
        while (left := until - time.monotonic()) > 0 or not self.drops:
            taken.settimeout(max(left, 0.001) if self.drops else LONGEST)
            try:
                data = response.read1(self.chance.randint(1, 300))
            except TimeoutError:
                break
            if not data:
                self.counts["ended by the service"] += 1
                return
            *blocks, unread = (unread + data).split(b"\n\n")
            for block in blocks:
                self._take(block)
        how = self.chance.choice(("FIN", "RST"))
        if how == "RST":
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.counts[f"dropped by {how}"] += 1
        self.counts["dropped within an event"] += bool(unread)

    def _take(self, block: bytes) -> None:
        for line in block.splitlines():
            if line.startswith(b"data: "):
                self.events.append(json.loads(line.removeprefix(b"data: ")))

    @property
    def dropped(self) -> int:
        return self.counts["dropped by FIN"] + self.counts["dropped by RST"]


class Commands(threading.Thread):
    """Pauses and resumes jobs at random, so that there are more events than those of epochs."""

    def __init__(self, client: Client, jobs: list[str], chance: random.Random) -> None:
        super().__init__(name="commands", daemon=True)
        self.client, self.jobs, self.chance = client, jobs, chance
        self.over = threading.Event()

    def run(self) -> None:
        """Send commands until `over` is set."""
        while not self.over.wait(PAUSE_SECONDS):
            self.client.once(
                "POST", f"{JOBS}/{self.chance.choice(self.jobs)}:{self.chance.choice(('pause', 'resume'))}"
            )


def run(pair: str, figures: Figures, seed: str) -> Report:
    """Listen to jobs that train, each stream dropped again and again; then compare with the lists of events."""
    with (
        tempfile.TemporaryDirectory(prefix="bp-chaos-") as folder,
        whole(pair, Path(folder), seed, BACKPROP_NICENESS="0") as (made, _),
    ):
        client = Client(over_http(made.service.address), Log())
        post_datasets(client)
        body = longer(LONG, 1_000_000, store_parameters={"every": 1_000_000})
        jobs = [client.submit(body, f"streamed {number}") for number in range(figures.jobs)]
        assert None not in jobs, client.log.entries[-1]
        wait_until(lambda: all(_epoch(client, job) for job in jobs), END_SECONDS, "epochs of all jobs", 0.2)
        paths = [*(f"/v1/jobs/{job}/events" for job in jobs), "/v1/events"]
        listeners = [
            Listener(made.service.port, path, by_query, random.Random(f"{seed} {path} {by_query}"))
            for path in paths
            for by_query in (False, True)
        ]
        commands = Commands(client, [str(job) for job in jobs], random.Random(f"{seed} commands"))
        commands.start()
        _disturb(made, listeners, figures)
        commands.over.set()
        commands.join()
        for job in jobs:
            client.move(str(job), "cancel")
        wait_until(lambda: _statuses(client, jobs) <= ENDED, END_SECONDS, "the end of all jobs", 0.2)
        last = max(event["id"] for event in listed(client, "/v1/events"))
        for listener in listeners:
            listener.last = last if listener.path == "/v1/events" else None
        found = list(_judge(client, listeners))
        assert made.service.stop() == 0, made.service.log.read_text()[-2000:]
        counts: Counter[str] = sum((listener.counts for listener in listeners), Counter())
        return Report({"streams": len(listeners), "events": last, **counts, "kills": figures.kills}, tuple(found))


def _disturb(made: Whole, listeners: list[Listener], figures: Figures) -> None:
    """Let all listeners drop their streams often enough, and kill the API now and then meanwhile."""
    for listener in listeners:
        listener.drops = True
        listener.start()
    until = time.monotonic() + DROP_SECONDS
    for number in range(1, figures.kills + 2):
        due = figures.drops * number // (figures.kills + 1)
        while any(listener.dropped < due and listener.is_alive() for listener in listeners):
            assert time.monotonic() < until, [listener.counts for listener in listeners]
            time.sleep(PAUSE_SECONDS)
        if number <= figures.kills:
            for process in made.service.children("service.ops.cli api"):
                os.kill(process, signal.SIGKILL)
    for listener in listeners:
        listener.drops = False


def _epoch(client: Client, job: str | None) -> int:
    described = client.read(str(job))
    return described["progress"]["epoch"] if described else 0


def _statuses(client: Client, jobs: list[str | None]) -> set[str]:
    return {described["status"] if (described := client.read(str(job))) else "unknown" for job in jobs}


def listed(client: Client, path: str) -> list[dict[str, Any]]:
    """Return all events of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["id"] if found else 0
        answer = client.until_answered("GET", f"{path}?after={after}&limit={PAGE}")
        assert answer is not None and answer[0] == 200, answer
        found += answer[1]["data"]
        if not answer[1]["has_more"]:
            return found


def _judge(client: Client, listeners: list[Listener]) -> Iterator[Violation]:
    for listener in listeners:
        listener.join(END_SECONDS)
        who = f"the stream of {listener.path}, {'after' if listener.by_query else 'Last-Event-ID'}"
        if listener.is_alive():
            yield Violation(None, f"{who} has not ended")
        seen, expected = listener.events, listed(client, listener.path)
        ids = [event["id"] for event in seen]
        if ids != sorted(set(ids)):
            yield Violation(None, f"{who} has events twice, or out of order")
        if seen != expected:
            missing = {event["id"] for event in expected} - set(ids)
            yield Violation(
                None, f"{who} has {len(seen)} events, the list {len(expected)}; missing {sorted(missing)[:5]}"
            )


def stage(pairs: tuple[str, ...], figures: Figures, seed: str) -> Report:
    return sum_of(printed(pair, run(pair, figures, f"{seed} {pair}")) for pair in pairs)
