"""What is wrong with a body: where, what was there, what the bound is, and a guess."""

from typing import Any

import pytest
from pydantic import ValidationError

from service.definitions import validation
from service.definitions.base import MOST_ERRORS
from service.definitions.explaining import TraceRequest
from service.definitions.network import NetworkRequest
from service.definitions.requests import DatasetRequest, JobRequest, PredictRequest
from service.definitions.validation import check
from service.errors import MAX_FAULTS, Fault, Invalid

DENSE = {"type": "dense", "units": 3}


def faults(model: Any, body: Any) -> list[Fault]:
    with pytest.raises(Invalid) as caught:
        check(model, body)
    return list(caught.value.faults)


def job(**training: Any) -> dict[str, Any]:
    return {"dataset": "iris", "training": training}


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"layers": [{**DENSE, "activation": "sigmoyd"}]}, "#/layers/0/activation", "did you mean `sigmoid`?"),
        ({"layers": [{**DENSE, "unit": 3}]}, "#/layers/0/unit", "did you mean `units`?"),
        ({"layers": [{"type": "dense"}]}, "#/layers/0", "`units` is missing"),
        ({"layers": [{**DENSE, "units": 0}]}, "#/layers/0/units", "must be at least 1, got 0"),
        ({"layers": [{**DENSE, "units": 2.5}]}, "#/layers/0/units", "a whole number, got 2.5"),
        ({"layers": [{**DENSE, "units": True}]}, "#/layers/0/units", "boolean"),
        ({"layers": [{**DENSE, "units": "3"}]}, "#/layers/0/units", 'a whole number, got "3"'),
        ({"layers": [{**DENSE, "units": None}]}, "#/layers/0/units", "got null"),
        ({"layers": []}, "#/layers", "at least 1 entries"),
        ({"layers": {}}, "#/layers", "must be a list"),
        ({"layers": [{**DENSE, "initializer": "glorot"}]}, "#/layers/0/initializer", "did you mean `glorot_"),
        ({"layers": [{**DENSE, "initializer": {}}]}, "#/layers/0/initializer", "`type` is missing"),
        (
            {"layers": [{**DENSE, "initializer": {"type": "normal", "stddev": -1}}]},
            "#/layers/0/initializer/stddev",
            "got -1",
        ),
        ({"hidden": [3, "x"]}, "#/hidden/1", "a whole number"),
        ({"hidden": [3], "layers": [DENSE]}, "#", "either `layers` or `hidden`"),
        ({}, "#", "either `layers` or `hidden`"),
        ({"hidden": [3], "name": "../up"}, "#/name", "must match"),
        ({"hidden": [3], "name": "UPPER"}, "#/name", "must match"),
        ({"hidden": [3], "a/b~c": 1}, "#/a~1b~0c", "is not known"),
        ([], "#", "must be an object"),
        (None, "#", "must be an object"),
        ("text", "#", "must be an object"),
    ],
)
def test_networks(body: Any, pointer: str, words: str) -> None:
    first = faults(NetworkRequest, body)[0]
    assert first.pointer == pointer or (pointer == "#/layers/0" and first.pointer == "#/layers/0/units")
    assert words in first.detail


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        (job(learning_rte=1), "#/training/learning_rte", "did you mean `optimizer.learning_rate`?"),
        (job(epoch=1), "#/training/epoch", "did you mean `epochs`?"),
        (job(epochs="1_000"), "#/training/epochs", 'a whole number, got "1_000"'),
        (job(epochs=0), "#/training/epochs", "must be at least 1, got 0"),
        (job(batch_size=0), "#/training/batch_size", "must be at least 1, got 0"),
        (job(batch_size="ful"), "#/training/batch_size", "a whole number"),
        (job(optimizer="sdg"), "#/training/optimizer", "`sgd`"),
        (
            job(optimizer={"type": "sgd", "learning_rte": 1}),
            "#/training/optimizer/learning_rte",
            "did you mean `learning_rate`?",
        ),
        (
            job(optimizer={"type": "sgd", "learning_rate": -1}),
            "#/training/optimizer/learning_rate",
            "got -1",
        ),
        (job(validation=1.5), "#/training/validation", "must be below 1, got 1.5"),
        (job(validation={"fraction": 0}), "#/training/validation/fraction", "must be above 0, got 0"),
        (job(validation={}), "#/training/validation", "give one of"),
        (job(rows=[5, 5]), "#/training/rows", "from below to"),
        (job(loss="mse"), "#/training/loss", "is not known"),
        (job(precision="float16"), "#/training/precision", "known are `float32`, `float64`"),
        (job(shuffle=1), "#/training/shuffle", "must be true or false, got 1"),
        (job(seed=2**63), "#/training/seed", "at most 64 bits"),
        ({}, "#/dataset", "`dataset` is missing"),
        ({"dataset": 5}, "#/dataset", "got 5"),
        ({"dataset": "../x"}, "#/dataset", "must match"),
        ({"dataset": {"inputs": "x"}}, "#/dataset/inputs", "must be a list"),
        ({"dataset": {"input": [[1]], "rows": [1]}}, "#/dataset/input", "did you mean `inputs`?"),
        ({"dataset": "x", "network": {"hiden": [3]}}, "#/network/hiden", "did you mean `hidden`?"),
        (
            {"dataset": "x", "network": {"layers": [{**DENSE, "units": -1}]}},
            "#/network/layers/0/units",
            "must be at least 1, got -1",
        ),
        ({"dataset": "x", "priority": 5000}, "#/priority", "must be at most 1,000, got 5000"),
        ({"dataset": "x", "metadata": {"a": 1}}, "#/metadata/a", "must be text, got 1"),
        ({"dataset": "x", "metadata": {"a": "b\x00"}}, "#/metadata/a", "NUL"),
    ],
)
def test_jobs(body: Any, pointer: str, words: str) -> None:
    first = faults(JobRequest, body)[0]
    allowed = {pointer, "#"} if words.endswith("is missing") else {pointer, pointer + "/fraction"}
    assert first.pointer in allowed
    assert words in first.detail


