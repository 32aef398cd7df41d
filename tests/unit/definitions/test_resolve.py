"""A job made whole: the defaults of the contract, classes or values, and errors that point at the job's body."""

from dataclasses import replace
from typing import Any

import pytest

from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.network import NetworkDefinition, NetworkRequest, check_network
from service.definitions.resolve import Resolved, resolve
from service.definitions.training import TrainingDefinition
from service.definitions.validation import check
from service.errors import Invalid

MAX_PARAMETERS = 100_000_000
NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY


def values(name: str = "y", whole: tuple[float, ...] | None = None, said: str | None = None) -> Column:
    return Column(name, Role.TARGET, NUMBER, whole_values=whole, class_or_value=said)


def classes(*labels: str) -> Column:
    return Column("y", Role.TARGET, CATEGORY, categories=labels)


def table(*targets: Column, rows: int = 50, inputs: tuple[Column, ...] | None = None) -> Table:
    columns = inputs or (Column("a", Role.INPUT, NUMBER), Column("b", Role.INPUT, NUMBER))
    return Table(rows, (*columns, *targets), "float64", 1.0, "0" * 64, 0)


def solve(contents: Table, training: Any = None, network: Any = None) -> Resolved:
    definition = check(NetworkRequest, network or {"hidden": [16]}).definition()
    return resolve(definition, contents, check(TrainingDefinition, training or {}), 77, MAX_PARAMETERS)


def pointer(contents: Table, training: Any = None, network: Any = None) -> str | None:
    with pytest.raises(Invalid) as caught:
        solve(contents, training, network)
    return caught.value.faults[0].pointer


def layers(*units_and_activations: Any) -> dict[str, Any]:
    return {"layers": [{"type": "dense", "units": u, "activation": a} for u, a in units_and_activations]}


def test_every_default_is_filled_in() -> None:
    training = solve(table(classes("x", "y", "z"))).training.to_json()
    assert training["loss"] == "categorical_cross_entropy"
    assert training["optimizer"] == {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False}
    assert (training["batch_size"], training["shuffle"], training["precision"]) == (32, True, "float32")
    assert (training["seed"], training["validation"], training["version_epoch"]) == (77, None, "last")
    assert training["metrics"] == ["accuracy"]
    assert training["preprocessing"] == {"numbers": "auto", "targets": "auto", "missing": "error"}


@pytest.mark.parametrize(
    ("rows", "batch_size", "epochs"),
    [(4, 32, 2000), (32, 32, 2000), (64, 32, 1000), (50, 1, 40), (99, 1, 20), (96, "full", 2000)],
)
def test_epochs_are_2000_over_the_batches(rows: int, batch_size: Any, epochs: int) -> None:
    assert solve(table(values(), rows=rows), {"batch_size": batch_size}).training.to_json()["epochs"] == epochs


def test_epochs_are_never_below_ten() -> None:
    assert solve(table(values(), rows=1_000_000), {"batch_size": 1}).training.to_json()["epochs"] == 10


def test_given_settings_win() -> None:
    training = solve(
        table(values()), {"epochs": 7, "seed": 0, "optimizer": "sgd", "version_epoch": "best"}
    ).training.to_json()
    assert (training["epochs"], training["seed"], training["version_epoch"]) == (7, 0, "best")
    assert training["optimizer"]["momentum"] == 0.0


@pytest.mark.parametrize(("rows", "validation"), [(99, None), (100, {"fraction": 0.2, "stratify": False})])
def test_a_fifth_validates_from_a_hundred_rows_on(rows: int, validation: Any) -> None:
    resolved = solve(table(values(), rows=rows))
    assert resolved.training.to_json()["validation"] == validation
    assert resolved.training_rows == (rows if validation is None else 80)
    assert resolved.training.to_json()["version_epoch"] == ("last" if validation is None else "best")


