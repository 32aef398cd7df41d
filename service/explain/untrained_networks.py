"""Untrained networks as subjects: parameters are given in the request or drawn with a seed, and rows are numbers."""

import secrets
from dataclasses import replace
from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.definitions.build import build_network
from service.definitions.columns import ColumnType
from service.definitions.explaining import NetworkTraceRequest
from service.definitions.fill import DEFAULT_OPTIMIZER
from service.definitions.network import NetworkDefinition, check_fits
from service.errors import Invalid, escaped
from service.explain.answers import SubjectFields
from service.explain.subjects import (
    Subject,
    build_loss,
    build_optimizer,
    check_loss,
    check_size,
    default_loss,
    plain_settings,
)
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn
from service.services import Services
from service.store import networks

NO_PREPROCESSING = Preprocessing("none", "none", "error", (), (), None, None, False)


def network_subject(services: Services, name: str, request: NetworkTraceRequest) -> Subject:
    """Return an untrained network with the request's parameters, or parameters drawn with its seed."""
    with services.database.read() as connection:
        record = networks.get_network(connection, name)
    outputs = len(request.targets[0]) if isinstance(request.targets[0], list) else 1
    definition = complete_definition(record.definition, max(outputs, 1), request.loss)
    inputs = definition.inputs or (len(request.instances[0]) if isinstance(request.instances[0], list) else 1)
    subject = with_drawn_parameters(name, definition, max(inputs, 1), request.seed, request.loss)
    if request.parameters is not None:
        _take(subject.network, request.parameters)
        subject.head.pop("seed")
    subject = replace(subject, preprocessing=_plain(subject.network))
    return subject.with_choices(None, request.optimizer)


def complete_definition(record: dict[str, Any], outputs: int, loss: Any) -> NetworkDefinition:
    """Return the stored network; for one given by `hidden`, add an output layer that fits the loss.

    The loss is the request's, otherwise the network's default.
    """
    definition = NetworkDefinition.model_validate(record)
    chosen = loss or (None if definition.training is None else definition.training.loss)
    activation = "linear"
    if chosen is not None:
        kind = LOSSES[chosen.type]
        activation = kind.fused_with or (kind.takes or ("linear",))[0]
    return definition.with_output(outputs, activation).model_copy(update={"training": definition.training})


def with_drawn_parameters(
    name: str, definition: NetworkDefinition, inputs: int, seed: int | None, loss: Any
) -> Subject:
    """Return a network with parameters drawn with a seed, or a random seed if it is None; without preprocessing."""
    _check_inputs(definition, inputs)
    normalised = {**definition.normalised(), "inputs": inputs}
    check_size(normalised)
    network = build_network(normalised, "float64")
    seed = secrets.randbits(53) if seed is None else seed
    network.initialize(seed)
    own = definition.training
    wanted = loss or (None if own is None else own.loss)
    chosen = LOSSES[default_loss(network)]() if wanted is None else build_loss(wanted)
    check_loss(chosen, network)
    record = DEFAULT_OPTIMIZER if own is None or own.optimizer is None else own.optimizer.model_dump(mode="json")
    settings = plain_settings(chosen, build_optimizer(record))
    head: SubjectFields = {"network": name, "seed": seed}
    return Subject(network, NO_PREPROCESSING, settings, settings.optimizer.learning_rate, head)


def _check_inputs(definition: NetworkDefinition, inputs: int) -> None:
    """Raise `Invalid` unless the weights in a network's definition fit the number of inputs."""
    try:
        check_fits(definition.engine_layers(), inputs)
    except Invalid as error:
        detail = f"has {inputs} values, but `layers` of the network: {error.faults[0].detail}"
        raise Invalid.at("#/instances/0", detail) from None


def _plain(network: Network) -> Preprocessing:
    """Return preprocessing that does not change numbers."""
    inputs = tuple(InputColumn(f"input {index + 1}", ColumnType.NUMBER) for index in range(network.inputs))
    targets = tuple(TargetColumn(f"output {index + 1}") for index in range(network.outputs))
    return replace(NO_PREPROCESSING, inputs=inputs, targets=targets)


def _take(network: Network, parameters: list[dict[str, list[Any]]]) -> None:
    """Copy the request's parameters into the network after checking their shapes."""
    if len(parameters) != len(network.layers):
        detail = f"must have {len(network.layers)} entries, one a layer, got {len(parameters)}"
        raise Invalid.at("#/parameters", detail)
    for placed, given in zip(network.layers, parameters, strict=True):
        where = f"#/parameters/{placed.index}"
        for name in given:
            if name not in placed.values:
                known = ", ".join(f"`{known}`" for known in placed.values) or "none"
                raise Invalid.at(f"{where}/{escaped(name)}", f"`{name}` is not known; known are {known}")
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
