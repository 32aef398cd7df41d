"""Forks jobs: a new job begins at a stored epoch of another one, and stores a copy of that epoch's parameters."""

from dataclasses import dataclass

from service.backprop.inspection.optimizer_step import is_continued
from service.backprop.optimizers import OPTIMIZERS
from service.definitions.choices import build
from service.definitions.dataset_names import DatasetReference
from service.definitions.decisions import check_decision, to_store
from service.definitions.job_columns import choose
from service.definitions.job_parts import ForkedFrom, Promote
from service.definitions.network import NetworkDefinition
from service.definitions.requests import DatasetRequest, ForkRequest
from service.definitions.resolve import Resolved, resolve
from service.definitions.resolved import ResolvedTraining
from service.definitions.training import TrainingDefinition
from service.errors import Damaged, Invalid
from service.jobs.fitted import read_fitted
from service.jobs.new_jobs import (
    HeldOutUses,
    JobData,
    QueuedJob,
    add_to_queue,
    check_held_out,
    dataset_of,
    promotion_of,
    record_no_key,
    store_dataset,
    webhook_of,
    with_storage_limit,
)
from service.jobs.stored_parameters import parameter_bytes, parameters_of
from service.preprocessing.compatibility import with_fitted_columns
from service.preprocessing.fit import Preprocessing
from service.services import Services
from service.store import datasets
from service.store.blobs import references
from service.store.blobs.placement import size_of
from service.store.database import Connection
from service.store.epoch_records import StoredBytes, StoredParameters
from service.store.epochs import epochs, optimizer_states
from service.store.idempotency import RecordKey
from service.store.jobs import fork_starts, jobs, sizes
from service.store.jobs.fork_starts import Start
from service.store.records import DatasetUse, JobRecord, NewJob, OnOtherMachine


@dataclass(frozen=True)
class Parent:
    """A job at one of its stored epochs; `state` is the optimizer's state, None where it was not stored."""

    job: JobRecord
    stored: StoredParameters
    state: StoredBytes | None
    preprocessing: Preprocessing


@dataclass(frozen=True)
class CheckedFork:
    """A fork whose parts fit each other, which is not stored yet."""

    parent: Parent
    request: ForkRequest
    data: JobData
    training: ResolvedTraining
    held_out: HeldOutUses
    promote: Promote | None

    @property
    def fresh_because(self) -> str | None:
        """Why the optimizer starts anew; None where it continues from its stored state."""
        return _why_fresh(self.parent, self.training)

    @property
    def start(self) -> Start:
        """What the fork's epoch 0 is made of."""
        return Start(self.parent.stored, self.parent.state if self.fresh_because is None else None)

    def to_insert(self, services: Services, dataset: DatasetUse) -> NewJob:
        """Return the job with the version of the dataset that it uses."""
        parent, request = self.parent.job, self.request
        return NewJob(
            priority=request.priority,
            pause_at=request.pause_at,
            on_other_machine=OnOtherMachine(request.on_other_machine),
            model_name=request.model,
            metadata=request.metadata,
            network_name=parent.network_name,
            network=parent.network,
            dataset=dataset,
            validation=self.held_out.validation,
            test=self.held_out.test,
            training=with_storage_limit(services, self.training),
            targets=parent.targets,
            columns=self.data.columns,
            decision=to_store(request.decision),
            promote=self.promote,
            preprocessing={**(parent.preprocessing or {}), "class_weights": None, "scale": self.data.table.scale},
            forked_from=_forked_from(self.parent, self.training, self.data, self.fresh_because),
        )


def check_exists(services: Services, job_id: str) -> None:
    """Raise `NotFound` for a job that does not exist, before its request's body is read."""
    with services.database.read() as connection:
        jobs.number_of(connection, job_id)


def fork(services: Services, job_id: str, request: ForkRequest, record_key: RecordKey = record_no_key) -> QueuedJob:
    """Store a queued job whose epoch 0 is the requested epoch of another one, then ring the doorbell."""
    services.space.check(services.settings.keep_free_bytes)
    parent = _parent(services, job_id, str(request.epoch))
    with dataset_of(services, _dataset(services, parent.job, request)) as found:
        checked = _check(services, parent, request, _chosen(parent, request, found))
        webhook = webhook_of(services, request.notify)
        with services.database.begin() as connection:
            references.pointing(connection)
            _check_still_stored(services, connection, parent, checked.start)
            new = checked.to_insert(services, store_dataset(services, connection, checked.data))
            queued = add_to_queue(services, connection, new, record_key, webhook)
            number, parts = queued.job.number, checked.start.parts()
            fork_starts.add(connection, number, checked.start)
            sizes.set_start(connection, number, sum(size_of(services.blobs, part) for part in parts))
    services.doorbell.ring()
    return queued


def _check(services: Services, parent: Parent, request: ForkRequest, data: JobData) -> CheckedFork:
    """Return a fork whose parts fit each other; raise `Invalid` for one whose parts do not."""
    with request.pointing():
        resolved, held_out = _resolve(services, parent, request, data)
    check_decision(request.decision, parent.preprocessing.labels, resolved.network.reached)
    promote = promotion_of(services, request.promote, data, parent.job.targets)
    return CheckedFork(parent, request, data, resolved.training, held_out, promote)


