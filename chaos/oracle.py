"""The oracle: compares the database with the client's log and with undisturbed runs, and reports violations.

The entry point is `examine`; a `References` holds the jobs that ran undisturbed, in this database or another.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce

from chaos import checks
from chaos.client import ACKNOWLEDGED, JOBS, Entry
from chaos.facts import JobFacts, pointed_addresses, read_jobs, strays
from service.services import Services
from service.store.blobs import references as pointing
from service.store.blobs.folder import sha256_of
from service.store.records import Status

MOST_SHOWN = 20
ANSWERED_LATER = frozenset({503, 507})  # permitted for what cannot be done at the moment
OBEYED = frozenset({200, 202})  # the answers to a command that the job's state permits


@dataclass(frozen=True)
class Violation:
    """A promise that was broken; `job` is None when it concerns no job."""

    job: str | None
    words: str

    def __str__(self) -> str:
        return f"{self.job or 'the service'}: {self.words}"


@dataclass(frozen=True)
class Report:
    """How much was checked, and the violations."""

    counts: dict[str, int]
    violations: tuple[Violation, ...]

    @property
    def is_good(self) -> bool:
        return not self.violations

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        counted = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        shown = [f"  VIOLATION {violation}" for violation in self.violations[:MOST_SHOWN]]
        left = len(self.violations) - len(shown)
        return [
            f"checked: {counted}; {len(self.violations)} violations",
            *shown,
            *([f"  and {left} more"] if left else []),
        ]

    def plus(self, other: "Report") -> "Report":
        """Return the sum of two reports."""
        counts = Counter(self.counts)
        counts.update(other.counts)
        return Report(dict(counts), (*self.violations, *other.violations))


def sum_of(reports: Iterable[Report]) -> Report:
    """Return the sum of all reports."""
    return reduce(Report.plus, reports, Report({}, ()))


class References:
    """The results of undisturbed runs by the job's definition."""

    def __init__(self) -> None:
        self._known: dict[str, checks.Undisturbed] = {}

    def learn(self, services: Services, keys: Sequence[str]) -> None:
        """Add the jobs with these keys, each of which must have succeeded, as references for their definitions."""
        for facts in read_jobs(services):
            if facts.key in keys:
                assert facts.job.status is Status.SUCCEEDED and facts.job.attempt == 1, facts.job
                self._known[facts.definition] = checks.undisturbed(facts)

    def of(self, facts: JobFacts) -> checks.Undisturbed | None:
        return self._known.get(facts.definition)


def examine(
    services: Services, entries: Sequence[Entry], references: References, may_fail: frozenset[str] = frozenset()
) -> Report:
    """Compare log, database and blobs, once all jobs should have ended and `collect` has been called.

    `may_fail` holds the error codes that the load causes intentionally. Orphaned blobs are removed.
    """
    found: list[JobFacts] = []
    violations: list[Violation] = []
    counts: Counter[str] = Counter({"requests": len(entries)})
    for facts in read_jobs(services):
        found.append(facts.alone())
        reference = references.of(facts)
        words = [*_of_job(facts, services, may_fail)]
        if reference is not None:
            words += checks.ends_as(facts, reference)
            counts.update({"jobs compared": 1, "epochs compared": len(facts.epochs)})
        counts.update({"jobs": 1, "epochs": len(facts.epochs), "attempts": facts.job.attempt, f"{facts.job.status}": 1})
        counts.update({"parameters hashed": sum(len(block.epochs) for block in facts.blocks)})
        violations += [Violation(facts.job.id, each) for each in words]
    violations += answers_stay_true(found, entries)
    for table, count in strays(services).items():
        violations.append(Violation(None, f"{count} rows of {table} belong to no job"))
    violations += blobs_are_whole(services)
    counts["acknowledged"] = len({entry.key for entry in entries if _acknowledges(entry)})
    return Report(dict(counts), tuple(violations))


def _of_job(facts: JobFacts, services: Services, may_fail: frozenset[str]) -> Iterator[str]:
    yield from checks.has_ended_once(facts, may_fail)
    yield from checks.states_follow(facts)
    yield from checks.requests_are_obeyed(facts)
    yield from checks.epochs_are_whole(facts)
    yield from checks.reported_epochs_are_stored(facts)
    yield from checks.parameters_are_theirs(facts, services.blobs)
    yield from checks.has_its_version(facts)
    yield from checks.leaves_nothing(facts)


def _acknowledges(entry: Entry) -> bool:
    """Return whether an answer acknowledges a job."""
    return entry.method == "POST" and entry.path == JOBS and entry.status in ACKNOWLEDGED


def answers_stay_true(found: Sequence[JobFacts], entries: Sequence[Entry]) -> Iterator[Violation]:
    """Check that each acknowledged request has one job, no key has two, and earlier answers about jobs still hold."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for facts in found:
        if facts.key is not None:
            by_key[facts.key].append(facts.job.id)
    for key, ids in by_key.items():
        if len(ids) > 1:
            yield Violation(ids[0], f"the request {key} was done {len(ids)} times: {', '.join(ids)}")
    jobs = {facts.job.id: facts for facts in found}
    for entry in entries:
        if entry.status is not None and entry.status >= 500 and entry.status not in ANSWERED_LATER:
            yield Violation(entry.job, f"{entry.method} {entry.path} was answered {entry.status}: {entry.detail}")
        if _acknowledges(entry) and entry.key is not None and by_key.get(entry.key) != [entry.job]:
            made = by_key.get(entry.key, [])
            yield Violation(entry.job, f"the request {entry.key} was acknowledged with it, but made {made or 'no job'}")
        if entry.job is not None:
            yield from _stays_true(jobs.get(entry.job), entry)


def _stays_true(facts: JobFacts | None, entry: Entry) -> Iterator[Violation]:
    """Check that an earlier answer about a job still holds."""
    assert entry.attempt is not None and entry.epoch is not None and entry.state is not None
    if facts is None:
        yield Violation(entry.job, f"was {entry.state} in an answer, and is gone")
        return
    job, state = facts.job, Status(entry.state)
    if entry.status in OBEYED and entry.path.endswith(":cancel") and job.status is not Status.CANCELLED:
        yield Violation(job.id, f"its cancel was answered {entry.status}, and it is {job.status}")
    if state.ended and state is not job.status:
        yield Violation(job.id, f"was {state} in an answer, and is {job.status}")
    if entry.attempt > job.attempt or entry.epoch > (job.epoch or 0):
        was = f"in attempt {entry.attempt} at epoch {entry.epoch}"
        yield Violation(job.id, f"was {was} in an answer, and is in {job.attempt} at {job.epoch}")


def blobs_are_whole(services: Services) -> Iterator[Violation]:
    """Check that the blobs that rows point to exist and have the hash in their address, and that no others remain."""
    with services.database.read() as connection:
        addresses = pointed_addresses(connection, pointing.POINTING)
    for address in sorted(addresses):
        path = services.blobs.path(address)
        if not path.exists():
            yield Violation(None, f"the blob {address[:12]} is pointed to and is gone")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256_of(address):
            yield Violation(None, f"the blob {address[:12]} holds other bytes than its address says")
    services.blobs.collect(partial(pointing.referenced, services.database), older_than_seconds=-1)
    left = {path for path in services.blobs.root.rglob("*") if path.is_file()} - set(
        map(services.blobs.path, addresses)
    )
    for orphan in sorted(left):
        yield Violation(None, f"{orphan.relative_to(services.blobs.root)} is in the blobs and nothing points to it")
