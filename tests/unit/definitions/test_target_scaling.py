"""Targets that the output can reach: what is refused when a job is submitted, and what is only a warning."""

from typing import Any

import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.losses import LOSSES
from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.target_scaling import UNREACHABLE, Reach, check_target_scaling, warnings_of
from service.errors import Invalid


def reach(activation: str, loss: str = "mean_squared_error", **settings: Any) -> Reach:
    return Reach(ACTIVATIONS[activation](**settings), LOSSES[loss]())


def column(low: float, high: float, whole: Any = None, name: str = "y", **others: float) -> Column:
    found: dict[str, Any] = {"mean": (low + high) / 2, "standard_deviation": (high - low) / 6, **others}
    return Column(name, Role.TARGET, ColumnType.NUMBER, minimum=low, maximum=high, whole_values=whole, **found)


def table(*columns: Column, **known: Any) -> Table:
    return Table(10, columns, "float64", 1.0, "0" * 64, 0, **known)


def check(of: Reach, contents: Table, choice: str = "auto", some: bool = False, left_out: bool = False) -> None:
    check_target_scaling(contents, of, choice, some, left_out)


def fault(*arguments: Any, **options: Any) -> tuple[str | None, str]:
    with pytest.raises(Invalid) as caught:
        check(*arguments, **options)
    return caught.value.faults[0].pointer, caught.value.faults[0].detail


@pytest.mark.parametrize(
    ("activation", "settings", "unscaled", "became"),
    [
        ("linear", {}, (-1, 1), ("standardize", (0, 1))),
        ("leaky_relu", {}, (-1, 1), ("standardize", (0, 1))),
        ("leaky_relu", {"slope": 0.0}, (0, 1), ("min_max", (0, 1))),
        ("sigmoid", {}, (0, 1), ("min_max", (0, 1))),
        ("relu", {}, (0, 1), ("min_max", (0, 1))),
        ("softplus", {}, (0, 1), ("min_max", (0, 1))),
        ("elu", {}, (-1, 1), ("min_max", (0, 1))),
        ("elu", {"alpha": 0.5}, (-0.5, 1), ("min_max", (0, 1))),
        ("selu", {}, (-1, 1), ("min_max", (0, 1))),
        ("gelu", {}, (-0.16997120747990369, 1), ("min_max", (0, 1))),
        ("silu", {}, (-0.27846454276107379, 1), ("min_max", (0, 1))),
        ("tanh", {}, (-1, 1), ("min_max", (-1, 1))),
        ("softsign", {}, (-1, 1), ("min_max", (-1, 1))),
    ],
)
def test_auto_follows_what_the_output_reaches(activation: str, settings: Any, unscaled: Any, became: Any) -> None:
    found = reach(activation, **settings)
    assert (found.unscaled, found.scaling(), found.as_they_are) == (unscaled, became, False)


@pytest.mark.parametrize(
    ("activation", "loss"), [("sigmoid", "cross_entropy"), ("sigmoid", "binary_cross_entropy"), ("linear", "hinge")]
)
def test_cross_entropies_and_hinge_take_targets_as_they_are(activation: str, loss: str) -> None:
    assert reach(activation, loss).as_they_are


@pytest.mark.parametrize(
    "activation", ["sigmoid", "relu", "softplus", "tanh", "softsign", "elu", "selu", "gelu", "silu"]
)
def test_standardize_is_refused_where_the_output_does_not_reach(activation: str) -> None:
    where, detail = fault(reach(activation), table(column(-90, 90)), "standardize")
    assert where == "#/training/preprocessing/targets"
    assert f"which a {activation} output" in detail and "leave it at auto, or use a linear output" in detail
    assert detail.startswith("standardize brings `y` to -3 to 3, ")


@pytest.mark.parametrize("activation", ["linear", "leaky_relu"])
def test_standardize_within_reach_is_taken(activation: str) -> None:
    check(reach(activation), table(column(-90, 90)), "standardize")
    check(reach("selu"), table(column(0, 6, mean=1.0, standard_deviation=2.0)), "standardize")


