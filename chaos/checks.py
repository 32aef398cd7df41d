"""Checks of one job that must hold whatever was killed. Each check yields a sentence for each violation."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from chaos.facts import Block, JobFacts
from service.definitions.base import json_of
from service.store.blobs.folder import FolderBlobs
from service.store.epoch_records import EpochRecord
from service.store.records import ENDED, Kind, Request, Status

# the states that may follow each state; the event of a request repeats the current state
FOLLOWS = {
    None: {Status.QUEUED},
    Status.QUEUED: {Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.CANCELLED},
    Status.RUNNING: {Status.RUNNING, Status.QUEUED, Status.PAUSED, *ENDED},
    Status.PAUSED: {Status.PAUSED, Status.QUEUED, Status.CANCELLED},
}

# the states that may follow that of a running job with a request: a pause may be withdrawn, or followed by a cancel
OBEYING = {
    Request.CANCEL: {Status.RUNNING, Status.CANCELLED},
    Request.PAUSE: {Status.RUNNING, Status.PAUSED, Status.CANCELLED},
}


def has_ended_once(facts: JobFacts, may_fail: frozenset[str] = frozenset()) -> Iterator[str]:
    """Check that the job is in a final state, its end was reported once, and no event follows."""
    job = facts.job
    if not job.status.ended:
        yield f"has not ended: it is {job.status} in attempt {job.attempt}"
        return
    ends = [event for event in facts.events if event.kind == Kind.END]
    if len(ends) != 1:
        yield f"has ended {len(ends)} times: {', '.join(event.data['status'] for event in ends)}"
    elif facts.events[-1] is not ends[0]:
        yield f"went on after its end: {facts.events[-1].kind} {facts.events[-1].data}"
    model = {"name": job.model_name, "version": job.model_version}
    final = {
        "status": str(job.status),
        "epoch": job.epoch,
        "error": json_of(job.error),
        "model": model,
    }
    if ends and ends[-1].data != final:
        yield f"its end was reported as {ends[-1].data}, but it is {final}"
    code = None if job.error is None else job.error.code
    if job.status is Status.FAILED and code not in may_fail:
        yield f"failed: {json_of(job.error)}"


def states_follow(facts: JobFacts) -> Iterator[str]:
    """Check that each reported state may follow the one before, and that only claims raise the attempt, by one."""
    before, attempt = None, 0
    for event in facts.events:
        if event.kind != Kind.STATUS:
            continue
        now, claimed = Status(event.data["status"]), event.data["attempt"]
        rises = int(before is Status.QUEUED and now is Status.RUNNING)
        if now not in FOLLOWS.get(before, set()):
            yield f"became {now} when it was {before} (event {event.id})"
        if claimed != attempt + rises:
            yield f"attempt {claimed} came after {attempt}, {before} then {now} (event {event.id})"
        before, attempt = now, claimed
    if (before, attempt) != (facts.job.status, facts.job.attempt):
        yield f"was last reported {before} in attempt {attempt}, but is {facts.job.status} in {facts.job.attempt}"


def requests_are_obeyed(facts: JobFacts) -> Iterator[str]:
    """Check that a running job of which a cancel or a pause was requested came to that, unless that was withdrawn."""
    pending: Request | None = None
    for event in facts.events:
        if event.kind != Kind.STATUS:
            continue
        now = Status(event.data["status"])
        if pending is not None and now not in OBEYING[pending]:
            yield f"was requested to {pending} and became {now} (event {event.id})"
        pending = None if event.data["requested"] is None else Request(event.data["requested"])


def epochs_are_whole(facts: JobFacts) -> Iterator[str]:
    """Check that epochs 0 to the job's last one are stored, each once."""
    numbers = [record.epoch for record in facts.epochs]
    for epoch, times in Counter(numbers).items():
        if times > 1:
            yield f"epoch {epoch} is stored {times} times"
    last = -1 if facts.job.epoch is None else facts.job.epoch
    if missing := sorted(set(range(last + 1)) - set(numbers)):
        yield f"{len(missing)} of its epochs 0 to {last} are missing, the first is {missing[0]}"
    if numbers and max(numbers) > last:
        yield f"holds epoch {max(numbers)}, though it says it got to {last}"
    job = facts.job
    if job.status is Status.SUCCEEDED and job.stopped is None and last != job.training.epochs:
        yield f"succeeded after {last} of {job.training.epochs} epochs"


def reported_epochs_are_stored(facts: JobFacts) -> Iterator[str]:
    """Check that epochs rise from event to event, and that the stored hashes are those that the events report."""
    stored = {record.epoch: record for record in facts.epochs}
    before = -1
    for event in facts.events:
        if event.kind != Kind.EPOCH:
            continue
        epoch = event.data["epoch"]
        if epoch <= before:
            yield f"epoch {epoch} was reported after epoch {before}: somebody else wrote (event {event.id})"
        if epoch not in stored or stored[epoch].sha256 != event.data["sha256"]:
            yield f"epoch {epoch} was reported as {event.data['sha256'][:12]}, which is not what is stored"
        before = epoch


