"""Fields that are not known, and the field that was meant: of the same object, of one inside it, or elsewhere."""

from typing import Any

import pytest

from service.definitions.explaining import TraceRequest
from service.definitions.fields import guess_field, has_default, types_at
from service.definitions.network import NetworkRequest
from service.definitions.requests import ForkRequest, JobRequest


def words(body: Any, *location: str | int, name: str, model: Any = JobRequest) -> str:
    return guess_field(name, model, body, location, "#").words


@pytest.mark.parametrize(
    ("location", "name", "meant"),
    [
        ((), "datset", "`dataset`"),
        ((), "epochs", "`training.epochs`"),
        ((), "lr", "`training.optimizer.learning_rate`"),
        ((), "Network", "`network`"),
        ((), "architecture", "`network`"),
        (("training",), "learning_rte", "`optimizer.learning_rate`"),
        (("training",), "momentum", "`optimizer.momentum`"),
        (("training",), "batch", "`batch_size`"),
        (("training",), "l2", "`regularization.l2`"),
        (("training",), "weight_decay", "`optimizer.weight_decay` or `regularization.l2`"),
        (("training",), "patience", "`schedule.patience` or `early_stopping.patience`"),
        (("training",), "priority", "`#/priority`"),
        (("training",), "dataset", "`validation.dataset`, `test.dataset` or `#/dataset`"),
        (("training", "optimizer"), "lr", "`learning_rate`"),
        (("training", "optimizer"), "epochs", "`#/training/epochs`"),
        (("network",), "neurons", "`hidden`"),
        (("network", "layers", 0), "neurons", "`units`"),
        (("network", "layers", 0), "activation_function", "`activation`"),
        (("network", "layers", 0), "kernel_initializer", "`initializer`"),
    ],
)
def test_the_field_that_was_meant_is_named_with_its_path(
    location: tuple[str | int, ...], name: str, meant: str
) -> None:
    body = {
        "dataset": "x",
        "network": {"layers": [{"type": "dense", "units": 3}]},
        "training": {"optimizer": {"type": "adam"}},
    }
    assert words(body, *location, name=name) == f"; did you mean {meant}?"


def test_a_setting_of_another_type_is_named_as_that() -> None:
    body = {"dataset": "x", "training": {"optimizer": {"type": "adam"}}}
    where = ("training", "optimizer")
    assert words(body, *where, name="momentum") == "; it is a setting of `sgd` and `rmsprop`"
    assert words(body, *where, name="weight_decay") == "; it is a setting of `adamw`"


def test_a_field_that_is_nearly_spelt_comes_before_other_words_and_places() -> None:
    assert words({"row": 1}, name="rows", model=TraceRequest) == "; did you mean `row`?"
    assert words({"training": {}}, "training", name="epoch", model=ForkRequest) == "; did you mean `epochs`?"


def test_what_is_no_field_has_a_way_out() -> None:
    assert words({"dataset": "x", "training": {}}, "training", name="dropout").startswith("; it is a layer")


def test_a_field_that_is_like_none_gets_the_list_of_its_object() -> None:
    body = {"layers": [{"type": "dropout", "rate": 0.5}]}
    assert words(body, "layers", 0, name="colour", model=NetworkRequest) == "; known are `rate`, `type`"


def test_fields_of_keras_documents_are_not_suggested_elsewhere() -> None:
    assert "class_name" not in words({"foo": 1}, name="foo", model=NetworkRequest)
    keras = {"class_name": "Sequential", "config": {}, "nam": 1}
    assert words(keras, name="nam", model=NetworkRequest) == "; did you mean `name`?"


def test_the_types_of_an_object_are_known() -> None:
    assert types_at(NetworkRequest, {"layers": [{}]}, ("layers", 0))[:2] == ["dense", "activation"]


def test_what_may_be_left_out_has_a_default() -> None:
    body = {"dataset": None, "training": {"epochs": None}}
    assert has_default(JobRequest, body, ("training", "epochs"))
    assert not has_default(JobRequest, body, ("dataset",))
