"""The scale is a step of the model: rows are sent in the units of the dataset as it was sent, wherever they meet it."""

import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.services import Services
from service.store.tables import jobs, model_versions
from service.store.tenancy import DEFAULT_TENANT
from tests.integration.contract import SMALL, problem
from tests.integration.explained import Train, epochs_of, get, post
from tests.integration.published import PublishedDocument
from workers.run.run import run_next_job

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

SENT = [[51.0 * index, 255.0 - 17.0 * index] for index in range(6)]
NEW = [[0.0, 255.0], [100.0, 3.0]]
TARGETS = [0.1 * index for index in range(6)]
SCALED = {"inputs": SENT, "targets": TARGETS, "scale": 255}
DIVIDED = {"inputs": [[value / 255 for value in row] for row in SENT], "targets": TARGETS}
TRAINING = {**SMALL, "epochs": 20, "precision": "float64"}


def predicted(client: FlaskClient, path: str, rows: Any, field: str = "instances") -> Any:
    return post(client, path, {field: rows})["predictions" if field == "instances" else "outputs"]


@pytest.mark.parametrize("numbers", ["auto", "standardize", "min_max"])
def test_predictions_take_the_units_of_the_dataset_as_it_was_sent(
    client: FlaskClient, train: Train, numbers: str
) -> None:
    training = {**TRAINING, "preprocessing": {"numbers": numbers}}
    job = train({"dataset": {**SCALED, "name": "s"}, "training": training, "model": "scaled"})
    other = train({"dataset": {**DIVIDED, "name": "d"}, "training": training, "model": "divided"})
    expected = predicted(client, "/v1/models/divided:predict", np.divide(NEW, 255).tolist())
    for path in ("/v1/models/scaled:predict", f"{epochs_of(job)}/last:predict"):
        np.testing.assert_allclose(predicted(client, path, NEW), expected, rtol=1e-12)
        np.testing.assert_allclose(predicted(client, path, NEW, "inputs"), expected, rtol=1e-12)
        objects = [{"input_1": row[0], "input_2": row[1]} for row in NEW]
        np.testing.assert_allclose([row["target"] for row in predicted(client, path, objects)], np.ravel(expected))
    packed = io.BytesIO()
    np.savez(packed, inputs=np.array(NEW, dtype=np.uint8))
    npz = client.post("/v1/models/scaled:predict", data=packed.getvalue(), content_type="application/x-npz")
    np.testing.assert_allclose(npz.json["predictions"], expected, rtol=1e-12)
    csv = "input_1,input_2\n" + "".join(f"{a},{b}\n" for a, b in NEW)
    by_csv = client.post("/v1/models/scaled:predict", data=csv, content_type="text/csv")
    np.testing.assert_allclose([row["target"] for row in by_csv.json["predictions"]], np.ravel(expected), rtol=1e-12)
    early = predicted(client, f"{epochs_of(job)}/3:predict", NEW)
    np.testing.assert_allclose(
        early, predicted(client, f"{epochs_of(other)}/3:predict", np.divide(NEW, 255).tolist()), rtol=1e-12
    )


def test_datasets_and_models_have_the_scale_and_values_are_as_sent(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": {**SCALED, "name": "s"}, "training": TRAINING, "model": "m"})
    dataset = get(client, "/v1/datasets/s")
    assert dataset["scale"] == 255 and dataset["columns"][0]["maximum"] == 255.0
    assert [row["values"]["input_1"] for row in get(client, "/v1/datasets/s/rows")["data"]] == [row[0] for row in SENT]
    assert get(client, "/v1/models/m")["scale"] == get(client, "/v1/models/m/versions/1")["scale"] == 255
    assert get(client, "/v1/models")["data"][0]["scale"] == 255
    assert job["training"]["preprocessing"]["fitted"]["scale"] == 255
    standardized = {**TRAINING, "preprocessing": {"numbers": "standardize"}}
    train({"dataset": "s", "training": standardized, "model": "n"})
    example = get(client, "/v1/models/n")["example"]
    np.testing.assert_allclose(list(example["instances"][0].values()), np.mean(SENT, axis=0), rtol=1e-6)


@pytest.mark.parametrize("numbers", ["auto", "standardize"])
def test_a_row_of_the_dataset_and_the_same_row_sent_have_one_trace(
    client: FlaskClient, train: Train, numbers: str
) -> None:
    rows = [{"a": 17.5 * n, "c": "uvw"[n % 3], "b": 255.0 - n, "y": n % 4} for n in range(12)]
    training = {**TRAINING, "preprocessing": {"numbers": numbers, "missing": "mean"}}
    dataset = {"rows": rows, "target_type": "value", "scale": 255}
    job = train({"dataset": dataset, "training": training, "model": "m"})
    for number in (1, 5, 11):
        values = get(client, f"/v1/datasets/{job['dataset']}/rows?after={number - 1}&limit=1")["data"][0]["values"]
        target = values.pop("y")
        by_row = post(client, "/v1/models/m:trace", {"row": number})
        sent = post(client, "/v1/models/m:trace", {"instances": [values], "targets": [target]})
        assert sent["inputs"] == by_row["inputs"] and sent["loss"] == by_row["loss"]
        assert sent["backward"] == by_row["backward"] and sent["update"] == by_row["update"]
        output = predicted(client, "/v1/models/m:predict", [list(values.values())])
        traced = sent["forward"][-1]["activations"]
        if job["training"]["preprocessing"]["targets"] == "none":
            np.testing.assert_allclose(output, traced, rtol=1e-12)
    unknown = {"instances": [{"a": 1, "b": 2, "c": "x"}], "targets": [1]}
    assert problem(client.post("/v1/models/m:trace", json=unknown), 422)["errors"][0]["pointer"] == "#/instances/0/c"
    assert post(client, "/v1/models/m:gradient-check", {"rows": 8})["passed"]


def test_evaluations_and_validation_divide_each_dataset_by_its_own_scale(client: FlaskClient, train: Train) -> None:
    wide = {"inputs": [[value * 257 for value in row] for row in SENT], "targets": TARGETS, "scale": 65535}
    client.post("/v1/datasets", json={**SCALED, "name": "same"})
    client.post("/v1/datasets", json={**wide, "name": "wide"})
    client.post("/v1/datasets", json={**DIVIDED, "name": "divided"})
    client.post("/v1/datasets", json={"inputs": SENT, "targets": TARGETS, "name": "undivided"})
    training = {**TRAINING, "validation": {"dataset": "wide"}}
    job = train({"dataset": {**SCALED, "name": "s"}, "training": training, "model": "m"})
    losses = [post(client, "/v1/models/m:evaluate", {"dataset": name})["loss"] for name in ("s", "same", "wide")]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-12)
    last = get(client, epochs_of(job))["data"][job["best_epoch"]]
    assert last["validation_loss"] == pytest.approx(losses[0], rel=1e-12)
    for name in ("divided", "undivided"):
        refused = problem(client.post("/v1/models/m:evaluate", json={"dataset": name}), 422)["errors"][0]
        assert refused["pointer"] == "#/dataset" and "send it again with scale=255" in refused["detail"]
        body = {"dataset": "s", "training": {**TRAINING, "validation": {"dataset": name}}}
        assert problem(client.post("/v1/jobs", json=body), 422)["errors"][0]["pointer"] == (
            "#/training/validation/dataset"
        )
        problem(client.post(f"/v1/jobs/{job['id']}:fork", json={"dataset": name}), 422)


