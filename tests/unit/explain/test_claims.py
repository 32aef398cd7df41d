"""Claims are compared number by number, and the first wrong one is named in the order of the computation.

The network has 2 inputs, 2 hidden units and 1 output, all of sigmoids. With a pencil, for inputs 1 and 0.5 and the
target 1, and all numbers rounded to 6 decimals:

- hidden 1: z = 1 * 0.4 + 0.5 * (-0.2) + 0.1 = 0.4, a = 0.598688
- hidden 2: z = 1 * (-0.6) + 0.5 * 0.8 + 0 = -0.2, a = 0.450166
- output 1: z = 0.598688 * 0.7 + 0.450166 * (-0.5) + 0.2 = 0.393998, a = 0.597245
- BP1: delta = (0.597245 - 1) * 0.597245 * 0.402755 = -0.096880
- BP2: delta of hidden 1 = -0.096880 * 0.7 * 0.598688 * 0.401312 = -0.016294
- BP2: delta of hidden 2 = -0.096880 * (-0.5) * 0.450166 * 0.549834 = 0.011990
- BP4: -0.096880 * 0.598688 = -0.058001 and -0.096880 * 0.450166 = -0.043612; BP3: -0.096880
- BP4: 1 and 0.5 times the deltas of the hidden units; BP3: these themselves
"""

import math
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from service.backprop.layers import LAYERS
from service.errors import Invalid
from service.explain.traced_steps import TracedStep
from tests.unit.explain.steps import checked, claim_of, dense, step_of

PENCIL = {
    "weighted_inputs": [[[0.4, -0.2]], [[0.393998]]],
    "activations": [[[0.598688, 0.450166]], [[0.597245]]],
    "deltas": [[[-0.016294, 0.011990]], [[-0.096880]]],
    "gradients": [
        {"weights": [[-0.016294, 0.011990], [-0.008147, 0.005995]], "biases": [-0.016294, 0.011990]},
        {"weights": [[-0.058001], [-0.043612]], "biases": [-0.096880]},
    ],
}
EXACT = {"relative": 0, "absolute": 0.0000015}


def example(rows: int = 1) -> TracedStep:
    hidden = dense(2, "sigmoid", [[0.4, -0.6], [-0.2, 0.8]], [0.1, 0.0])
    output = dense(1, "sigmoid", [[0.7], [-0.5]], [0.2])
    return step_of([hidden, output], [[1, 0.5], [0.2, -1]][:rows], [[1], [0]][:rows])


def test_numbers_computed_with_a_pencil_are_correct() -> None:
    found = checked(example(), **PENCIL, tolerance=EXACT)
    assert found["correct"] and found["checked"] == 6 + 3 + 6 + 3 and found["wrong"] == 0
    assert found["first_wrong"] is None and found["wrong_numbers"] == []
    assert [(each["array"], each["layer"], each.get("parameter")) for each in found["arrays"]] == [
        ("weighted_inputs", 0, None),
        ("activations", 0, None),
        ("weighted_inputs", 1, None),
        ("activations", 1, None),
        ("deltas", 1, None),
        ("gradients", 1, "weights"),
        ("gradients", 1, "biases"),
        ("deltas", 0, None),
        ("gradients", 0, "weights"),
        ("gradients", 0, "biases"),
    ]


@pytest.mark.parametrize("decimals", ["4 decimals", "3 digits"])
def test_rounded_numbers_are_correct_by_default(decimals: str) -> None:
    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rounded(item) for key, item in value.items()}
        if isinstance(value, list):
            return [rounded(item) for item in value]
        return round(value, 4) if decimals == "4 decimals" else float(f"{value:.3g}")

    assert checked(example(), **rounded(PENCIL))["correct"]


def numbers(claim: dict[str, Any]) -> Iterator[tuple[Any, int, str]]:
    """Yield the list, the position and the pointer of every number of a claim."""

    def within(node: Any, where: str) -> Iterator[tuple[Any, int, str]]:
        for key, item in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(item, dict | list):
                yield from within(item, f"{where}/{key}")
            else:
                yield node, key, f"{where}/{key}"

    yield from within(claim, "#/claim")