def test_validation_can_be_switched_off_or_shortened() -> None:
    assert solve(table(values(), rows=500), {"validation": None}).training.to_json()["validation"] is None
    shortened = solve(table(values(), rows=50), {"validation": 0.1}).training.to_json()["validation"]
    assert shortened == {"fraction": 0.1, "stratify": False}
    assert solve(table(values(), rows=500), {"rows": [0, 60]}).training.to_json()["validation"] is None
    assert solve(table(values(), rows=50), {"validation": {"rows": [40, 50]}}).training_rows == 40


@pytest.mark.parametrize(
    ("validation", "became"),
    [
        (0.2, {"fraction": 0.2, "stratify": True}),
        ({"fraction": 0.2, "stratify": False}, {"fraction": 0.2, "stratify": False}),
        ({"fraction": 0.2, "stratify": None}, {"fraction": 0.2, "stratify": True}),
        ({"rows": [0, 5], "stratify": False}, {"rows": [0, 5]}),
        ({"dataset": "other"}, {"dataset": "other"}),
    ],
)
def test_a_share_of_classes_is_drawn_by_class_unless_the_client_says_otherwise(validation: Any, became: Any) -> None:
    assert solve(table(classes("x", "y")), {"validation": validation}).training.to_json()["validation"] == became


@pytest.mark.parametrize(
    ("training", "where"),
    [
        ({"rows": [0, 51]}, "#/training/rows"),
        ({"validation": {"rows": [0, 51]}}, "#/training/validation/rows"),
        ({"validation": {"rows": [0, 50]}}, "#/training/validation"),
        ({"validation": 0.001}, "#/training/validation/fraction"),
        ({"validation": 0.999}, "#/training/validation"),
        ({"validation": {"fraction": 0.5, "stratify": True}}, "#/training/validation/stratify"),
        ({"validation": {"rows": [0, 5], "stratify": True}}, "#/training/validation/stratify"),
        ({"validation": {"dataset": "other", "stratify": True}}, "#/training/validation/stratify"),
        ({"metrics": ["mae", "accuracy"]}, "#/training/metrics/1"),
        ({"loss": "categorical_cross_entropy"}, "#/training/loss"),
    ],
)
def test_what_does_not_fit_the_dataset_is_pointed_at(training: Any, where: str) -> None:
    assert pointer(table(values()), training) == where


def test_the_output_layer_of_hidden_fits_the_targets() -> None:
    for target, units, activation in ((classes("x", "y", "z"), 3, "softmax"), (values(), 1, "linear")):
        network = solve(table(target)).network
        assert network.layers is not None and network.inputs == 2
        assert (network.layers[0].units, network.layers[0].activation.type) == (16, "tanh")
        assert (network.layers[-1].units, network.layers[-1].activation.type) == (units, activation)


@pytest.mark.parametrize(
    ("network", "target", "loss"),
    [
        (layers((2, "softmax")), classes("x", "y"), "categorical_cross_entropy"),
        (layers((1, "sigmoid")), classes("x", "y"), "binary_cross_entropy"),
        (layers((2, "sigmoid")), classes("x", "y"), "mean_squared_error"),
        (layers((1, "sigmoid")), values(whole=(0.0, 1.0)), "binary_cross_entropy"),
        (layers((1, "sigmoid")), values(whole=(-1.0, 1.0)), "binary_cross_entropy"),
        (layers((1, "tanh")), values(whole=(-1.0, 1.0)), "mean_squared_error"),
        (layers((1, "linear")), values(whole=(0.0, 1.0)), "mean_squared_error"),
        (layers((1, "linear")), values(), "mean_squared_error"),
    ],
)
def test_the_loss_follows_output_and_targets(network: Any, target: Column, loss: str) -> None:
    assert solve(table(target), network=network).training.to_json()["loss"] == loss


WHOLE = (0.0, 1.0, 2.0)


