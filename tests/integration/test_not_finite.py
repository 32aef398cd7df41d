"""Numbers that are not finite are null, and `nonfinite` names them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from service.jobs.nonfinite import nonfinite_of, with_nonfinite, with_nonfinite_of_test
from tests.conftest import ON_SQLITE
from tests.integration.contract import SMALL

INPUTS = np.linspace(-1, 1, 40).reshape(-1, 1).tolist()


@ON_SQLITE
def test_epochs_and_versions_name_what_was_not_finite(
    client: FlaskClient, train: Callable[..., dict[str, Any]]
) -> None:
    constant = {"inputs": INPUTS, "targets": [0.25] * 40}  # r2 is not defined where targets do not vary
    training = {**SMALL, "metrics": ["r2", "mae"], "validation": {"fraction": 0.25}}
    job = train({"dataset": constant, "network": {"hidden": [2]}, "training": training, "model": "m"})
    assert job["latest"]["metrics"]["training"]["r2"] is None
    names = ["metrics/training/r2", "metrics/validation/r2"]
    assert job["latest"]["nonfinite"] == names
    assert all(epoch["nonfinite"] == names for epoch in client.get(f"/v1/jobs/{job['id']}/epochs").json["data"])
    assert client.get("/v1/models/m/versions/1").json["record"]["nonfinite"] == names
    lines = client.get(f"/v1/jobs/{job['id']}/epochs?format=csv").text.splitlines()
    assert "nonfinite" not in lines[0] and ",true," in lines[1] and "True" not in "".join(lines)


@ON_SQLITE
def test_what_is_finite_has_no_such_names(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    job = train({"dataset": {"inputs": INPUTS, "targets": np.linspace(0, 1, 40).tolist()}, "training": SMALL})
    assert "nonfinite" not in job["latest"]
    assert client.get(f"/v1/jobs/{job['id']}/epochs").json["data"][0].keys() == job["latest"].keys()


def test_a_validation_loss_is_named_where_there_is_validation() -> None:
    metrics = {"training": {"mae": 1.0}, "validation": {"mae": None}}
    measured = {"training_loss": 1.0, "validation_loss": None, "metrics": metrics}
    assert nonfinite_of(measured) == ["validation_loss", "metrics/validation/mae"]
    without = {**measured, "metrics": {"training": {"mae": 1.0}, "validation": {}}}
    assert with_nonfinite(without) == without
    test = {"loss": None, "metrics": {"f1": None, "accuracy": 1.0}}
    assert (with_nonfinite_of_test(test) or {})["nonfinite"] == ["loss", "metrics/f1"]
