"""Numbers that are not finite are null, and `nonfinite` names them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from service.jobs.nonfinite import nonfinite_of, nonfinite_of_layers, with_nonfinite, with_nonfinite_of_test
from service.services import Services
from service.store.epoch_records import DiagnosticsRecord
from service.store.epochs.diagnostics import add_diagnostics
from service.store.jobs import jobs
from service.store.tenancy import DEFAULT_TENANT
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


def test_what_a_layer_does_not_have_is_not_named() -> None:
    dense = {"delta": None, "weights": None, "updates": 1.0, "saturated": None, "dead": None, "error": None}
    dropout = {**dense, "delta": 0.5, "updates": None}
    names = ["layers/0/delta", "layers/0/weights", "layers/0/error"]
    assert nonfinite_of_layers([dense, dropout], [True, False]) == names
    without_error = {name: value for name, value in dense.items() if name != "error"}  # of an earlier release
    assert nonfinite_of_layers([without_error], [True]) == names[:2]


@ON_SQLITE
def test_layers_name_what_was_not_finite(client: FlaskClient, service: Services) -> None:
    network = {"layers": [{"type": "dense", "units": 2}, {"type": "dropout"}, {"type": "dense", "units": 1}]}
    data = {"inputs": INPUTS, "targets": INPUTS}
    id = client.post("/v1/jobs", json={"dataset": data, "network": network, "hold": True}).json["id"]
    measured = {"delta": 1.0, "weights": None, "updates": None, "saturated": None, "dead": None, "error": 1.0}
    with service.scoped(DEFAULT_TENANT).database.begin() as connection:
        add_diagnostics(connection, jobs.number_of(connection, id), [DiagnosticsRecord(3, [measured] * 3)])
    [found] = client.get(f"/v1/jobs/{id}/layers").json["data"]
    assert found["nonfinite"] == [f"layers/{index}/{name}" for index in (0, 2) for name in ("weights", "updates")]
