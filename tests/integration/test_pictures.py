"""Histograms of datasets' columns and of parameters by layer, over HTTP."""

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.services import Services
from tests.conftest import ON_SQLITE
from tests.integration.contract import XOR, problem
from workers.run.run import run_next_job

CSV = "size,colour,price\n1,red,10.5\n2,blue,20\n2,red,\n4,green,7.25\n"
PATH = "/v1/datasets/houses/columns"


@pytest.fixture
def houses(client: FlaskClient) -> FlaskClient:
    assert client.put("/v1/datasets/houses?target=price", data=CSV).status_code == 201
    return client


@ON_SQLITE
def test_columns_have_statistics_and_histograms(houses: FlaskClient) -> None:
    described = {column["name"]: column for column in houses.get("/v1/datasets/houses").json["columns"]}
    listed = houses.get(PATH).json
    assert [each["name"] for each in listed["data"]] == ["size", "colour", "price"] and not listed["has_more"]
    for each in listed["data"]:
        shared = {name: value for name, value in described[each["name"]].items() if name != "categories"}
        assert {name: each[name] for name in shared} == shared
    size, colour, price = listed["data"]
    assert (size["histogram"]["edges"], size["histogram"]["counts"]) == ([0.5, 1.5, 2.5, 3.5, 4.5], [1, 2, 0, 1])
    assert (colour["distinct"], colour["histogram"]["categories"]) == (3, ["red", "blue", "green"])
    assert (colour["histogram"]["counts"], colour["histogram"]["edges"]) == ([2, 1, 1], None)
    assert (price["missing"], price["histogram"]["missing"], sum(price["histogram"]["counts"])) == (1, 1, 3)
    assert (price["histogram"]["edges"][0], price["histogram"]["edges"][-1]) == (7.25, 20)


@ON_SQLITE
def test_columns_are_paged_chosen_and_bounded(houses: FlaskClient) -> None:
    page, seen = houses.get(f"{PATH}?limit=1&bins=3"), []
    while page.json["has_more"]:
        seen += page.json["data"]
        page = houses.get(page.headers["Link"].split(">")[0].removeprefix("<"))
    seen += page.json["data"]
    assert seen == houses.get(f"{PATH}?bins=3").json["data"]
    assert len(seen[2]["histogram"]["counts"]) == 3
    chosen = houses.get(f"{PATH}?column=price&column=size&categories=1").json["data"]
    assert [each["name"] for each in chosen] == ["size", "price"]
    [colour] = houses.get(f"{PATH}?column=colour&categories=1").json["data"]
    assert (colour["histogram"]["categories"], colour["histogram"]["other"]) == (["red"], 2)
    assert "did you mean `price`" in problem(houses.get(f"{PATH}?column=prize"), 422)["errors"][0]["detail"]
    found = houses.get(f"{PATH}?search=I").json["data"]
    assert [each["name"] for each in found] == ["size", "price"]
    assert houses.get(f"{PATH}?search=i&after=0").json["data"] == found[1:]
    assert not houses.get(f"{PATH}?search=none").json["data"]
    problem(houses.get(f"{PATH}?search={'x' * 201}"), 422)
    problem(houses.get(f"{PATH}?bins=0"), 422)
    problem(houses.get("/v1/datasets/nothing/columns"), 404)


@ON_SQLITE
def test_rows_are_listed_with_some_of_their_columns(houses: FlaskClient) -> None:
    path = "/v1/datasets/houses/rows?limit=2"
    assert [each["values"] for each in houses.get(f"{path}&columns=2").json["data"]] == [
        {"size": 1, "colour": "red"},
        {"size": 2, "colour": "blue"},
    ]
    assert [each["values"] for each in houses.get(f"{path}&columns=2&columns_after=1&after=1").json["data"]] == [
        {"price": None},
        {"price": 7.25},
    ]
    assert houses.get(f"{path}&columns_after=9").json["data"][0]["values"] == {}
    problem(houses.get(f"{path}&columns=0"), 422)


@ON_SQLITE
def test_with_many_bins_a_page_of_columns_is_shorter(client: FlaskClient) -> None:
    inputs = np.random.default_rng(1).random((3, 250)).round(3)
    client.post("/v1/datasets", json={"name": "wide", "inputs": inputs.tolist(), "targets": [0, 1, 2]})
    found = client.get("/v1/datasets/wide/columns?limit=1000&bins=1000").json
    assert (len(found["data"]), found["has_more"], found["last_id"]) == (100, True, 99)


@ON_SQLITE
def test_the_histograms_of_a_version_never_change(houses: FlaskClient) -> None:
    first = houses.get(PATH)
    again = houses.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert houses.get(f"{PATH}?bins=5").headers["ETag"] != first.headers["ETag"]
    assert houses.put("/v1/datasets/houses?target=price", data=CSV + "9,red,1\n").status_code == 201
    assert houses.get("/v1/datasets/houses@1/columns").json == first.json
    changed = houses.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and changed.json["data"][0]["maximum"] == 9


def test_parameters_of_epochs_and_versions_are_counted_by_layer(client: FlaskClient, service: Services) -> None:
    body = {
        "dataset": XOR,
        "model": "m",
        "network": {"hidden": [4]},
        "training": {"epochs": 3, "seed": 1, "store_parameters": {"every": 3}},
    }
    job = client.post("/v1/jobs", json=body).json["id"]
    path = f"/v1/jobs/{job}/epochs"
    assert run_next_job(service, "test", lambda: False)
    last = client.get(f"{path}/last/histograms")
    assert (last.json["object"], last.json["job"], last.json["epoch"]) == ("histograms", job, 3)
    stored = client.get(f"{path}/last/parameters").json["layers"]
    for layer, parameters in zip(last.json["layers"], stored, strict=True):
        for name, histogram in layer["parameters"].items():
            values = np.array(parameters[name], dtype=np.float32)
            assert histogram["counts"] == np.histogram(values.astype(float), histogram["edges"])[0].tolist()
            assert (sum(histogram["counts"]), histogram["size"]) == (values.size, values.size)
            assert (histogram["minimum"], histogram["maximum"]) == (float(values.min()), float(values.max()))
    model = client.get("/v1/models/m/histograms").json
    assert (model["model"], model["version"], model["layers"]) == ("m", 1, last.json["layers"])
    assert client.get("/v1/models/m/versions/1/histograms?epoch=0").json["epoch"] == 0
    again = client.get(f"{path}/3/histograms", headers={"If-None-Match": last.headers["ETag"]})
    assert again.status_code == 304
    assert problem(client.get(f"{path}/2/histograms"), 404)["nearest"] == 3


@ON_SQLITE
def test_two_epochs_are_counted_in_the_same_bins_of_a_range(client: FlaskClient, service: Services) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "training": {"epochs": 2, "seed": 1}}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    query = "histograms?range=-0.5,0.5&bins=4"
    for epoch in ("0", "best", "last"):
        [first, *_] = client.get(f"/v1/jobs/{job}/epochs/{epoch}/{query}").json["layers"]
        weights = first["parameters"]["weights"]
        assert weights["edges"] == [-0.5, -0.25, 0, 0.25, 0.5]
        assert sum(weights["counts"]) + weights["below"] + weights["above"] == weights["size"]
    for wrong in ("range=1", "range=1,0", "range=a,b", "range=1,nan", "range=-inf,inf", "range=1,1.0000000000001"):
        problem(client.get(f"/v1/jobs/{job}/epochs/0/histograms?{wrong}"), 422)
    problem(client.get(f"/v1/jobs/{job}/epochs/0/histograms?bins=1"), 422)