@pytest.mark.parametrize(
    ("target", "training", "network", "labels"),
    [
        (classes("x", "y"), {}, None, ("x", "y")),
        (values(whole=WHOLE), {}, None, (0, 1, 2)),
        (values(whole=WHOLE), {"loss": "quadratic"}, None, None),
        (values(whole=WHOLE), {}, layers((3, "softmax")), (0, 1, 2)),
        (values(whole=WHOLE), {"loss": "categorical_cross_entropy"}, None, (0, 1, 2)),
        (values(whole=WHOLE, said="class"), {}, None, (0, 1, 2)),
        (values(whole=WHOLE, said="value"), {}, None, None),
        (values(), {}, None, None),
        (values(whole=(0.0, 1.0)), {"loss": "binary_cross_entropy"}, layers((1, "sigmoid")), (0, 1)),
    ],
)
def test_targets_are_classes_or_values(target: Column, training: Any, network: Any, labels: Any) -> None:
    resolved = solve(table(target), training, network)
    assert resolved.targets.labels == labels
    assert resolved.training.to_json()["metrics"] == (["mae", "rmse"] if labels is None else ["accuracy"])


def test_a_metric_of_classes_on_values_says_how_to_have_classes() -> None:
    for target, words in (
        (values(whole=(3.0, 7.0)), "to have classes, give target_type=class with the job or the dataset"),
        (values(), "target_type=class needs whole numbers, text or booleans"),
    ):
        with pytest.raises(Invalid, match=f"`accuracy` is for classes, and the targets are values: .*{words}"):
            solve(table(target), {"metrics": ["accuracy"]})


def test_a_loss_of_classes_on_values_says_why_they_are_values() -> None:
    with pytest.raises(Invalid) as caught:
        solve(table(values("y"), values("z")), {"loss": "categorical_cross_entropy"})
    assert caught.value.faults[0].detail.startswith(
        "categorical_cross_entropy needs a softmax output and classes, got a linear output and targets "
        "that are values: there are 2 target columns; classes are one column, or one-hot columns"
    )


def test_an_output_that_does_not_fit_is_told_how_the_targets_are_read() -> None:
    with pytest.raises(
        Invalid, match="must be 1, one a target column, got 2; the targets are values: `y` is not whole"
    ):
        solve(table(values()), network=layers((2, "softmax")))


@pytest.mark.parametrize("scaling", ["standardize", "min_max"])
def test_a_softmax_output_refuses_scaled_values(scaling: str) -> None:
    contents = Table(**{**vars(table(values("y"), values("z"))), "target_sums_are_one": True})
    preprocessing = {"preprocessing": {"targets": scaling}}
    assert pointer(contents, preprocessing, layers((2, "softmax"))) == "#/training/preprocessing/targets"


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ({}, "#/training/preprocessing/targets"),
        ({"validation": 0.2}, "#/training/preprocessing/targets"),
        ({"rows": [0, 20]}, None),
        ({"validation": {"rows": [0, 20]}}, None),
        ({"test": {"rows": [0, 20]}}, None),
    ],
)
def test_a_scaling_is_left_to_the_worker_where_a_range_trains(rows: Any, where: str | None) -> None:
    statistics = {"minimum": -9.0, "maximum": 9.0, "mean": 0.0, "standard_deviation": 3.0}
    contents = table(Column("y", Role.TARGET, NUMBER, **statistics))
    training = {**rows, "preprocessing": {"targets": "standardize"}}
    if where is None:
        solve(contents, training, layers((1, "tanh")))
    else:
        assert pointer(contents, training, layers((1, "tanh"))) == where


def test_values_that_a_softmax_output_cannot_reach_are_refused() -> None:
    assert pointer(table(values("y"), values("z")), network=layers((2, "softmax"))) == "#/dataset"


def test_several_columns_of_numbers_are_values() -> None:
    resolved = solve(table(values("y", WHOLE), values("z", WHOLE)))
    assert resolved.targets.labels is None and resolved.targets.outputs == 2


