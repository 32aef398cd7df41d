"""Forks: new jobs that begin at a stored epoch of another one. They keep their own copy of what they begin with."""

from dataclasses import dataclass
from typing import Any

from service.backprop.inspection.optimizer_step import is_continued
from service.backprop.optimizers import OPTIMIZERS
from service.definitions.choices import build
from service.definitions.network import NetworkDefinition
from service.definitions.requests import ForkRequest
from service.definitions.resolve import Resolved, resolve
from service.definitions.training import TrainingDefinition
from service.errors import Damaged, Invalid
from service.jobs.submission import (
    JobData,
    Noting,
    adopted,
    as_asked,
    check_validation,
    dataset_of,
    enter,
    limited,
    parameter_bytes,
    parameters_of,
    unnoted,
)
from service.preprocessing.compatibility import as_trained
from service.preprocessing.fit import Preprocessing
from service.services import Services
from service.store import resources
from service.store.blobs import references
from service.store.epochs import epochs, optimizer_states
from service.store.jobs import fork_starts, jobs
from service.store.jobs.fork_starts import Start
from service.store.records import JobRecord, StoredBytes, StoredParameters


@dataclass(frozen=True)
class Parent:
    """A job at one of its stored epochs; `state` is the optimizer's, where it was stored."""

    job: JobRecord
    stored: StoredParameters
    state: StoredBytes | None
    preprocessing: Preprocessing


def check_there(services: Services, job_id: str) -> None:
    """Raise `NotFound` for a job that is not there, before its request's body is read."""
    with services.database.read() as connection:
        jobs.get_job(connection, job_id)


def fork(
    services: Services, job_id: str, request: ForkRequest, noting: Noting = unnoted
) -> tuple[JobRecord, list[str]]:
    """Store a queued job whose epoch 0 is that epoch, and ring; the job, and warnings for the client."""
    services.blobs.check_space(services.settings.keep_free_bytes)
    parent = _parent(services, job_id, str(request.epoch))
    with dataset_of(services, _dataset(services, parent.job, request)) as data:
        with request.pointing():
            resolved = _resolve(services, parent, request, data)
        kept, reason = _standing(parent, resolved.training)
        start = Start(parent.stored, parent.state if kept else None)
        with services.database.begin() as connection:
            references.pointing(connection)
            _hold(services, connection, parent, start)
            values = {
                **as_asked(request),
                **adopted(connection, data),
                "network_name": parent.job.network_name,
                "network": parent.job.network,
                "validation_name": (resolved.training["validation"] or {}).get("dataset"),
                "training": limited(services, resolved.training),
                "targets": parent.job.targets,
                "preprocessing": {**(parent.job.preprocessing or {}), "class_weights": None},
                "forked_from": _told(parent, resolved.training, kept, reason),
            }
            job, warnings = enter(services, connection, values, noting)
            fork_starts.add(connection, job.number, start)
    services.doorbell.ring()
    return job, warnings


def _parent(services: Services, job_id: str, epoch: str) -> Parent:
    job, stored = parameters_of(services, job_id, epoch)
    if stored.bytes is not None:
        parameter_bytes(services, job, stored)  # what is damaged is not passed on; a blob is checked when it is read
    with services.database.read() as connection:
        state = optimizer_states.load(connection, job.number, stored.epoch)
    assert job.preprocessing is not None  # it is stored with the first epoch
    return Parent(job, stored, state, Preprocessing.from_dict(job.preprocessing))


def _dataset(services: Services, job: JobRecord, request: ForkRequest) -> Any:
    """The dataset the request brings or names, else the parent's; `Invalid` when that one is gone."""
    if request.dataset is not None:
        return request.dataset
    with services.database.read() as connection:
        there = resources.dataset_sha256(connection, job.dataset_name)
    if there is None or job.dataset_sha256 not in (None, there):
        what = "is gone" if there is None else "is another one by now"
        raise Invalid.at("#/dataset", f"is needed: `{job.dataset_name}`, which the job was trained on, {what}")
    return job.dataset_name


def _resolve(services: Services, parent: Parent, request: ForkRequest, data: JobData) -> Resolved:
    """The parent's training with the request's keys in place of its own, fitted to the dataset."""
    ours = TrainingDefinition.model_validate(parent.job.training)
    given = request.training
    if "preprocessing" in given.model_fields_set and given.preprocessing != ours.preprocessing:
        raise Invalid.at(
            "#/training/preprocessing", "stays the job's: its parameters were trained with what was fitted"
        )
    table = as_trained(parent.preprocessing, data.name, data.table, "#/dataset")
    network = NetworkDefinition.model_validate(parent.job.network)
    seed = parent.job.training["seed"]
    resolved = resolve(network, table, given.over(ours), seed, services.settings.max_parameters)
    check_validation(services, table, resolved)
    return resolved


def _standing(parent: Parent, training: dict[str, Any]) -> tuple[bool, str | None]:
    """Whether the optimizer goes on from the parent's state, else why it starts fresh."""
    if parent.state is None:
        return False, "the job stores no optimizer state"
    before = parent.job.training
    if before["precision"] != training["precision"]:
        return False, f"{before['precision']} became {training['precision']}"
    old, new = (build(OPTIMIZERS, each["optimizer"]) for each in (before, training))
    if not is_continued(old, new):
        became = f"{old.name} became {new.name}" if old.name != new.name else f"other settings of {new.name}"
        return False, became
    return True, None


def _hold(services: Services, connection: Any, parent: Parent, start: Start) -> None:
    """See that what is pointed to is still there: a best epoch goes when it is bettered. `NotFound` when it went."""
    gone = [address for address in start.addresses() if not services.blobs.touch(address)]
    if gone:
        epochs.load_parameters(connection, parent.job.number, parent.stored.epoch)
        raise Damaged(f"the bytes with SHA-256 {gone[0]} are missing in the data folder's blobs")


def _told(parent: Parent, training: dict[str, Any], kept: bool, reason: str | None) -> dict[str, Any]:
    """Where the fork comes from, as its answer says it.

    With the parent's seed it draws on where the parent stood. Rows that validate stay the parent's, whatever the seed.
    """
    goes_on = training["seed"] == parent.job.training["seed"]
    return {
        "job": parent.job.id,
        "epoch": parent.stored.epoch,
        "optimizer_state": "stored" if kept else "fresh",
        "reason": reason,
        "precision": parent.job.training["precision"],
        "draws_from": parent.job.draws_from + parent.stored.epoch if goes_on else 0,
        "split_seed": parent.job.splitting["seed"],
    }
