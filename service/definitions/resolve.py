"""Resolves a job: fills in every default, and checks that network, dataset and training fit each other.

No rows are read and no parameters allocated. Imports `service.backprop` for the properties of losses.
"""

from dataclasses import dataclass

from service.backprop.losses import LOSSES, Loss
from service.definitions.choices import build
from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.fill import fill
from service.definitions.network import NetworkDefinition, check_fits, check_network, parameter_counts
from service.definitions.resolved import ResolvedTraining, Targets
from service.definitions.rows import RowUse, resolve_rows
from service.definitions.target_scaling import Reach, check_fitted_scaling, check_target_scaling, warnings_of
from service.definitions.targets import Output, read_targets
from service.definitions.training import TrainingDefinition
from service.definitions.weights import check_class_weights, check_sample_weights
from service.errors import Invalid

MAX_FLOAT32 = 3.4e38


@dataclass(frozen=True)
class Resolved:
    """A job with all defaults: a network with `inputs` and every layer, `training`, and how targets are read."""

    network: NetworkDefinition
    training: ResolvedTraining
    targets: Targets
    training_rows: int
    parameters: int


def resolve(
    network: NetworkDefinition,
    table: Table,
    training: TrainingDefinition,
    seed: int,
    max_parameters: int,
    fitted_scaling: str | None = None,
) -> Resolved:
    """Return the job with all defaults filled in.

    Parameters
    ----------
    seed
        Used when the client gave none.
    max_parameters
        The largest number of parameters that a network may have.
    fitted_scaling
        How value targets are scaled, where that is decided: for a fork, by its parent.

    Raises
    ------
    Invalid
        With a JSON pointer into the job's body, when its parts do not fit each other.
    """
    loss = _loss_of(training)
    targets = read_targets(table, _output_of(network, table, training), loss)
    whole = _whole(network, targets, table, training.preprocessing.missing)
    check_network(whole, max_parameters, "#/network")
    assert whole.inputs is not None
    output = Output.of(whole.engine_layers(), whole.inputs)
    _check_output(output, targets)
    rows = resolve_rows(table, training, targets.are_classes)
    loss = loss or LOSSES[_default_loss(output, targets)]()
    _check_loss(loss, output, targets)
    if not targets.are_classes:
        targets = _with_scaling(targets, table, Reach(output.function, loss), training, rows, fitted_scaling)
    check_precision(table, training.precision)
    check_class_weights(training.class_weights, targets.labels)
    check_sample_weights(table, rows.left_out)
    _check_missing(table, training)
    layers = whole.engine_layers()
    filled = fill(training, loss, rows, targets, layers, seed)
    return Resolved(whole, filled, targets, rows.training_rows, sum(parameter_counts(layers, whole.inputs)))


def _loss_of(training: TrainingDefinition) -> Loss | None:
    if training.loss is None:
        return None
    loss: Loss = build(LOSSES, training.loss.model_dump(mode="json"))
    return loss


def _output_of(network: NetworkDefinition, table: Table, training: TrainingDefinition) -> Output | None:
    """Return the output of a network; None when its output layer is yet to be made to fit the targets."""
    if network.layers is None:
        return None
    return Output.of(network.engine_layers(), input_width(table.having(Role.INPUT), training.preprocessing.missing))


def _with_scaling(
    targets: Targets,
    table: Table,
    reach: Reach,
    training: TrainingDefinition,
    rows: RowUse,
    fitted_scaling: str | None,
) -> Targets:
    """Check that the network can be trained towards value targets, and add warnings where it hardly can."""
    if fitted_scaling is not None:
        check_fitted_scaling(table, reach.loss, fitted_scaling, rows.left_out > 0)
        return targets
    choice = training.preprocessing.targets
    ranges = (training.rows, *(part.rows for part in (rows.validation, rows.test) if part is not None))
    some_train = any(part is not None for part in ranges)
    check_target_scaling(table, reach, choice, some_train, rows.left_out > 0)
    return targets.model_copy(update={"warnings": {**targets.warnings, **warnings_of(table, reach, choice)}})


