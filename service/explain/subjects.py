"""Subjects of explanations: an epoch of a job or a version of a model, with the settings of its training."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, cast

import numpy as np

from service.backprop.inspection.optimizer_step import InitialState, is_continued
from service.backprop.inspection.trace import Updating
from service.backprop.layers import LAYERS
from service.backprop.losses import LOSSES, Loss
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS, Optimizer
from service.backprop.training.row_weights import Weighing
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import OptimizerState
from service.definitions.build import build_settings
from service.definitions.choices import build
from service.definitions.fill import DEFAULT_OPTIMIZER
from service.definitions.network import parameter_counts
from service.errors import Conflict, Invalid, NotFound, TooLarge
from service.explain.answers import SubjectFields
from service.models.cache import ModelCache, TrainedNetwork
from service.models.loading import load_epoch, load_version
from service.models.references import Wanted
from service.preprocessing.fit import Preprocessing
from service.services import Services
from service.store import models as stored_models
from service.store.blobs.placement import read as read_bytes
from service.store.database import Connection
from service.store.epochs import epochs, optimizer_states
from service.store.jobs import jobs
from service.store.records import JobRecord

MOST_PARAMETERS = 12_000_000  # a trace holds about ten float64 vectors of this size

JOB_IS_GONE = "the job that trained this version is gone, and with it how it was trained"
OUTSIDE = "this version was made of parameters that a client sent, so it is not known how they were trained"


@dataclass(frozen=True)
class Subject:
    """A network to explain.

    `settings` is None where it is not known how it was trained, and `reason` says why. `head` names the subject in
    answers. `read_optimizer_state` reads the optimizer's state when it is first needed; None means that the optimizer
    begins with a new state.
    """

    network: Network
    preprocessing: Preprocessing
    settings: TrainingSettings | None
    learning_rate: float
    head: SubjectFields
    job: JobRecord | None = None
    reason: str = ""
    read_optimizer_state: Callable[[], InitialState | None] | None = None

    @property
    def job_epoch(self) -> int:
        """The epoch of a job's network, which a version of parameters that a client sent does not have."""
        return cast(int, self.head["epoch"])

    def trained(self) -> TrainingSettings:
        if self.settings is None:
            raise Conflict(f"{self.reason}; give a `loss`")
        return self.settings

    def weighing(self) -> Weighing:
        settings = self.trained()
        return Weighing(settings.loss, settings.class_weights, settings.label_smoothing)

    def optimizer_state(self) -> InitialState | None:
        """Return the optimizer's state if it is stored with the epoch, otherwise None for a new state."""
        return None if self.read_optimizer_state is None else self.read_optimizer_state()

    def updating(self) -> Updating:
        settings = self.trained()
        return Updating(settings.optimizer, self.learning_rate, settings.regularization, self.optimizer_state())

    def with_choices(self, loss: Any, optimizer: Any) -> "Subject":
        """Return the subject with the request's `loss` and `optimizer` in place of its own, where given."""
        if loss is None and optimizer is None:
            return self
        settings, rate, read_optimizer_state = self.settings, self.learning_rate, self.read_optimizer_state
        if settings is None:
            if loss is None:
                return self
            settings = plain_settings(build_loss(loss), build_optimizer(DEFAULT_OPTIMIZER))
            rate = settings.optimizer.learning_rate
        if loss is not None:
            wanted = build_loss(loss)
            check_loss(wanted, self.network)
            settings = replace(settings, loss=wanted)
        if optimizer is not None:
            chosen = build_optimizer(optimizer.model_dump(mode="json"))
            read_optimizer_state = read_optimizer_state if is_continued(settings.optimizer, chosen) else None
            settings, rate = replace(settings, optimizer=chosen), chosen.learning_rate
        return replace(self, settings=settings, learning_rate=rate, read_optimizer_state=read_optimizer_state)


def epoch_subject(services: Services, model_cache: ModelCache, job_id: str, epoch: str) -> Subject:
    """Return a job's network after an epoch: a number, `best` or `last`. The job may be running or have failed."""
    with services.database.read() as connection:
        job = jobs.get_job(connection, job_id)
    check_size(job.network)
    trained = load_epoch(services, model_cache, job_id, epoch)
    return _of_job(services, job, trained, {"job": job.id, "epoch": trained.epoch})