@pytest.mark.parametrize(
    ("targets", "network", "where"),
    [
        ((), None, "#/dataset"),
        ((classes("x"),), None, "#/dataset"),
        ((classes("x", "y"), values("z")), None, "#/dataset"),
        ((values(said="class"),), None, "#/dataset"),
        ((classes("x", "y", "z"),), layers((4, "tanh"), (2, "softmax")), "#/network/layers/1/units"),
        ((classes("x", "y", "z"),), layers((1, "sigmoid")), "#/network/layers/0/units"),
        ((values(),), layers((3, "linear")), "#/network/layers/0/units"),
        ((values(),), layers((1, "softmax")), "#/network/layers/0/activation"),
        ((values(),), {"inputs": 3, "hidden": [4]}, "#/network/inputs"),
    ],
)
def test_a_network_that_does_not_fit_is_pointed_at(targets: Any, network: Any, where: str) -> None:
    assert pointer(table(*targets), network=network) == where


def test_the_message_names_what_would_fit() -> None:
    with pytest.raises(Invalid, match=r"must be 3, one a class, got 2"):
        solve(table(classes("x", "y", "z")), network=layers((2, "softmax")))


def test_inputs_count_categories_and_indicators() -> None:
    columns = (
        Column("a", Role.INPUT, NUMBER, missing=3),
        Column("c", Role.INPUT, CATEGORY, categories=("p", "q", "r")),
        Column("b", Role.INPUT, NUMBER),
    )
    contents = table(values(), inputs=columns)
    assert solve(contents, {"preprocessing": {"missing": "mean"}}).network.inputs == 5
    assert solve(contents, {"preprocessing": {"missing": "indicator"}}).network.inputs == 6


def test_missing_targets_are_refused_with_the_way_out() -> None:
    contents = table(replace(values(), missing=2))
    with pytest.raises(Invalid, match="has 2 missing values; targets are never filled: send the dataset without those"):
        solve(contents, {"preprocessing": {"missing": "mean"}})


@pytest.mark.parametrize(
    ("network", "where"),
    [
        ({"hidden": [1_000_000_000]}, "#/hidden"),
        (layers((1_000_000_000, "tanh"), (1, "linear")), "#/layers"),
        ({"hidden": [10_000, 10_000, 10_000]}, "#/hidden"),
        ({"hidden": [10**4290, 10**4290]}, "#/hidden/0"),
    ],
    ids=["hidden", "layers", "together", "digits"],
)
def test_a_billion_units_are_refused_by_arithmetic(network: Any, where: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_network(check(NetworkDefinition, network), 100_000_000)
    assert caught.value.faults[0].pointer == where


def test_the_inputs_of_the_dataset_count_against_the_limit() -> None:
    columns = tuple(Column(f"c{n}", Role.INPUT, CATEGORY, categories=tuple(map(str, range(500)))) for n in range(20))
    assert pointer(table(values(), inputs=columns), network={"hidden": [10_001]}) == "#/network/layers"


@pytest.mark.parametrize(
    "layer",
    [
        {"units": 2, "weights": [[1.0, 2.0]]},
        {"units": 2, "weights": [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]},
    ],
)
def test_given_weights_have_one_row_an_input(layer: Any) -> None:
    assert pointer(table(values(), values("z")), network={"layers": [{"type": "dense", **layer}]}) == (
        "#/network/layers/0/weights"
    )


@pytest.mark.parametrize("wrong", [{"weights": [[1.0]]}, {"biases": [1.0]}])
def test_given_weights_and_biases_have_one_entry_a_unit(wrong: Any) -> None:
    with pytest.raises(Invalid, match="must have 2 entries, one a unit, got 1"):
        check(NetworkRequest, {"layers": [{"type": "dense", "units": 2, **wrong}]})


def test_rows_of_given_weights_are_equally_long() -> None:
    with pytest.raises(Invalid, match="row 1 of `weights` must have 2 entries, as the first, got 1"):
        check(NetworkRequest, {"layers": [{"type": "dense", "units": 2, "weights": [[1.0, 2.0], [1.0]]}]})