def test_a_fork_on_another_dataset_predicts_in_the_units_of_its_own(
    client: FlaskClient, service: Services, train: Train
) -> None:
    job = train({"dataset": {**SCALED, "name": "s"}, "training": TRAINING, "model": "m"})
    wide = {"inputs": [[value * 257 for value in row] for row in SENT], "targets": TARGETS, "scale": 65535}
    body = {"dataset": wide, "model": "wide", "training": {"epochs": 1}}
    fork = client.post(f"/v1/jobs/{job['id']}:fork", json=body).json
    assert run_next_job(service, "test", lambda: False)
    assert get(client, "/v1/models/wide")["scale"] == 65535
    np.testing.assert_allclose(
        predicted(client, f"{epochs_of(fork)}/0:predict", [[value * 257 for value in row] for row in NEW]),
        predicted(client, f"{epochs_of(job)}/last:predict", NEW),
        rtol=1e-12,
    )


def test_versions_of_older_releases_know_their_scale_from_the_dataset_or_say_that_they_do_not(
    client: FlaskClient, service: Services, train: Train
) -> None:
    job = train({"dataset": {**SCALED, "name": "s"}, "training": TRAINING, "model": "m"})
    expected = predicted(client, "/v1/models/m:predict", NEW)
    divided = predicted(client, "/v1/models/m:predict", [[value / 255 for value in row] for row in NEW])
    assert expected != divided
    forget_scales(service)
    other = client.application.test_client()
    fresh_cache(other)
    assert predicted(other, "/v1/models/m:predict", NEW) == expected
    assert predicted(other, f"{epochs_of(job)}/last:predict", NEW) == expected
    assert get(other, "/v1/models/m")["scale"] == get(other, "/v1/models/m/versions/1")["scale"] == 255
    assert "scale" not in post(other, "/v1/models/m:predict", {"instances": NEW})
    assert client.delete("/v1/datasets/s").status_code == 204
    fresh_cache(other)
    for answer in (
        get(other, "/v1/models/m"),
        get(other, "/v1/models/m/versions/1"),
        get(other, "/v1/models")["data"][0],
        post(other, "/v1/models/m:predict", {"instances": NEW}),
        post(other, f"{epochs_of(job)}/last:predict", {"instances": NEW}),
    ):
        assert answer["scale"] is None and "send them divided by the scale" in answer["scale_note"]
    document = PublishedDocument(client.get("/openapi.json").json)
    sent = other.post("/v1/models/m:predict", json={"instances": NEW})
    document.check(("post", "/v1/models/{name}:predict"), sent)
    document.check(("get", "/v1/models/{name}/versions/{version}"), other.get("/v1/models/m/versions/1"))
    now = predicted(other, "/v1/models/m:predict", np.divide(NEW, 255).tolist())
    np.testing.assert_allclose(now, expected, rtol=1e-12)


def forget_scales(service: Services) -> None:
    """Store what was fitted as older releases did, without the scale."""
    with service.database.begin() as connection:
        for table in (jobs, model_versions):
            for (record,) in connection.execute(select(table.c.preprocessing)).all():
                old = {name: value for name, value in record.items() if name != "scale"}
                connection.execute(update(table).values(preprocessing=old))


def fresh_cache(client: FlaskClient) -> None:
    """Empty the cache of networks, as in an API process that has just started."""
    cache = client.application.extensions["model_cache"]
    for name in ("m", None):  # the model, and epochs of jobs
        cache.drop(DEFAULT_TENANT, name)