def parameters_are_theirs(facts: JobFacts, blobs: FolderBlobs) -> Iterator[str]:
    """Check that stored parameters have their epoch's SHA-256, and are stored for exactly the epochs marked so.

    Epoch 0, the best and the last one must be among those.
    """
    stored = {record.epoch: record for record in facts.epochs}
    seen: Counter[int] = Counter()
    for block in facts.blocks:
        seen.update(block.epochs)
        yield from _block_is_theirs(block, stored, blobs)
    if twice := sorted(epoch for epoch, times in seen.items() if times > 1):
        yield f"parameters of epoch {twice[0]} are stored {seen[twice[0]]} times"
    said = {record.epoch for record in facts.epochs if record.parameters_stored}
    if differing := sorted(said ^ set(seen)):
        yield f"epoch {differing[0]} says {differing[0] in said} of its parameters being stored, which is wrong"
    retained: set[int] = set()
    if facts.epochs and facts.job.status.ended:
        retained = {epoch for epoch in (0, facts.job.best_epoch, facts.job.epoch) if epoch is not None}
    if gone := sorted(retained - set(seen)):
        yield f"parameters of epoch {gone[0]} are gone: first, best and last are to stay"


def _block_is_theirs(block: Block, stored: dict[int, EpochRecord], blobs: FolderBlobs) -> Iterator[str]:
    data = block.bytes
    if data is None:
        assert block.address is not None
        if not blobs.path(block.address).exists():
            yield f"the bytes of epoch {block.first_epoch} are gone from the blobs"
            return
        data = blobs.get(block.address)
    if len(data) != block.size * len(block.epochs):
        yield f"the parameters from epoch {block.first_epoch} on take {len(data)} bytes, not {block.size} each"
        return
    for index, epoch in enumerate(block.epochs):
        digest = hashlib.sha256(data[index * block.size : (index + 1) * block.size]).hexdigest()
        if epoch not in stored:
            yield f"there are parameters of epoch {epoch}, which is not stored"
        elif digest != stored[epoch].sha256:
            yield f"the parameters of epoch {epoch} are not those its SHA-256 names"


def has_its_version(facts: JobFacts) -> Iterator[str]:
    """Check that a job that succeeded has made one model version, of one of its epochs, and any other job none."""
    job, wanted = facts.job, int(facts.job.status is Status.SUCCEEDED)
    if len(facts.versions) != wanted:
        yield f"is {job.status} and has made {len(facts.versions)} model versions"
        return
    for version in facts.versions:
        hashes = {record.epoch: record.sha256 for record in facts.epochs}
        if (version.model, version.version) != (job.model_name, job.model_version):
            yield f"names {job.model_name} {job.model_version}, but made {version.model} {version.version}"
        if hashes.get(version.epoch) != version.sha256:
            yield f"its model version holds other bytes than epoch {version.epoch}"


def leaves_nothing(facts: JobFacts) -> Iterator[str]:
    """Check that an ended job has no resume state."""
    if facts.job.status.ended and facts.has_resume_state:
        yield "has ended and still holds a state to go on from"


@dataclass(frozen=True)
class Undisturbed:
    """The results of a job that nothing disturbs. Durations are 0, as they are not compared."""

    epochs: tuple[EpochRecord, ...]
    layers: dict[int, Any]
    outcome: dict[str, Any]


def undisturbed(facts: JobFacts) -> Undisturbed:
    """Return the results of a job that must be equal, bit for bit, for every job with the same definition."""
    job = facts.job
    outcome = {
        "status": str(job.status),
        "epoch": job.epoch,
        "best_epoch": job.best_epoch,
        "stopped": job.stopped,
        "reached_epoch": job.reached_epoch,
        "confusion_matrix": job.confusion_matrix,
        "test": job.tested,
        "preprocessing": job.preprocessing,
        "warnings": job.warnings,
    }
    return Undisturbed(tuple(replace(record, seconds=0.0) for record in facts.epochs), facts.layers, outcome)


def ends_as(facts: JobFacts, reference: Undisturbed) -> Iterator[str]:
    """Check that every epoch, and the outcome of a job that succeeded, are equal bit for bit to an undisturbed run's.

    Only the first difference is yielded.
    """
    mine = undisturbed(facts)
    expected = {record.epoch: record for record in reference.epochs}
    for record in mine.epochs:
        other = expected.get(record.epoch)
        if other is None:
            yield f"went on to epoch {record.epoch}; undisturbed it ends at {len(expected) - 1}"
            return
        names = [name for name in EpochRecord.__dataclass_fields__ if getattr(record, name) != getattr(other, name)]
        if facts.job.status is not Status.SUCCEEDED:
            names = [name for name in names if name != "parameters_stored"]  # it was cut off there
        if names:
            was, wanted = getattr(record, names[0]), getattr(other, names[0])
            yield f"epoch {record.epoch}: {names[0]} is {was}, undisturbed {wanted}"
            return
    yield from _measured_as(mine, reference)
    if facts.job.status is Status.SUCCEEDED:
        for name, value in reference.outcome.items():
            if mine.outcome[name] != value:
                yield f"{name} is {mine.outcome[name]}, undisturbed {value}"


def _measured_as(mine: Undisturbed, reference: Undisturbed) -> Iterator[str]:
    due = {epoch for epoch in reference.layers if epoch < len(mine.epochs)}
    if differing := sorted(
        epoch for epoch in due | set(mine.layers) if mine.layers.get(epoch) != reference.layers.get(epoch)
    ):
        yield f"what was measured of the layers at epoch {differing[0]} differs from undisturbed"
