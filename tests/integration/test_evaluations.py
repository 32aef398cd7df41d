"""`:evaluate`: what validation would measure, of versions and of epochs."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import SMALL, problem
from tests.integration.explained import (
    Train,
    epochs_of,
    get,
    post,
)

pytestmark = POSTGRESQL_IS_LONG


def test_evaluations(client: FlaskClient, train: Train) -> None:
    rows = [{"a": n % 7, "b": (n * 5) % 11, "kind": "uvw"[n % 3]} for n in range(60)]
    client.post("/v1/datasets", json={"name": "held", "rows": rows[40:][::-1]})
    client.post("/v1/datasets", json={"name": "rows", "rows": rows[:40]})
    training = {**SMALL, "validation": {"dataset": "held"}, "class_weights": {"u": 2.0}, "version_epoch": "last"}
    job = train({"dataset": "rows", "training": training, "model": "m"})
    recorded = get(client, epochs_of(job))["data"]
    for epoch in (0, 2):
        found = post(client, f"{epochs_of(job)}/{epoch}:evaluate", {"dataset": "held"})
        assert found["loss"] == pytest.approx(recorded[epoch]["validation_loss"], rel=1e-6)
        assert found["metrics"] == recorded[epoch]["metrics"]["validation"] and found["rows"] == 20
    by_model = post(client, "/v1/models/m/versions/1:evaluate", {"dataset": "held"})
    assert by_model["confusion_matrix"]["classes"] == ["u", "v", "w"]
    assert by_model["confusion_matrix"]["counts"] == job["confusion_matrix"]["counts"]
    assert post(client, "/v1/models/m:evaluate?epoch=2", {"dataset": "held"})["loss"] == found["loss"]
    for dataset, words in (("none", "there is no dataset"), ("other", "has other input columns")):
        client.post("/v1/datasets", json={"name": "other", "rows": [{"z": 1, "kind": "u"}]})
        answer = problem(client.post("/v1/models/m:evaluate", json={"dataset": dataset}), 422)["errors"][0]
        assert answer["pointer"] == "#/dataset" and words in answer["detail"]
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.delete("/v1/datasets/rows").status_code == 204
    alone = post(client, "/v1/models/m:evaluate", {"dataset": "held"})
    assert alone["metrics"] == by_model["metrics"]
    gone = {"instances": [[1, 2]], "targets": ["u"]}
    problem(client.post("/v1/models/m:trace", json=gone), 409)
    assert post(client, "/v1/models/m:trace", {**gone, "loss": "categorical_cross_entropy"})["epoch"] == 3
    problem(client.post("/v1/models/m:trace", json={"row": 1, "loss": "quadratic"}), 409)
