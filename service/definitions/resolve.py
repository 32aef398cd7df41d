"""Makes a job whole: every default of the contract filled in, and network, dataset and training fitted to each other.

Arithmetic only: nothing is read and nothing allocated. Imports `service.backprop` for what a loss says of itself.
"""

from dataclasses import dataclass
from typing import Any

from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.network import NetworkDefinition, check_given_weights, check_network, layer_sizes
from service.definitions.rows import resolve_rows, rows_left_out
from service.definitions.training import TrainingDefinition, Validation
from service.definitions.weights import check_class_weights, check_sample_weights
from service.errors import Invalid

MAX_FLOAT32 = 3.4e38


@dataclass(frozen=True)
class Targets:
    """How targets are read: as `labels` of classes, or as values (`labels` None); `outputs` units answer them."""

    outputs: int
    labels: tuple[str | int, ...] | None

    @property
    def are_classes(self) -> bool:
        return self.labels is not None


@dataclass(frozen=True)
class Resolved:
    """A job that fits: network with `inputs` and every layer, `training` with all defaults, how targets are read."""

    network: NetworkDefinition
    training: dict[str, Any]
    targets: Targets
    training_rows: int
    parameters: int


def resolve(
    network: NetworkDefinition, table: Table, training: TrainingDefinition, seed: int, max_parameters: int
) -> Resolved:
    """Fill in and fit; `Invalid` names the place in the job's body. `seed` is used when the client gave none."""
    targets = read_targets(table, network, training)
    softmax = "softmax" if targets.are_classes else "linear"
    whole = network.with_output(targets.outputs, softmax)
    whole = _with_inputs(whole, table, training.preprocessing.missing)
    check_network(whole, max_parameters, "#/network")
    _check_output(whole, targets)
    rows, validation = resolve_rows(table, training, targets.are_classes)
    loss = training.loss or _default_loss(whole, targets)
    _check_loss(loss, whole, targets)
    _check_precision(table, training.precision)
    check_class_weights(training.class_weights, targets.labels)
    check_sample_weights(table, rows_left_out(table, training, validation))
    _check_missing(table, training)
    assert whole.inputs is not None
    parameters = sum(layer_sizes(whole, whole.inputs))
    record = _fill(training, loss, rows, validation, targets, seed)
    _refuse_weights(table, training)
    return Resolved(whole, record, targets, rows, parameters)


def _refuse_weights(table: Table, training: TrainingDefinition) -> None:
    """Refuse what the engine would ignore: to be removed, with its call, once the engine weighs rows."""
    if training.class_weights is not None:
        raise Invalid.at("#/training/class_weights", "no training uses weights of classes yet")
    if table.having(Role.WEIGHT):
        raise Invalid.at("#/dataset", "has a column of sample weights, which no training uses yet; `drop` it instead")


def read_targets(table: Table, network: NetworkDefinition, training: TrainingDefinition) -> Targets:
    """Classes or values, as the contract's "Classes or values" paragraph has it."""
    columns = table.having(Role.TARGET)
    if not columns:
        raise Invalid.at("#/dataset", "has no target column, so there is nothing to train towards")
    units = network.layers[-1].units if network.layers is not None else None
    classes = [column for column in columns if _reads_as_classes(column, len(columns), units, training.loss)]
    if not classes:
        return Targets(outputs=len(columns), labels=None)
    if len(columns) > 1:
        raise Invalid.at(
            "#/dataset", f"has {len(columns)} target columns, but classes take one (`{classes[0].name}` holds classes)"
        )
    labels = labels_of(classes[0])
    if len(labels) < 2:
        raise Invalid.at("#/dataset", f"target `{classes[0].name}` has one class only ({labels[0]!r})")
    single = units == 1 and len(labels) == 2
    return Targets(outputs=1 if single else len(labels), labels=labels)


def labels_of(column: Column) -> tuple[str | int, ...]:
    """The classes of a target column, in the order of the outputs."""
    if column.type is ColumnType.CATEGORY:
        return tuple(column.categories or ())
    if column.whole_values is None:
        raise Invalid.at(
            "#/dataset", f"target `{column.name}` cannot be read as classes: it is not whole or has over 1,000 values"
        )
    return tuple(int(value) for value in column.whole_values)


def _reads_as_classes(column: Column, columns: int, units: int | None, loss: str | None) -> bool:
    if column.class_or_value is not None:
        return column.class_or_value == "class"
    if column.type is ColumnType.CATEGORY:
        return True
    if columns > 1 or column.whole_values is None:
        return False
    return (loss is not None and LOSSES[loss].for_classes) or (units is not None and units > 1)