def steps() -> dict[str, TracedStep]:
    every = [
        dense(3, "tanh"),
        *(kind() for kind in (LAYERS[name] for name in LAYERS if name != "dense")),
        dense(2, "gelu"),
    ]
    X, Y = [[0.3, -0.8], [1.1, 0.4], [-0.6, 0.9]], [[1, 0], [0, 1], [1, 0]]
    return {
        "one row": example(),
        "two rows": example(2),
        "softmax": step_of([dense(3, "relu"), dense(2, "softmax")], X, Y, "categorical_cross_entropy"),
        "every kind of layer": step_of(every, X, Y, "mean_squared_error"),
        "running statistics": step_of(every, X[:1], Y[:1]),
    }


@pytest.mark.parametrize("name", list(steps()))
def test_each_number_that_is_changed_is_named_exactly(name: str) -> None:
    step = steps()[name]
    claim = claim_of(step)
    assert checked(step, **claim, tolerance={"relative": 0, "absolute": 1e-12})["correct"]
    pointers = [pointer for _, _, pointer in numbers(claim)]
    for position, pointer in enumerate(pointers):
        changed = deepcopy(claim)
        where, key, _ = list(numbers(changed))[position]
        where[key] += math.copysign(0.02 * abs(where[key]) + 0.001, where[key])
        found = checked(step, **changed)
        assert found["wrong"] == 1 and not found["correct"], pointer
        first = found["first_wrong"]
        assert first is not None and first["pointer"] == pointer and first["claimed"] == where[key]
        assert not first["follows"] and first["expected"] == list(numbers(claim))[position][0][key]


def test_the_first_wrong_number_has_its_name_and_its_equation() -> None:
    found = checked(example(), deltas=[[[-0.0163, 0.5]], None], gradients=[{"weights": [[9, 9], [9, 9]]}, None])
    first = found["first_wrong"]
    assert first is not None and found["checked"] == 6 and found["wrong"] == 5
    assert (first["name"], first["of"], first["layer"], first["index"], first["row"]) == (
        "hidden 2",
        "delta of hidden 2",
        0,
        [0, 1],
        0,
    )
    assert first["pointer"] == "#/claim/deltas/0/0/1" and first["equation"] == "BP2"
    assert first["formula"] == "0.0484401 * 0.247517" and first["expected"] == pytest.approx(0.011990, abs=1e-6)
    assert [step["formula"] for step in first["steps"]] == ["(-0.0968801) * (-0.5)", "0.450166 * (1 - 0.450166)"]
    second = found["wrong_numbers"][1]
    assert second["name"] == "input 1 -> hidden 1" and second["parameter"] == "weights" and "row" not in second


def test_the_order_is_forward_and_then_from_the_last_layer_back() -> None:
    wrong = {
        "weighted_inputs": [[[9, None]], [[9]]],
        "activations": [[[None, 9]], [[9]]],
        "deltas": [[[9, None]], [[9]]],
        "gradients": [{"biases": [9, None]}, {"weights": [[9], None], "biases": [9]}],
    }
    listed = checked(example(), **wrong)["wrong_numbers"]
    assert [number["of"] for number in listed] == [
        "weighted input of hidden 1",
        "activation of hidden 2",
        "weighted input of output 1",
        "activation of output 1",
        "delta of output 1",
        "dC/dw of hidden 1 -> output 1",
        "dC/db of bias of output 1",
        "delta of hidden 1",
        "dC/db of bias of hidden 1",
    ]


def test_what_follows_from_a_mistake_is_told_from_further_mistakes() -> None:
    """The delta of the output is given the other sign; all but the last number are then computed rightly."""
    deltas = [[[0.016294, -0.011990]], [[0.096880]]]
    gradients = [{"weights": [[0.016294, -0.01199], [0.008147, 0.7]]}, {"weights": [[0.058], [0.043612]]}]
    found = checked(example(), deltas=deltas, gradients=gradients)
    assert [number["follows"] for number in found["wrong_numbers"]] == [False, *[True] * 7, False]
    assert found["wrong"] == 9 and found["following"] == 7
    assert found["wrong_numbers"][0]["hint"] is not None and "(y - a)" in found["wrong_numbers"][0]["hint"]
    assert found["wrong_numbers"][1]["hint"] is not None and "It follows" in found["wrong_numbers"][1]["hint"]
    assert found["wrong_numbers"][-1]["hint"] is None


