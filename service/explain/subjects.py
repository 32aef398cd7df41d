"""What is explained: an epoch of a job, a version of a model, or a bare network, with how it is trained."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from service import models
from service.backprop.arrays import FloatArray
from service.backprop.layers import LAYERS
from service.backprop.losses import LOSSES, Loss
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS, Optimizer
from service.backprop.terms import Standing
from service.backprop.trace import Updating
from service.backprop.trainer import TrainingSettings
from service.backprop.weighing import Weighing
from service.data.preprocessing import InputColumn, Preprocessing, TargetColumn
from service.definitions.build import build_network, build_settings
from service.definitions.choices import build
from service.definitions.columns import ColumnType
from service.definitions.explaining import NetworkTraceRequest
from service.definitions.fill import DEFAULT_OPTIMIZER
from service.definitions.network import NetworkDefinition, check_fits, parameter_counts
from service.errors import Conflict, Invalid, NotFound, TooLarge
from service.models import Trained, Warm
from service.parts import Parts
from service.store import epochs, jobs, resources
from service.store import models as stored_models
from service.store.records import JobRecord

MOST_PARAMETERS = 4_000_000  # a trace holds some twenty vectors of them in float64
NOTHING = Preprocessing("none", "none", "error", (), (), None, None, False)


@dataclass(frozen=True)
class Subject:
    """`settings` are None when the job that knew them is gone; `head` says in answers what is meant."""

    network: Network
    preprocessing: Preprocessing
    settings: TrainingSettings | None
    learning_rate: float
    head: dict[str, Any]
    job: JobRecord | None = None

    def trained(self) -> TrainingSettings:
        if self.settings is None:
            raise Conflict("the job that trained this version is gone, and with it how it was trained; give a `loss`")
        return self.settings

    def weighing(self) -> Weighing:
        settings = self.trained()
        return Weighing(settings.loss, settings.class_weights, settings.label_smoothing)

    def standing(self) -> Standing | None:
        """Where the optimizer stood: not stored with epochs, so that every step is a first one."""
        return None

    def updating(self) -> Updating:
        settings = self.trained()
        return Updating(settings.optimizer, self.learning_rate, settings.regularization, self.standing())

    def with_choices(self, loss: Any, optimizer: Any) -> "Subject":
        """With the request's `loss` and `optimizer` in place of its own, where they are given."""
        if loss is None and optimizer is None:
            return self
        settings, rate = self.settings, self.learning_rate
        if settings is None:
            if loss is None:
                return self
            settings = plain_settings(build_loss(loss), _optimizer(DEFAULT_OPTIMIZER))
            rate = settings.optimizer.learning_rate
        if loss is not None:
            chosen = build_loss(loss)
            check_loss(chosen, self.network)
            settings = replace(settings, loss=chosen)
        if optimizer is not None:
            settings = replace(settings, optimizer=_optimizer(optimizer.model_dump(mode="json")))
            rate = settings.optimizer.learning_rate
        return replace(self, settings=settings, learning_rate=rate)


def of_epoch(parts: Parts, warm: Warm, job_id: str, epoch: str) -> Subject:
    """The network as a job had it after an epoch: a number, `best` or `last`; of running and failed jobs too."""
    with parts.database.read() as connection:
        job = jobs.get_job(connection, job_id)
    check_size(job.network)
    trained = models.epoch_of(parts, warm, job_id, epoch)
    return _of_job(parts, job, trained, {"job": job.id, "epoch": trained.epoch})


def of_version(parts: Parts, warm: Warm, name: str, version: int | None, epoch: str | None) -> Subject:
    """A version of a model, or the network as its job had it after an epoch."""
    with parts.database.read() as connection:
        record = stored_models.get_version(connection, name, version)
        check_size(record.network)
        try:
            job = jobs.get_job(connection, record.job_id)
        except NotFound:
            job = None
    trained = models.version_of(parts, warm, name, record.version, epoch)
    head = {"model": name, "version": trained.version, "epoch": trained.epoch}
    if job is None:
        return Subject(trained.network, trained.preprocessing, None, 0.0, head)
    return _of_job(parts, job, trained, head)


def _of_job(parts: Parts, job: JobRecord, trained: Trained, head: dict[str, Any]) -> Subject:
    weights = trained.preprocessing.class_weights
    class_weights = None if weights is None else np.array(weights)
    settings = build_settings(job.training, trained.preprocessing.target_scale, class_weights)
    with parts.database.read() as connection:
        record = epochs.get_epoch(connection, job.number, trained.epoch)
    rate = settings.optimizer.learning_rate if record is None else record.learning_rate
    return Subject(trained.network, trained.preprocessing, settings, rate, head, job)


def of_network(parts: Parts, name: str, request: NetworkTraceRequest) -> Subject:
    """A bare network with the request's parameters, or drawn with its seed."""
    with parts.database.read() as connection:
        record = resources.get_network(connection, name)
    definition = NetworkDefinition.model_validate(record.definition)
    softmax = request.loss is not None and request.loss.type == "categorical_cross_entropy"
    outputs = len(request.targets[0]) if isinstance(request.targets[0], list) else 1
    definition = definition.with_output(max(outputs, 1), "softmax" if softmax else "linear")
    inputs = definition.inputs or (len(request.instances[0]) if isinstance(request.instances[0], list) else 1)
    subject = drawn(name, definition, max(inputs, 1), request.seed)
    if request.parameters is not None:
        _take(subject.network, request.parameters)
        subject.head.pop("seed")
    subject = replace(subject, preprocessing=_plain(subject.network))
    return subject.with_choices(request.loss, request.optimizer)