def _parent(services: Services, job_id: str, epoch: str) -> Parent:
    job, stored = parameters_of(services, job_id, epoch)
    if stored.bytes is not None:
        parameter_bytes(services, job, stored)  # a fork of damaged bytes is refused; a blob is checked when it is read
    with services.database.read() as connection:
        state = optimizer_states.load(connection, job.number, stored.epoch)
        assert job.preprocessing is not None  # it is stored with the first epoch
        preprocessing = read_fitted(connection, job.id, job.preprocessing)
    return Parent(job, stored, state, preprocessing)


def _dataset(services: Services, job: JobRecord, request: ForkRequest) -> DatasetReference | DatasetRequest:
    """Return the dataset that the request contains or names, otherwise the version that the parent was trained on.

    Raises
    ------
    Invalid
        When the parent's version was removed.
    """
    if request.data is not None:
        return request.data
    with services.database.read() as connection:
        absence = datasets.absence_of(connection, job.dataset, ", which the job was trained on,")
    if absence is not None:
        raise Invalid.at("#/dataset", f"is needed: {absence}")
    return job.dataset.reference


def _resolve(services: Services, parent: Parent, request: ForkRequest, data: JobData) -> tuple[Resolved, HeldOutUses]:
    """Resolve the parent's training, with the request's keys in place of its own, for the dataset.

    Return it with the versions of the datasets that validate and test.
    """
    parents = TrainingDefinition.model_validate(parent.job.training.to_json())
    given = request.training
    if "preprocessing" in given.model_fields_set and given.preprocessing != parents.preprocessing:
        raise Invalid.at(
            "#/training/preprocessing", "stays the job's: its parameters were trained with what was fitted"
        )
    table = with_fitted_columns(parent.preprocessing, data.name, data.table, "#/dataset")
    network = NetworkDefinition.model_validate(parent.job.network)
    seed = parent.job.training.seed
    scaling, most = parent.preprocessing.target_values, services.settings.max_parameters
    resolved = resolve(network, table, given.over(parents), seed, most, scaling)
    held_out = check_held_out(services, data, table, resolved, parent.job.dataset)
    _check_test(parent.job, data, resolved.training)
    return resolved, held_out


def _check_test(parent: JobRecord, data: JobData, training: ResolvedTraining) -> None:
    """Raise `Invalid` when a fork is to test on rows that its parent may have trained on."""
    test, before = training.test, parent.training.test
    if test is None or test.dataset is not None or test == before or not _is_trained_on(parent, data):
        return
    own = "the job held out none" if before is None else "they stay the job's own"
    detail = (
        f"cannot be drawn from `{data.name}`, on which the job's parameters were trained: {own}; "
        "give `null`, or a `dataset` of other rows"
    )
    raise Invalid.at("#/training/test", detail)


def _is_trained_on(parent: JobRecord, data: JobData) -> bool:
    """Return whether the rows of a fork are those of its parent."""
    if parent.dataset.sha256 is None:
        return data.staged is None and data.name == parent.dataset.name
    return data.table.sha256 == parent.dataset.sha256


def _chosen(parent: Parent, request: ForkRequest, data: JobData) -> JobData:
    """Return the rows with the columns that the fork uses: those it chooses, otherwise its parent's choice."""
    own = choose(data.table, request)
    if own is not None or parent.job.columns is None:
        return data.using(own)
    return data.using(parent.job.columns)


def _why_fresh(parent: Parent, training: ResolvedTraining) -> str | None:
    """Return why the optimizer cannot continue with the parent's state; None when it can."""
    if parent.state is None:
        return "the job stores no optimizer state"
    before = parent.job.training
    if before.precision != training.precision:
        return f"{before.precision} became {training.precision}"
    old, new = (build(OPTIMIZERS, settings.optimizer) for settings in (before, training))
    if is_continued(old, new):
        return None
    return f"{old.name} became {new.name}" if old.name != new.name else f"other settings of {new.name}"


def _check_still_stored(services: Services, connection: Connection, parent: Parent, start: Start) -> None:
    """Check that the blobs of the start still exist: those of a best epoch are removed when a later one is better.

    Raises
    ------
    NotFound
        When the epoch's parameters were removed meanwhile.
    Damaged
        When the bytes are missing although the database points to them.
    """
    missing = [address for address in start.addresses() if not services.blobs.touch(address)]
    if missing:
        if not epochs.has_parameters(connection, parent.job.number, parent.stored.epoch):
            raise epochs.parameters_not_stored(connection, parent.job.number, parent.stored.epoch)
        raise Damaged(f"the bytes with SHA-256 {missing[0]} are missing in the data folder's blobs")


def _forked_from(parent: Parent, training: ResolvedTraining, data: JobData, fresh_because: str | None) -> ForkedFrom:
    """Describe where the fork comes from.

    With the parent's seed, the fork continues the parent's random draws. It has the parent's validation and test rows
    with any seed; its test rows also where it trains or validates on other ones.
    """
    continues_draws = training.seed == parent.job.training.seed
    drawn = {}
    if training.test is not None and training.test.fraction is not None and _is_trained_on(parent.job, data):
        splitting = parent.job.splitting
        drawn = {"test_from": splitting.test_from or splitting.training_ranges(data.table.rows)}
    return ForkedFrom(
        job=parent.job.id,
        epoch=parent.stored.epoch,
        optimizer_state="stored" if fresh_because is None else "fresh",
        reason=fresh_because,
        precision=parent.job.training.precision,
        draws_from=parent.job.draws_from + parent.stored.epoch if continues_draws else 0,
        split_seed=parent.job.splitting.seed,
        **drawn,
    )