def version_subject(
    services: Services, model_cache: ModelCache, name: str, wanted: Wanted | None, epoch: str | None
) -> Subject:
    """Return a version of a model, as `load_version` takes it; with `epoch`, its job's network after that epoch."""
    with services.database.read() as connection:
        record = stored_models.load_version(connection, name, wanted)
        check_size(record.network)
        job = _job_of(connection, record.job_id)
    trained = load_version(services, model_cache, name, record.version, epoch)
    head: SubjectFields = {"model": name, "version": trained.version, "epoch": trained.epoch}
    if job is None:
        reason = OUTSIDE if record.job_id is None else JOB_IS_GONE
        return Subject(trained.network, trained.preprocessing, None, 0.0, head, reason=reason)
    return _of_job(services, job, trained, head)


def _job_of(connection: Connection, job_id: str | None) -> JobRecord | None:
    """Return the job that a version was made from; None when it is gone, and for parameters that a client sent."""
    if job_id is None:
        return None
    try:
        return jobs.get_job(connection, job_id)
    except NotFound:
        return None


def _of_job(services: Services, job: JobRecord, trained: TrainedNetwork, head: SubjectFields) -> Subject:
    weights = trained.preprocessing.class_weights
    class_weights = None if weights is None else np.array(weights)
    preprocessing = trained.preprocessing
    settings = build_settings(job.training, preprocessing.target_scale, class_weights, low=preprocessing.low)
    epoch = cast(int, trained.epoch)  # what a job made is one of its epochs
    with services.database.read() as connection:
        record = epochs.get_epoch(connection, job.number, epoch)
    rate = settings.optimizer.learning_rate if record is None else record.learning_rate
    read_optimizer_state = cache(partial(_optimizer_state, services, job, epoch))
    return Subject(
        trained.network,
        trained.preprocessing,
        settings,
        rate,
        head,
        job,
        read_optimizer_state=read_optimizer_state,
    )


def _optimizer_state(services: Services, job: JobRecord, epoch: int) -> InitialState | None:
    """Return the optimizer's state after an epoch, if the job stores it."""
    with services.database.read() as connection:
        stored = optimizer_states.load(connection, job.number, epoch)
    if stored is None:
        return None
    state = OptimizerState.from_bytes(read_bytes(services.blobs, stored))
    return InitialState(state.slots, state.steps, True)


def build_loss(choice: Any) -> Loss:
    loss: Loss = build(LOSSES, choice.model_dump(mode="json"))
    return loss


def build_optimizer(record: Any) -> Optimizer:
    optimizer: Optimizer = build(OPTIMIZERS, record)
    return optimizer


def plain_settings(loss: Loss, optimizer: Optimizer) -> TrainingSettings:
    """Return settings that belong to no job."""
    return TrainingSettings(loss, optimizer, epochs=1, batch_size=1, shuffle=False, seed=0)


def default_loss(network: Network) -> str:
    """Return the default loss of a job, if its targets are values unless the network ends in a softmax."""
    return "categorical_cross_entropy" if output_activation(network) == "softmax" else "mean_squared_error"


def output_activation(network: Network) -> str:
    activation = network.layers[-1].layer.last_activation()
    return "linear" if activation is None else activation.name


def check_loss(loss: Loss, network: Network) -> None:
    """Raise `Invalid` when a loss cannot be computed from the network's outputs."""
    takes = (loss.fused_with,) if loss.fused_with is not None else loss.takes
    have = output_activation(network)
    if takes is not None and have not in takes:
        raise Invalid.at("#/loss", f"{loss.name} needs outputs of {' or '.join(takes)}, got {have}")


def check_size(definition: dict[str, Any]) -> None:
    """Raise `TooLarge` when explaining the network would take too much memory; called before parameters are read."""
    layers = [build(LAYERS, layer) for layer in definition["layers"]]
    count = sum(parameter_counts(layers, definition["inputs"]))
    if count > MOST_PARAMETERS:
        detail = f"networks of at most {MOST_PARAMETERS:,} parameters are explained, and this one has {count:,}"
        raise TooLarge(detail)