def drawn(name: str, definition: NetworkDefinition, inputs: int, seed: int | None) -> Subject:
    """A network with the parameters of a seed, one that is made if none is given; it does not read rows yet."""
    _check_inputs(definition, inputs)
    normalised = {**definition.normalised(), "inputs": inputs}
    check_size(normalised)
    network = build_network(normalised, "float64")
    seed = secrets.randbits(53) if seed is None else seed
    network.initialize(seed)
    own = definition.training
    loss = LOSSES[default_loss(network)]() if own is None or own.loss is None else build_loss(own.loss)
    record = DEFAULT_OPTIMIZER if own is None or own.optimizer is None else own.optimizer.model_dump(mode="json")
    settings = plain_settings(loss, _optimizer(record))
    head = {"network": name, "seed": seed}
    return Subject(network, NOTHING, settings, settings.optimizer.learning_rate, head)


def _check_inputs(definition: NetworkDefinition, inputs: int) -> None:
    """Weights that a network carries tell how many inputs it takes."""
    try:
        check_fits(definition.engine_layers(), inputs)
    except Invalid as error:
        detail = f"has {inputs} values, but `layers` of the network: {error.faults[0].detail}"
        raise Invalid.at("#/instances/0", detail) from None


def build_loss(choice: Any) -> Loss:
    loss: Loss = build(LOSSES, choice.model_dump(mode="json"))
    return loss


def _optimizer(record: Any) -> Optimizer:
    optimizer: Optimizer = build(OPTIMIZERS, record)
    return optimizer


def plain_settings(loss: Loss, optimizer: Optimizer) -> TrainingSettings:
    """Settings of no job."""
    return TrainingSettings(loss, optimizer, epochs=1, batch_size=1, shuffle=False, seed=0)


def default_loss(network: Network) -> str:
    """As a job's would be, whose targets are values unless the outputs are a softmax."""
    return "categorical_cross_entropy" if output_activation(network) == "softmax" else "mean_squared_error"


def output_activation(network: Network) -> str:
    activation = network.layers[-1].layer.last_activation()
    return "linear" if activation is None else activation.name


def check_loss(loss: Loss, network: Network) -> None:
    """Raise `Invalid` when a loss does not take what the network answers."""
    takes = (loss.fused_with,) if loss.fused_with is not None else loss.takes
    have = output_activation(network)
    if takes is not None and have not in takes:
        raise Invalid.at("#/loss", f"{loss.name} needs outputs of {' or '.join(takes)}, got {have}")


def _plain(network: Network) -> Preprocessing:
    """Nothing is done to the numbers of a bare network."""
    inputs = tuple(InputColumn(f"input {index + 1}", ColumnType.NUMBER) for index in range(network.inputs))
    targets = tuple(TargetColumn(f"output {index + 1}") for index in range(network.outputs))
    return replace(NOTHING, inputs=inputs, targets=targets)


def check_size(definition: dict[str, Any]) -> None:
    """Raise `TooLarge` before parameters are read that would take too much memory to explain."""
    layers = [build(LAYERS, layer) for layer in definition["layers"]]
    count = sum(parameter_counts(layers, definition["inputs"]))
    if count > MOST_PARAMETERS:
        detail = f"networks of at most {MOST_PARAMETERS:,} parameters are explained, and this one has {count:,}"
        raise TooLarge(detail)


def _take(network: Network, parameters: list[dict[str, list[Any]]]) -> None:
    """The request's parameters, checked against the network's shapes."""
    if len(parameters) != len(network.layers):
        detail = f"must have {len(network.layers)} entries, one a layer, got {len(parameters)}"
        raise Invalid.at("#/parameters", detail)
    for placed, given in zip(network.layers, parameters, strict=True):
        where = f"#/parameters/{placed.index}"
        for name in given:
            if name not in placed.values:
                known = ", ".join(f"`{known}`" for known in placed.values) or "none"
                raise Invalid.at(f"{where}/{name}", f"`{name}` is not known; known are {known}")
        for name in placed.shapes:
            if name not in given:
                raise Invalid.at(where, f"`{name}` is missing")
        for name, rows in given.items():
            placed.values[name][...] = _array(rows, placed.values[name].shape, f"{where}/{name}")


def _array(rows: list[Any], shape: tuple[int, ...], where: str) -> FloatArray:
    numbers = [cell for row in rows for cell in (row if isinstance(row, list) else [row])]
    if any(type(cell) not in (int, float) for cell in numbers):
        raise Invalid.at(where, "must hold numbers only")
    try:
        array = np.array(rows, dtype=np.float64)
    except (ValueError, OverflowError):
        raise Invalid.at(where, "must be rows of equal length, of finite numbers") from None
    if array.shape != shape:
        wanted = " x ".join(map(str, shape))
        raise Invalid.at(where, f"must be {wanted} numbers, got {' x '.join(map(str, array.shape))}")
    return array