def _whole(network: NetworkDefinition, targets: Targets, table: Table, missing: str) -> NetworkDefinition:
    """Return the network with its inputs and an output layer that fits the targets."""
    network = network.with_output(targets.outputs, "softmax" if targets.are_classes else "linear")
    features = input_width(table.having(Role.INPUT), missing)
    if network.inputs is not None and network.inputs != features:
        raise Invalid.at("#/network/inputs", f"is {network.inputs}, but the dataset gives {features} inputs a row")
    check_fits(network.engine_layers(), features, "#/network")
    return NetworkDefinition(inputs=features, layers=network.layers)


def input_width(columns: tuple[Column, ...], missing: str) -> int:
    """Return how many inputs of a network columns take: one for a number, each category, and each indicator."""
    width = 0
    for column in columns:
        width += 1 if column.type is ColumnType.NUMBER else len(column.categories or ())
        width += missing == "indicator" and column.type is ColumnType.NUMBER and column.missing > 0
    return width


def _check_output(output: Output, targets: Targets) -> None:
    if output.units == targets.outputs:
        return
    if targets.labels is None:
        wanted = f"{targets.outputs}, one a target column"
    else:
        wanted = f"{len(targets.labels)}, one a class" + (" (or 1)" if len(targets.labels) == 2 else "")
    kind = "values" if targets.labels is None else "classes"
    detail = f"must be {wanted}, got {output.units}; the targets are {kind}: {targets.because}"
    raise Invalid.at(f"#/network/layers/{output.layer}/units", detail)


def _default_loss(output: Output, targets: Targets) -> str:
    if output.activation == "softmax" and targets.are_classes:
        return "categorical_cross_entropy"
    if output.activation == "sigmoid" and output.units == 1 and targets.are_classes:
        return "binary_cross_entropy"
    return "mean_squared_error"


def _check_loss(loss: Loss, output: Output, targets: Targets) -> None:
    fused = loss.fused_with
    if fused is not None and (output.activation != fused or not targets.are_classes):
        have = [f"a {output.activation} output"] if output.activation != fused else []
        have += [] if targets.are_classes else [f"targets that are values: {targets.because}"]
        detail = f"{loss.name} needs a {fused} output and classes, got {' and '.join(have)}"
        raise Invalid.at("#/training/loss", detail)
    if loss.takes is not None and output.activation not in loss.takes:
        known = " or ".join(loss.takes)
        raise Invalid.at("#/training/loss", f"{loss.name} needs outputs of {known}, got {output.activation}")
    if output.activation == "softmax" and output.units == 1:
        raise Invalid.at(
            f"#/network/layers/{output.layer}/activation",
            "softmax over one unit is always 1; use sigmoid, or two units",
        )


def _check_missing(table: Table, training: TrainingDefinition) -> None:
    """Raise `Invalid` for missing values, which are known before training unless `rows` leaves some out."""
    if training.rows is not None:
        return
    for column in table.columns:
        if column.missing and (column.role is Role.TARGET or training.preprocessing.missing == "error"):
            fill = "; set training.preprocessing.missing to mean, median or indicator, or leave it out with `drop`"
            remove = "; targets are never filled: send the dataset without those rows"
            hint = remove if column.role is Role.TARGET else fill
            raise Invalid.at("#/dataset", f"column `{column.name}` has {column.missing} missing values{hint}")


def check_precision(table: Table, precision: str, where: str = "#/training/precision") -> None:
    """Raise `Invalid` for numbers beyond a float32, which would be infinities there."""
    for column in table.columns:
        largest = max(abs(column.minimum or 0.0), abs(column.maximum or 0.0))
        largest /= table.scale if column.role is Role.INPUT else 1.0
        if precision == "float32" and largest > MAX_FLOAT32:
            raise Invalid.at(where, f"column `{column.name}` holds {largest:g}, beyond a float32; use float64")
