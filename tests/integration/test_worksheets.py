"""Worksheets over HTTP: formats, in each way to name a network, and what is refused."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import ON_SQLITE
from tests.integration.contract import CSV, SMALL, problem
from tests.integration.explained import EXAMPLE, RATE, ROW, Train, epochs_of, post

pytestmark = ON_SQLITE
PATH = "/v1/networks/example:trace"
BODY = {**ROW, "seed": 1, "loss": "quadratic", "optimizer": RATE}


def test_the_format_is_chosen_by_the_query_or_by_accept(client: FlaskClient) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    by_default = client.post(f"{PATH}?blank=delta", json=BODY)
    assert by_default.mimetype == "text/markdown" and by_default.text.startswith("# Backpropagation by hand\n")
    for mime in ("text/markdown", "text/html", "application/json"):
        answer = client.post(f"{PATH}?blank=delta", json=BODY, headers={"Accept": mime})
        assert answer.status_code == 200 and answer.mimetype == mime and "Accept" in answer.headers["Vary"]
        name = {"application/json": "json"}.get(mime, mime.partition("/")[2])
        by_query = client.post(f"{PATH}?blank=delta&format={name}", json=BODY)
        assert by_query.data == answer.data
    problem(client.post(f"{PATH}?blank=delta", json=BODY, headers={"Accept": "image/png"}), 406)
    trace = client.post(PATH, json=BODY, headers={"Accept": "application/json, text/html;q=0.9"})
    assert trace.json["object"] == "trace"
    problem(client.post(PATH, json=BODY, headers={"Accept": "text/html"}), 406)


def test_a_page_has_a_strict_policy_and_is_the_same_each_time(client: FlaskClient) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    first, second = (client.post(f"{PATH}?blank=delta&format=html", json=BODY) for _ in range(2))
    assert first.data == second.data and first.text.startswith("<!doctype html>")
    policy = first.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-")
    assert "unsafe" not in policy and "<script" not in first.text


def test_each_way_to_name_a_network_has_worksheets(client: FlaskClient, train: Train) -> None:
    client.put("/v1/datasets/table", data=CSV)
    job = train({"dataset": "table", "network": {"hidden": [3]}, "training": SMALL, "model": "m"})
    for path, subject in (
        (f"{epochs_of(job)}/1:trace", f"job {job['id']}, epoch 1"),
        ("/v1/models/m:trace", "model m, version 1, epoch"),
        ("/v1/models/m/versions/1/trace", "model m, version 1, epoch"),
    ):
        made = client.post(f"{path}?blank=gradients&format=html", json={"row": 2})
        assert made.status_code == 200 and subject in made.text and "input 1 (" in made.text


def test_blanks_are_filled_in_and_sent_back_as_a_claim(client: FlaskClient) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    sheet = post(client, f"{PATH}?blank=delta&blank=gradients&format=json", BODY)
    assert sheet["object"] == "worksheet" and sheet["blank"] == ["delta", "gradients"] and sheet["seed"] == 1
    claim: dict[str, Any] = {
        "deltas": [[[None, None]], [[None]]],
        "gradients": [
            {"weights": [[None, None], [None, None]], "biases": [None, None]},
            {"weights": [[None], [None]], "biases": [None]},
        ],
    }
    for section in sheet["sections"]:
        for blank in section["blanks"]:
            node: Any = claim[blank["array"]][blank["layer"]]
            node = node[blank["parameter"]] if "parameter" in blank else node
            for step in blank["index"][:-1]:
                node = node[step]
            node[blank["index"][-1]] = blank["value"]
    found = post(client, PATH, {**BODY, "claim": claim})["claim"]
    assert found["correct"] and found["checked"] == 12
    without = post(client, f"{PATH}?blank=delta,gradients&format=json&key=false", BODY)
    assert all("value" not in blank for section in without["sections"] for blank in section["blanks"])


@pytest.mark.parametrize(
    ("query", "pointer", "words"),
    [
        ("blank=deltas", "?blank", "did you mean `delta`?"),
        ("blank=", "?blank", "is not known"),
        ("blank=delta,update", "?blank", "`update` is not known"),
        ("blank=delta&format=pdf", "?format", "must be one of markdown, html, json"),
        ("blank=delta&key=perhaps", "?key", "must be true or false"),
        ("blank=delta&full=true", "?full", "leave one of them out"),
        ("blank=delta&explain=true", "?explain", "leave one of them out"),
        ("format=html", "?format", "give `blank`, too"),
        ("key=false", "?key", "give `blank`, too"),
    ],
)
def test_what_is_wrong_with_the_query_is_named(client: FlaskClient, query: str, pointer: str, words: str) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    fault = problem(client.post(f"{PATH}?{query}", json=BODY), 422)["errors"][0]
    assert fault["pointer"] == pointer and words in fault["detail"], fault


def test_a_claim_and_a_worksheet_go_not_together(client: FlaskClient) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    answer = client.post(f"{PATH}?blank=delta", json={**BODY, "claim": {"deltas": [None, [[1]]]}})
    assert problem(answer, 422)["errors"][0]["pointer"] == "#/claim"


@pytest.mark.parametrize(
    ("inputs", "units", "rows", "words"),
    [
        (100, 10, 1, "would write 1,140 numbers on paper, and at most 1,000 are; take fewer rows"),
        (10, 20, 16, "would write 1,340 numbers on paper"),
        (2, 15, 15, "would leave 225 numbers blank, and at most 200 are; leave fewer arrays blank"),
    ],
)
def test_what_is_too_large_for_paper_is_refused(
    client: FlaskClient, inputs: int, units: int, rows: int, words: str
) -> None:
    client.post("/v1/networks", json={"name": "n", "inputs": inputs, "layers": [{"type": "dense", "units": units}]})
    body = {"instances": [[0] * inputs] * rows, "targets": [[0] * units] * rows, "seed": 1}
    fault = problem(client.post("/v1/networks/n:trace?blank=delta", json=body), 422)["errors"][0]
    assert fault["pointer"] == "?blank" and words in fault["detail"], fault