@pytest.mark.parametrize(
    ("activation", "refused"), [("relu", True), ("sigmoid", True), ("elu", False), ("tanh", False)]
)
def test_a_range_of_training_rows_is_judged_by_the_worker_unless_none_could_do(activation: str, refused: bool) -> None:
    if refused:
        fault(reach(activation), table(column(-90, 90)), "standardize", some=True)
    else:
        check(reach(activation), table(column(-90, 90)), "standardize", some=True)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_a_cross_entropy_needs_targets_from_0_to_1(loss: str) -> None:
    check(reach("sigmoid", loss), table(column(0, 1), column(0.25, 0.5)))
    where, detail = fault(reach("sigmoid", loss), table(column(0, 1), column(-3, 40, name="z")))
    assert where == "#/training/loss"
    assert detail == (
        f"{loss} needs targets from 0 to 1, and `z` lies from -3 to 40; use mean_squared_error, or "
        "preprocessing.targets min_max"
    )
    check(reach("sigmoid", loss), table(column(-3, 40)), left_out=True)  # the rows that are used may lie within
    check(reach("sigmoid", loss), table(column(-3, 40)), "min_max")


@pytest.mark.parametrize(
    ("activation", "loss", "choice", "detail"),
    [
        ("sigmoid", "binary_cross_entropy", "standardize", "takes targets from 0 to 1 as they are"),
        ("linear", "hinge", "standardize", "takes targets of -1 and 1, or 0 and 1, as they are"),
        ("linear", "hinge", "min_max", "takes targets of -1 and 1, or 0 and 1, as they are"),
        ("softmax", "mean_squared_error", "min_max", "the units of a softmax output sum to 1"),
        ("softmax", "mean_squared_error", "standardize", "the units of a softmax output sum to 1"),
    ],
)
def test_a_loss_or_output_that_takes_targets_as_they_are_is_no_place_for_a_scaling(
    activation: str, loss: str, choice: str, detail: str
) -> None:
    where, found = fault(reach(activation, loss), table(column(0, 1, (0.0, 1.0))), choice)
    assert where == "#/training/preprocessing/targets" and detail in found and found.count("leave it at auto") == 1


@pytest.mark.parametrize(
    ("whole", "taken"),
    [
        ((-1.0, 1.0), True),
        ((0.0, 1.0), True),
        ((1.0,), True),
        ((-1.0, 0.0, 1.0), False),
        ((-1.0, 0.0), False),
        ((0.0, 2.0), False),
        (None, False),
    ],
)
def test_hinge_takes_signs_and_bits(whole: Any, taken: bool) -> None:
    contents = table(column(0, 1, (0.0, 1.0)), column(-1, 2, whole, name="z"))
    if taken:
        check(reach("linear", "hinge"), contents)
        return
    assert fault(reach("linear", "hinge"), contents) == (
        "#/training/loss",
        "hinge needs targets of -1 and 1, or 0 and 1, and `z` has others; use mean_squared_error",
    )


def test_softmax_reaches_rows_that_sum_to_1() -> None:
    soft = (column(0.25, 0.75), column(0.25, 0.75, name="z"))
    check(reach("softmax"), table(*soft, target_sums_are_one=True))
    where, detail = fault(reach("softmax"), table(*soft, target_sums_are_one=False))
    assert where == "#/dataset" and "sigmoid ones for several labels a row" in detail


@pytest.mark.parametrize(
    ("activation", "choice", "low", "high", "detail"),
    [
        ("sigmoid", "none", 10, 40, "`y` lies from 10 to 40, and a sigmoid output reaches 0 to 1"),
        ("relu", "none", -2, 3, "`y` lies from -2 to 3, and a relu output reaches 0 and above"),
        ("relu", "none", 10, 40, None),
        ("linear", "none", 10, 40, None),
        ("sigmoid", "auto", 10, 40, None),
    ],
)
def test_what_the_client_asked_not_to_scale_is_a_warning(
    activation: str, choice: str, low: float, high: float, detail: str | None
) -> None:
    warnings = warnings_of(table(column(low, high)), reach(activation), choice)
    assert (warnings == {}) if detail is None else warnings[UNREACHABLE].startswith(detail)