def test_rounding_that_adds_up_is_said_to_follow() -> None:
    found = checked(
        example(), deltas=[None, [[-0.097]]], gradients=[None, {"weights": [[-0.0580736], None]}], tolerance=EXACT
    )
    assert [number["follows"] for number in found["wrong_numbers"]] == [False, True]


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"weighted_inputs": [[[0.3, None]], None]}, "the bias is left out"),
        ({"weighted_inputs": [[[0.2, None]], None]}, "the weights are transposed"),
        ({"weighted_inputs": [[[-0.4, None]], None]}, "the sign is turned around"),
        ({"weighted_inputs": [None, [[0.58]]]}, "its weighted inputs z, not its activations a"),
        ({"weighted_inputs": [[[0.598688, None]], None]}, "the activation is taken in place"),
        ({"activations": [[[0.4, None]], None]}, "the activation function is left out"),
        ({"activations": [[[0.240261, None]], None]}, "f'(z) is taken in place of f(z)"),
        ({"deltas": [None, [[0.096880]]]}, "(y - a) is taken in place of (a - y)."),
        ({"deltas": [None, [[-0.402755]]]}, "f'(z) is left out."),
        ({"deltas": [None, [[0.402755]]]}, "f'(z) is left out and (y - a) is taken in place of (a - y)"),
        ({"deltas": [None, [[0.240543]]]}, "dC/da is left out"),
        ({"deltas": [None, [[-0.092218]]]}, "f' is taken at a, not at z"),
        ({"deltas": [None, [[-0.193760]]]}, "the factor 1/2 of the quadratic loss is left out"),
        ({"deltas": [[[-0.067815, None]], None]}, "f'(z) is left out"),
        ({"deltas": [[[0.016294, None]], None]}, "the sign is turned around"),
        ({"deltas": [[[-0.023276, None]], None]}, "the weights of the layer behind are left out"),
        ({"deltas": [[[-0.016968, None]], None]}, "those after the update"),
        ({"gradients": [None, {"weights": [[0.058], None]}]}, "the sign is turned around"),
        ({"gradients": [None, {"weights": [[-0.029], None]}]}, "the learning rate is multiplied in."),
        ({"gradients": [None, {"weights": [[0.029], None]}]}, "the step of gradient descent"),
        ({"gradients": [None, {"weights": [[-0.096880], None]}]}, "it is the gradient of the bias"),
        ({"gradients": [None, {"weights": [[-0.038751], None]}]}, "its weighted input z, not its activation a"),
        ({"gradients": [None, {"weights": [[-0.057860], None]}]}, "the unit's own activation"),
        ({"gradients": [None, {"weights": [[-0.241124], None]}]}, "dC/da is taken in place of delta"),
        ({"gradients": [{"weights": [[None, -0.008147], None]}, None]}, "the gradients are transposed"),
        ({"gradients": [None, {"biases": [-0.048440]}]}, "the learning rate is multiplied in"),
        ({"gradients": [None, {"biases": [-0.402755]}]}, "dC/da is taken in place of delta"),
        ({"gradients": [None, {"biases": [-0.057860]}]}, "the unit's activation is multiplied in"),
    ],
)
def test_a_known_mistake_is_named(claim: dict[str, Any], words: str) -> None:
    tight = {"relative": 0.0001, "absolute": 0.000002}
    first = checked(example(), **claim, tolerance=tight)["first_wrong"]
    assert first is not None and first["hint"] is not None, first
    assert first["hint"].startswith("It is what comes out when ") and words in first["hint"]


def test_rows_that_are_added_up_or_averaged_twice_are_named() -> None:
    step = example(2)
    delta = step.trace.backward[0].delta
    summed = checked(step, deltas=[None, (2 * delta).tolist()])["wrong_numbers"]
    assert all("the rows are added up" in str(number["hint"]) for number in summed) and len(summed) == 2
    assert "or when" in str(summed[0]["hint"])  # for two rows it is also the factor 1/2
    biases = step.trace.backward[0].gradients["biases"]
    twice = checked(step, gradients=[None, {"biases": (biases / 2).tolist()}])["first_wrong"]
    assert twice is not None and "the rows are averaged twice" in str(twice["hint"])


