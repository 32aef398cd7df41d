"""Worksheets leave numbers out, number them in the order of the computation, and solve them in the key."""

import json
from typing import Any

import numpy as np
import pytest

from service.backprop.layers import LAYERS
from service.explain.traced_steps import TracedStep
from service.explain.worksheet_answers import WorksheetAnswer
from service.explain.worksheets import BLANKS, worksheet_of
from tests.unit.explain.steps import checked, dense, step_of
from tests.unit.explain.test_claims import example


def blanks_of(worksheet: WorksheetAnswer) -> list[Any]:
    return [blank for section in worksheet["sections"] for blank in section["blanks"]]


def test_blanks_are_numbered_in_the_order_of_the_computation_and_solved() -> None:
    """The values are those that the pencil of `test_claims` found."""
    blanks = blanks_of(worksheet_of(example(), ["delta", "gradients"], True))
    assert [blank["number"] for blank in blanks] == list(range(1, 13))
    assert [blank["of"] for blank in blanks[:6]] == [
        "delta of output 1",
        "dC/dw of hidden 1 -> output 1",
        "dC/dw of hidden 2 -> output 1",
        "dC/db of bias of output 1",
        "delta of hidden 1",
        "delta of hidden 2",
    ]
    expected = [-0.096880, -0.058001, -0.043612, -0.096880, -0.016294, 0.011990]
    assert [blank["value"] for blank in blanks[:6]] == pytest.approx(expected, abs=1e-6)
    assert blanks[4]["formula"] == "(-0.0678161) * 0.240261"
    assert [step["formula"] for step in blanks[4]["steps"]] == ["(-0.0968801) * 0.7", "0.598688 * (1 - 0.598688)"]
    assert blanks[4]["pointer"] == "#/claim/deltas/0/0/0"


@pytest.mark.parametrize(
    ("blank", "given", "left_out"),
    [
        (["weighted_inputs"], set(), {"weighted_inputs"}),
        (["activations"], {"weighted_inputs"}, {"activations"}),
        (["delta"], {"weighted_inputs", "activations"}, {"deltas"}),
        (["gradients"], {"weighted_inputs", "activations", "deltas"}, {"gradients"}),
        (["gradients", "activations"], {"weighted_inputs"}, {"activations", "gradients"}),
    ],
)
def test_only_what_comes_before_the_first_blank_is_given(blank: list[str], given: set[str], left_out: set[str]) -> None:
    worksheet = worksheet_of(example(2), blank, True)
    assert {array["array"] for array in worksheet["given"]} == given
    assert {section["array"] for section in worksheet["sections"]} == left_out


def texts(value: Any) -> list[str]:
    """Return all numbers of an answer, rounded so that they are recognised."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list | np.ndarray):
        return [text for item in value for text in texts(item)]
    return [f"{value:.6f}"] if isinstance(value, float) else []


def test_without_a_key_no_number_that_is_left_out_is_written() -> None:
    step = step_of([dense(3, "tanh"), dense(2, "sigmoid")], [[0.37, -0.81], [1.13, 0.42]], [[1, 0], [0, 1]])
    for blank in BLANKS:
        with_key = worksheet_of(step, [blank], True)
        without = worksheet_of(step, [blank], False)
        values = {f"{each['value']:.6f}" for each in blanks_of(with_key)}
        assert len(values) > 3 and not values & set(texts(without))
        assert not any({"value", "formula", "steps"} & each.keys() for each in blanks_of(without))


def test_the_pointers_of_blanks_make_a_claim_that_is_correct() -> None:
    step = example(2)
    claim: dict[str, Any] = {
        "deltas": [[[None] * 2 for _ in range(2)], [[None] for _ in range(2)]],
        "gradients": [
            {"weights": [[None] * 2 for _ in range(2)], "biases": [None] * 2},
            {"weights": [[None] for _ in range(2)], "biases": [None]},
        ],
    }
    blanks = blanks_of(worksheet_of(step, ["delta", "gradients"], True))
    for blank in blanks:
        node: Any = claim
        *path, last = blank["pointer"].removeprefix("#/claim/").split("/")
        for part in path:
            node = node[int(part)] if isinstance(node, list) else node[part]
        node[int(last)] = blank["value"]
    found = checked(step, **claim)
    assert found["correct"] and found["checked"] == len(blanks) == 15


def every_kind() -> TracedStep:
    middle = [LAYERS[name]() for name in LAYERS if name != "dense"]
    layers = [dense(2, "tanh"), *middle, dense(2, "softmax")]
    return step_of(layers, [[0.3, -0.8], [1.1, 0.4]], [[1, 0], [0, 1]], "categorical_cross_entropy")


def test_layers_without_weights_have_no_weighted_inputs_of_their_own() -> None:
    worksheet = worksheet_of(every_kind(), ["weighted_inputs"], True)
    last = len(worksheet["layers"]) - 1
    assert [section["layer"] for section in worksheet["sections"]] == [0, last]
    notes = " ".join(worksheet["notes"])
    assert "epsilon = 1e-05" in notes and "Dropout: passes everything on" in notes


def test_a_worksheet_is_the_same_each_time() -> None:
    first, second = (json.dumps(worksheet_of(every_kind(), ["delta"], True), default=list) for _ in range(2))
    assert first == second