def test_one_mistake_is_one_fault() -> None:
    """A field with a wrong name is not missing too, and a union is one choice."""
    for model, body in (
        (NetworkRequest, {"layers": [{"type": "dense", "neurons": 3}]}),
        (NetworkRequest, {"layers": [784, 30, 10]}),
        (JobRequest, {"datset": "iris"}),
        (JobRequest, job(batch_size="ful")),
        (JobRequest, job(class_weights="balance")),
        (JobRequest, {"dataset": 5}),
        (JobRequest, {"dataset": "My Data"}),
        (JobRequest, {"dataset": "x", "network": 5}),
    ):
        assert len(faults(model, body)) == 1, body


def test_a_fault_in_one_union_hides_none_elsewhere() -> None:
    found = faults(JobRequest, job(epochs="x", batch_size="ful", optimizer={"type": "sgd", "momentm": 1}))
    assert {fault.pointer for fault in found} == {
        "#/training/epochs",
        "#/training/batch_size",
        "#/training/optimizer/momentm",
    }


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (job(batch_size="ful"), 'must be a whole number or "full", got "ful"; did you mean "full"?'),
        (job(batch_size=None), 'must be a whole number or "full", got null; leave it out for the default'),
        (job(class_weights=3), 'must be "balanced" or an object, got 3'),
        ({"dataset": 5}, "must be text or an object, got 5"),
    ],
)
def test_a_union_says_all_that_it_takes(body: Any, detail: str) -> None:
    assert [fault.detail for fault in faults(JobRequest, body)] == [detail]


def test_a_type_with_the_name_of_a_field_leads_to_no_wrong_place() -> None:
    layer = {"type": "activation", "activation": "relu", "foo": 1}
    assert faults(NetworkRequest, {"layers": [layer]})[0].pointer == "#/layers/0/foo"
    layer = {"type": "activation", "activation": {"type": "leaky_relu", "slope": 7}}
    assert faults(NetworkRequest, {"layers": [layer]})[0].pointer == "#/layers/0/activation/slope"


def test_keys_that_clients_choose_are_escaped_in_pointers() -> None:
    bodies = [{"dataset": "x", "metadata": {"a/~b": 1}}, job(stop_when={"a/~b": "x"}), job(class_weights={"a/~b": -1})]
    assert [str(faults(JobRequest, body)[0].pointer).rsplit("/", 1)[1] for body in bodies] == ["a~1~0b"] * 3


