"""Predictions of rows sent as raw float32 numbers, and how long the steps of any prediction took."""

import re
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.integration.contract import SMALL, problem
from tests.integration.explained import Train, post

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

RAW = {"Content-Type": "application/octet-stream"}
ROWS = np.array([[0.25, -0.5], [1e-3, 0.125], [0.7, 0.9]], "<f4")


@pytest.fixture
def plain(train: Train) -> str:
    """A model whose inputs are taken as they are sent."""
    return trained(train, "plain", 1.0)


@pytest.fixture
def standardized(train: Train) -> str:
    return trained(train, "standardized", 500.0)


def trained(train: Train, name: str, unit: float) -> str:
    inputs = [[n / 20 * unit, (19 - n) / 40 * unit] for n in range(20)]
    targets = ["ab"[n % 2] for n in range(20)]
    train({"dataset": {"inputs": inputs, "targets": targets}, "training": SMALL, "model": name})
    return f"/v1/models/{name}:predict"


def test_raw_numbers_are_predicted_as_those_of_json(client: FlaskClient, plain: str, standardized: str) -> None:
    for path in (plain, standardized):
        expected = post(client, path, {"instances": ROWS.astype(float).tolist()})
        found = client.post(f"{path}?shape=3,2", data=ROWS.tobytes(), headers=RAW)
        assert found.json == expected
        raw = client.post(f"{path}?shape=3,2", data=ROWS.tobytes(), headers={**RAW, "Accept": RAW["Content-Type"]})
        assert raw.headers["Content-Type"] == RAW["Content-Type"]
        shape = [int(size) for size in raw.headers["Shape"].split(",")]
        outputs = np.frombuffer(raw.data, "<f4").reshape(shape)
        assert (outputs == np.array(expected["predictions"], "<f4")).all()


def test_answers_that_are_no_json_name_what_has_predicted_in_headers(client: FlaskClient, plain: str) -> None:
    job = client.get("/v1/models/plain/versions/1?fields=job,epoch").json
    of_epoch = f"/v1/jobs/{job['job']}/epochs/1:predict"
    for path, version, epoch in ((plain, "1", str(job["epoch"])), (of_epoch, None, "1")):
        told = post(client, path, {"instances": [[1, 2]]})
        for wanted in ("csv", "npz", "arrow", "raw"):
            headers = client.post(f"{path}?format={wanted}", json={"instances": [[1, 2]]}).headers
            assert (headers["X-Model"], headers.get("X-Version"), headers["X-Epoch"]) == (told["model"], version, epoch)
        assert (str(told["epoch"]), told["version"] and str(told["version"])) == (epoch, version)


@pytest.mark.parametrize(("unit", "refused"), [(1e150, ("json", "csv", "raw")), (1e38, ("raw",))])
def test_a_prediction_that_is_not_finite_is_refused_by_its_row(
    client: FlaskClient, train: Train, unit: float, refused: tuple[str, ...]
) -> None:
    targets = [[n * unit] for n in range(20)]
    data = {"inputs": [[n] for n in range(20)], "targets": targets}
    training = {**SMALL, "precision": "float64"}
    train({"dataset": data, "network": {"hidden": []}, "training": training, "model": "large"})
    body = {"instances": [[1], [1e170]]}
    for wanted in ("json", "csv", "raw"):
        answer = client.post(f"/v1/models/large:predict?format={wanted}", json=body)
        if wanted in refused:
            assert problem(answer, 422)["errors"][0]["pointer"] == "#/instances/1"
            assert "leads to a number beyond a float" in answer.json["detail"]
        else:
            assert answer.status_code == 200 and "null]" not in answer.text


@pytest.mark.parametrize(
    ("query", "body", "detail"),
    [
        ("shape=3,2", ROWS.tobytes()[:-1], "is 3,2, which is 24 bytes of float32; the body has 23"),
        ("shape=", ROWS.tobytes(), "must be sizes such as `100,784`, the number of rows first, got ''"),
        ("shape=0,2", b"", "must be sizes such as `100,784`, the number of rows first, got '0,2'"),
        ("shape=2,3", ROWS.tobytes(), "a row must have 2 values, one an input column, got 3"),
        ("shape=1,2", np.array([1, np.inf], "<f4").tobytes(), "must be a finite number"),
        ("shape=1,2", np.array([1, np.nan], "<f4").tobytes(), "is missing"),
    ],
    ids=["cut off", "no sizes", "no rows", "another width", "infinite", "missing"],
)
def test_other_bytes_are_refused(client: FlaskClient, plain: str, query: str, body: bytes, detail: str) -> None:
    refused = problem(client.post(f"{plain}?{query}", data=body, headers=RAW), 422)
    assert detail in str(refused)


def test_a_shape_goes_with_raw_numbers_alone(client: FlaskClient, plain: str) -> None:
    without = problem(client.post(plain, data=ROWS.tobytes(), headers=RAW), 422)
    assert without["errors"][0]["pointer"] == "?shape" and "such as `shape=1,2`" in without["detail"]
    refused = client.post(f"{plain}?shape=1,2", json={"instances": [[1, 2]]})
    problem(refused, 415)


def test_text_cannot_be_sent_in_numbers(client: FlaskClient, train: Train) -> None:
    rows = [{"plan": "AB"[n % 2], "y": n} for n in range(12)]
    train({"dataset": {"rows": rows}, "training": SMALL, "model": "texts"})
    refused = client.post("/v1/models/texts:predict?shape=1,1", data=ROWS.tobytes()[:4], headers=RAW)
    assert "column `plan` holds text" in problem(refused, 422)["detail"]


def test_every_prediction_says_how_long_its_steps_took(client: FlaskClient, plain: str) -> None:
    bodies: list[dict[str, Any]] = [
        {"json": {"instances": [[1, 2]]}},
        {"data": "0,1\n0.5,0.5\n", "headers": {"Content-Type": "text/csv"}},
        {"data": ROWS.tobytes(), "headers": RAW, "query_string": "shape=3,2"},
    ]
    for body in bodies:
        for form in ("json", "csv", "npz", "raw"):
            query = "&".join(filter(None, [body.get("query_string", ""), f"format={form}"]))
            answer = client.post(plain, **{**body, "query_string": query})
            if answer.status_code == 200:
                timing = answer.headers["Server-Timing"]
                assert re.fullmatch(r"parse;dur=[\d.]+, predict;dur=[\d.]+, encode;dur=[\d.]+", timing)