def _with_inputs(network: NetworkDefinition, table: Table, missing: str) -> NetworkDefinition:
    features = input_width(table.having(Role.INPUT), missing)
    if network.inputs is not None and network.inputs != features:
        raise Invalid.at("#/network/inputs", f"is {network.inputs}, but the dataset gives {features} inputs a row")
    check_given_weights(network, features, "#/network")
    return NetworkDefinition(inputs=features, layers=network.layers)


def input_width(columns: tuple[Column, ...], missing: str) -> int:
    """Network inputs of these columns: 1 a number, one a category, and 1 for each indicator of missing values."""
    width = 0
    for column in columns:
        width += 1 if column.type is ColumnType.NUMBER else len(column.categories or ())
        width += missing == "indicator" and column.type is ColumnType.NUMBER and column.missing > 0
    return width


def _check_output(network: NetworkDefinition, targets: Targets) -> None:
    assert network.layers is not None
    units = network.layers[-1].units
    if units == targets.outputs:
        return
    where = f"#/network/layers/{len(network.layers) - 1}/units"
    if targets.labels is None:
        wanted = f"{targets.outputs}, one a target column"
    else:
        wanted = f"{len(targets.labels)}, one a class" + (" (or 1)" if len(targets.labels) == 2 else "")
    raise Invalid.at(where, f"must be {wanted}, got {units}")


def _default_loss(network: NetworkDefinition, targets: Targets) -> str:
    assert network.layers is not None
    output = network.layers[-1]
    if output.activation == "softmax" and targets.are_classes:
        return "categorical_cross_entropy"
    if output.activation == "sigmoid" and output.units == 1 and targets.are_classes:
        return "binary_cross_entropy"
    return "mean_squared_error"


def _check_loss(loss: str, network: NetworkDefinition, targets: Targets) -> None:
    assert network.layers is not None
    output = network.layers[-1]
    fused = LOSSES[loss].fused_with
    if fused is not None and (output.activation != fused or not targets.are_classes):
        have = output.activation if output.activation != fused else "targets that are values"
        raise Invalid.at("#/training/loss", f"{loss} needs a {fused} output and classes, got {have}")
    if output.activation == "softmax" and output.units == 1:
        raise Invalid.at(
            f"#/network/layers/{len(network.layers) - 1}/activation",
            "softmax over one unit is always 1; use sigmoid, or two units",
        )


def _check_missing(table: Table, training: TrainingDefinition) -> None:
    """Missing values are known before training, unless `rows` leaves some of them out."""
    if training.rows is not None:
        return
    for column in table.columns:
        if column.missing and (column.role is Role.TARGET or training.preprocessing.missing == "error"):
            hint = "" if column.role is Role.TARGET else "; set preprocessing.missing to mean, median or indicator"
            raise Invalid.at("#/dataset", f"column `{column.name}` has {column.missing} missing values{hint}")


def _check_precision(table: Table, precision: str) -> None:
    """Numbers beyond a float32 would be infinities there."""
    for column in table.columns:
        largest = max(abs(column.minimum or 0.0), abs(column.maximum or 0.0))
        if precision == "float32" and largest > MAX_FLOAT32:
            raise Invalid.at(
                "#/training/precision", f"column `{column.name}` holds {largest:g}, beyond a float32; use float64"
            )


def _fill(
    training: TrainingDefinition, loss: str, rows: int, validation: Validation | None, targets: Targets, seed: int
) -> dict[str, Any]:
    record = training.model_dump(mode="json")
    batch_size = rows if training.batch_size == "full" else min(training.batch_size, rows)
    batches = -(-rows // batch_size)
    metrics = training.metrics
    if metrics is None:
        metrics = ["accuracy"] if targets.are_classes else ["mae", "rmse"]
    for index, name in enumerate(metrics):
        if METRICS[name].for_classes and not targets.are_classes:
            raise Invalid.at(f"#/training/metrics/{index}", f"`{name}` is for classes, and the targets are values")
    given = training.version_epoch or ("best" if validation is not None else "last")
    return {
        **record,
        "loss": loss,
        "optimizer": record["optimizer"] or {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False},
        "epochs": training.epochs or min(10_000, max(10, 2000 // batches)),
        "batch_size": batch_size,
        "seed": training.seed if training.seed is not None else seed,
        "validation": None if validation is None else validation.model_dump(mode="json", exclude_none=True),
        "metrics": list(dict.fromkeys(metrics)),
        "version_epoch": given,
    }
