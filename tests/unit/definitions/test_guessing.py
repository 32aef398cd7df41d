"""Guesses at names: the same but for case, other names of the same thing, and never the name of another function."""

import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import LAYERS
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.optimizers import OPTIMIZERS
from service.definitions.guessing import MOST_COMPARED, absent, closest, guess, meant, show

KNOWN = {
    "activation": list(ACTIVATIONS),
    "layer": list(LAYERS),
    "loss": list(LOSSES),
    "metric": list(METRICS),
    "optimizer": list(OPTIMIZERS),
}


@pytest.mark.parametrize(
    ("kind", "word", "name"),
    [
        ("activation", "Relu", "relu"),
        ("activation", "ReLU", "relu"),
        ("activation", "LeakyReLU", "leaky_relu"),
        ("activation", "sigmoyd", "sigmoid"),
        ("activation", "swish", "silu"),
        ("activation", "SoftMax", "softmax"),
        ("loss", "mse", "mean_squared_error"),
        ("loss", "MSELoss", "mean_squared_error"),
        ("loss", "CategoricalCrossentropy", "categorical_cross_entropy"),
        ("loss", "BCELoss", "binary_cross_entropy"),
        ("metric", "acc", "accuracy"),
        ("metric", "AUC", "roc_auc"),
        ("optimizer", "Adam", "adam"),
        ("optimizer", "AdamW", "adamw"),
        ("optimizer", "RMSProp", "rmsprop"),
        ("layer", "Dense", "dense"),
        ("layer", "BatchNorm1d", "batch_normalization"),
    ],
)
def test_what_was_meant_is_suggested(kind: str, word: str, name: str) -> None:
    assert guess(word, KNOWN[kind]) == f"; did you mean `{name}`?"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("activation", "mish"),
        ("activation", "hard_sigmoid"),
        ("activation", "HardTanh"),
        ("activation", "relu6"),
        ("activation", "celu"),
        ("activation", "log_softmax"),
        ("activation", "prelu"),
        ("loss", "mean_absolute_percentage_error"),
        ("loss", "squared_hinge"),
        ("loss", "rmse"),
        ("metric", "mse"),
        ("optimizer", "Adafactor"),
        ("optimizer", "RAdam"),
        ("layer", "Normalization"),
        ("layer", "GroupNormalization"),
        ("layer", "AlphaDropout"),
    ],
)
def test_another_function_is_never_suggested(kind: str, word: str) -> None:
    assert meant(word, KNOWN[kind]) == []
    assert guess(word, KNOWN[kind]).startswith("; known are `")


def test_a_name_for_several_things_suggests_all_of_them() -> None:
    words = "; did you mean `categorical_cross_entropy`, `binary_cross_entropy` or `cross_entropy`?"
    assert guess("crossentropy", KNOWN["loss"]) == words


def test_a_very_long_name_is_not_compared() -> None:
    assert meant("x" * 10_000_000, ["x"]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("a", '"a"'),
        ([1, None, False], "[1, null, false]"),
        ({"a": [1, {"b": 2}]}, '{"a": [1, {...}]}'),
        (list(range(10**6)), "[0, 1, 2, 3, 4, 5, ...]"),
        ({}, "{}"),
        ([], "[]"),
        ("x" * 10**6, '"' + "x" * 56 + "..."),
    ],
)
def test_a_value_is_shown_as_json_of_a_readable_length(value: object, text: str) -> None:
    assert show(value) == text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Age", "there is no column `Age`; did you mean `age`?"),
        ("sine", "there is no column `sine`; did you mean `sin`?"),  # a client's names are not those of functions
        ("zzz", "there is no column `zzz`; there are `age`, `sin`"),
    ],
)
def test_a_name_that_nothing_has_gets_a_guess_or_the_names_there_are(name: str, sentence: str) -> None:
    assert absent("column", name, ["age", "sin"]) == sentence


def test_no_more_than_twenty_names_are_listed() -> None:
    assert absent("array", "zzz", [f"a{number}" for number in range(23)]).endswith("`a19` and 3 more")


def test_names_of_clients_are_found_by_case_among_all_and_by_spelling_among_the_first() -> None:
    names = [f"column {number}" for number in range(MOST_COMPARED)] + ["Step", "weight"]
    assert closest("step", names) == ["Step"] and closest("colum 7", names) == ["column 7"]
    assert closest("wieght", names) == [] and closest("wieght", names[-2:]) == ["weight"]
    assert closest("x" * 10**7, names) == [] and closest("y", ["y" * 10**6]) == []