def test_weights_of_a_wrong_layer_and_transposed_ones_are_named() -> None:
    layers = [
        dense(2, "tanh", [[0.3, -0.4], [0.6, 0.2]], [0.1, 0.2]),
        dense(2, "tanh", [[0.5, 0.9], [-0.7, 0.4]], [0.0, -0.1]),
    ]
    step = step_of(layers, [[1, 2]], [[0.5, -0.5]])
    behind, a = step.trace.backward[0].delta[0], step.trace.forward[0].activations[0]
    transposed = np.array([0.5 * behind[0] + -0.7 * behind[1], 0.9 * behind[0] + 0.4 * behind[1]]) * (1 - a * a)
    own = np.array([0.3 * behind[0] + -0.4 * behind[1], 0.6 * behind[0] + 0.2 * behind[1]]) * (1 - a * a)
    for claimed, words in ((transposed, "are transposed"), (own, "of this layer are taken")):
        for number in checked(step, deltas=[[claimed.tolist()], None])["wrong_numbers"]:
            assert words in str(number["hint"])


def test_the_slope_that_cancels_out_is_named() -> None:
    step = step_of([dense(1, "sigmoid", [[0.8]], [0.1])], [[0.5]], [[1]], "binary_cross_entropy")
    a = step.trace.forward[0].activations[0, 0]
    first = checked(step, deltas=[[[float((a - 1) * a * (1 - a))]]])["first_wrong"]
    assert first is not None and "which cancels out" in str(first["hint"])


def test_a_number_of_no_known_mistake_has_no_hint() -> None:
    first = checked(example(), deltas=[None, [[0.7]]])["first_wrong"]
    assert first is not None and first["hint"] is None


@pytest.mark.parametrize(
    ("claim", "pointer", "words"),
    [
        ({"deltas": [[[1, 2]]]}, "#/claim/deltas", "must have 2 entries, one a layer, got 1"),
        ({"deltas": [[[1, 2], [1, 2]], None]}, "#/claim/deltas/0", "layer 0 has 1 x 2 numbers (rows x units), got 2"),
        ({"deltas": [[[1]], None]}, "#/claim/deltas/0/0", "must have 2 entries, one a unit, got 1"),
        ({"deltas": [[1], None]}, "#/claim/deltas/0/0", "must be a list of 2 numbers, got 1"),
        ({"deltas": [None, [["x"]]]}, "#/claim/deltas/1/0/0", 'must be a finite number or null, got "x"'),
        ({"deltas": [None, [[True]]]}, "#/claim/deltas/1/0/0", "must be a finite number or null, got true"),
        ({"deltas": [None, [[10**400]]]}, "#/claim/deltas/1/0/0", "must be a finite number or null"),
        ({"gradients": [{"bias": [1]}, None]}, "#/claim/gradients/0/bias", "did you mean `biases`?"),
        ({"gradients": [{"biases": [1]}, None]}, "#/claim/gradients/0/biases", "2 numbers (units), got 1"),
        ({"gradients": [{"weights": [[1]]}, None]}, "#/claim/gradients/0/weights", "2 x 2 numbers (inputs x units)"),
        ({"deltas": [None, None]}, "#/claim", "has no number to check"),
        ({"deltas": [[[None, None]], None]}, "#/claim", "has no number to check"),
    ],
)
def test_what_is_wrong_with_a_claim_is_named(claim: dict[str, Any], pointer: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked(example(), **claim)
    fault = caught.value.faults[0]
    assert fault.pointer == pointer and words in fault.detail, fault


def test_the_work_ends_with_the_tenth_fault() -> None:
    step = step_of([dense(30, "sigmoid")], [[1, 2]], [[0] * 30])
    with pytest.raises(Invalid) as caught:
        checked(step, activations=[[["x"] * 30]])
    assert len(caught.value.faults) == 10