def test_a_fault_of_two_fields_points_to_the_one_that_it_names() -> None:
    found = faults(NetworkRequest, {"layers": [DENSE], "activation": "relu"})[0]
    assert found.pointer == "#/activation"
    found = faults(JobRequest, job(optimizer={"type": "sgd", "nesterov": True}))[0]
    assert found.pointer == "#/training/optimizer/nesterov"
    assert faults(TraceRequest, {"instances": [[1]]})[0].pointer == "#"  # `instances` and `targets` go together


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400, True, "0.1", None])
def test_a_number_is_a_finite_number(number: Any) -> None:
    first = faults(JobRequest, job(optimizer={"type": "sgd", "learning_rate": number}))[0]
    assert first.pointer == "#/training/optimizer/learning_rate"


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert check(JobRequest, job(epochs=3.0)).training.epochs == 3


def test_pointers_have_a_prefix_and_faults_are_at_most_ten() -> None:
    with pytest.raises(Invalid) as caught:
        check(NetworkRequest, {"hidden": [0] * 50}, "#/network")
    assert len(caught.value.faults) == 10
    assert caught.value.faults[0].pointer == "#/network/hidden/0"
    assert caught.value.detail == "#/network/hidden/0: must be at least 1, got 0 (and 49 more faults)"


MANY = 200_000


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (JobRequest, {"dataset": "x", **{f"u{number}": 1 for number in range(MANY)}}),
        (JobRequest, {"dataset": "x", "metadata": {f"u{number}": 1 for number in range(MANY)}}),
        (JobRequest, job(class_weights={f"u{number}": -1 for number in range(MANY)})),
        (JobRequest, job(stop_when={f"u{number}": "x" for number in range(MANY)})),
        (NetworkRequest, {"layers": [{}] * MANY}),
        (NetworkRequest, {"hidden": [0] * MANY}),
        (NetworkRequest, {"layers": [{**DENSE, "weights": [["a"] * 3] * MANY}]}),
        (DatasetRequest, {"columns": ["a"], "rows": [[1]], "drop": [1] * MANY}),
        (PredictRequest, {"instances": [1] * MANY}),
    ],
    ids=["unknown", "metadata", "class_weights", "stop_when", "layers", "hidden", "weights", "drop", "instances"],
)
def test_refusing_much_takes_little_work(model: Any, body: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No error is made for each of the faults, and no sentence for more than ten: that would take seconds."""
    errors: list[int] = []
    sentences: list[str] = []
    invalid, sentence = validation.invalid, validation._sentence

    def counted(error: ValidationError, *given: Any) -> Invalid:
        errors.append(error.error_count())
        return invalid(error, *given)

    def written(*given: Any) -> Any:
        sentences.append("")
        return sentence(*given)

    monkeypatch.setattr(validation, "invalid", counted)
    monkeypatch.setattr(validation, "_sentence", written)
    assert len(faults(model, body)) <= MAX_FAULTS
    assert len(errors) == 1 and errors[0] <= 2 * MOST_ERRORS, errors
    assert 0 < len(sentences) <= MAX_FAULTS


def test_what_is_not_counted_is_not_given_as_a_count() -> None:
    with pytest.raises(Invalid, match=r"and at least \d+ more faults"):
        check(JobRequest, {"dataset": "x", **{f"u{number}": 1 for number in range(2000)}})


@pytest.mark.parametrize("body", [{}, {"instances": [[1]], "inputs": [[1]]}, {"instances": []}, {"instances": "x"}])
def test_predictions_need_rows(body: Any) -> None:
    faults(PredictRequest, body)


@pytest.mark.parametrize(
    "body",
    [{}, {"inputs": [[1]], "rows": [[1]]}, {"rows": [[1]], "targets": [1]}, {"inputs": [[1]], "target": "a"}],
)
def test_datasets_have_one_form(body: Any) -> None:
    faults(DatasetRequest, body)


def test_a_long_value_is_cut() -> None:
    assert len(faults(NetworkRequest, {"hidden": ["x" * 10_000]})[0].detail) < 200
