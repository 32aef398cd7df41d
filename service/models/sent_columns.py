"""What the inputs and outputs of parameters from outside mean: plain numbers, named by a client or by a dataset.

Nothing is fitted: numbers reach the network as they are sent (divided by the dataset's scale, if it has one), and
categories as one input each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.definitions.build import engine_layers
from service.definitions.columns import ColumnType, Role, Table, input_names, target_names
from service.definitions.network import NetworkDefinition, widths
from service.definitions.resolve import resolve
from service.definitions.training import TrainingDefinition
from service.errors import Invalid
from service.models.signature import output_activation
from service.preprocessing.classes import codes_of
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn

SIGNS = (-1.0, 1.0)
NUMBER = ColumnType.NUMBER


@dataclass(frozen=True)
class SentNetwork:
    """The definition of a network, with `inputs` and all layers, and what its inputs and outputs mean."""

    definition: dict[str, Any]
    preprocessing: Preprocessing


def named(network: NetworkDefinition, inputs: Sequence[str], classes: Sequence[str]) -> SentNetwork:
    """Return a network whose inputs are numbers, with the names of these and the classes that a client gives, if any.

    Raises
    ------
    Invalid
        At the query's parameters, when there are more or fewer names than the network has inputs or outputs.
    """
    if network.layers is None or network.inputs is None:
        lacks = "has no output layer" if network.layers is None else "does not say how many `inputs` it has"
        raise Invalid.at("?network", f"{lacks}: give a `dataset` that it fits, or a network that is written out")
    definition = network.normalised()
    width, units = network.inputs, widths(engine_layers(definition), network.inputs)[-1]
    names = tuple(inputs) or input_names(width)
    if len(names) != width:
        raise Invalid.at("?inputs", f"must name the network's {width} inputs, got {len(names)} name(s)")
    _check_once("?inputs", names)
    _check_once("?classes", classes)
    most = 2 if units == 1 else units
    if classes and len(classes) != most:
        raise Invalid.at("?classes", f"must name the {most} classes of the outputs, got {len(classes)} name(s)")
    columns = tuple(InputColumn(name, NUMBER) for name in names)
    if not classes:
        return SentNetwork(definition, _plain(columns, tuple(map(TargetColumn, target_names(units)))))
    codes = tuple(map(float, range(len(classes))))
    return SentNetwork(definition, _of_classes(definition, columns, ("class",), tuple(classes), codes, units, 1.0))


def of_dataset(network: NetworkDefinition, table: Table, max_parameters: int) -> SentNetwork:
    """Return a network whose inputs and outputs are the columns of a dataset, read as a job's defaults read them.

    Raises
    ------
    Invalid
        When the network does not fit the dataset.
    """
    try:
        resolved = resolve(network, table, TrainingDefinition(), 0, max_parameters)
    except Invalid as error:
        raise Invalid.at("?dataset", f"does not go with the network: {error.faults[0].detail}") from None
    definition, targets = resolved.network.normalised(), table.having(Role.TARGET)
    columns = tuple(
        InputColumn(
            column.name,
            column.type,
            column.categories,
            is_date=column.is_date,
            minimum=column.minimum,
            maximum=column.maximum,
            mean=column.mean,
        )
        for column in table.having(Role.INPUT)
    )
    names, labels = tuple(column.name for column in targets), resolved.targets.labels
    if labels is None:
        return SentNetwork(definition, _plain(columns, tuple(map(TargetColumn, names)), table.scale))
    codes = tuple(codes_of(targets[0]).tolist()) if len(targets) == 1 else None
    units = widths(engine_layers(definition), resolved.network.inputs or 0)[-1]
    return SentNetwork(definition, _of_classes(definition, columns, names, labels, codes, units, table.scale))


def _check_once(where: str, names: Sequence[str]) -> None:
    seen = set[str]()
    for name in names:
        if not name or name in seen:
            raise Invalid.at(where, f"`{name[:40]}` is named twice" if name else "has an empty name")
        seen.add(name)


def _plain(columns: tuple[InputColumn, ...], targets: tuple[TargetColumn, ...], scale: float = 1.0) -> Preprocessing:
    return Preprocessing("none", "none", "error", columns, targets, None, None, False, scale=scale)


def _of_classes(
    definition: dict[str, Any],
    columns: tuple[InputColumn, ...],
    targets: tuple[str, ...],
    labels: tuple[str | int, ...],
    codes: tuple[float, ...] | None,
    units: int,
    scale: float,
) -> Preprocessing:
    """Return plain preprocessing with classes: a single output means the second from the middle of its range on."""
    low, high = output_activation(definition).bounds
    return Preprocessing(
        "none",
        "none",
        "error",
        columns,
        tuple(map(TargetColumn, targets)),
        labels,
        codes,
        units == 1,
        threshold=0.5 if (low, high) == (0.0, 1.0) else 0.0,
        scale=scale,
        low=-1.0 if (low, high) == SIGNS else 0.0,
    )
