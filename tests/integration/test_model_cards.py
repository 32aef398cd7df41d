"""The card of a model: what it says while its job is there, and what when that is gone."""

import json
import shlex
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from safetensors.numpy import save

from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import SMALL, problem
from tests.integration.explained import Train, get, post
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

ROWS = [{"age": n % 7, "city|x": "abc"[n % 3], "kind": ["<no>", "yes"][(n * 3) % 13 < 8]} for n in range(100)]
OVERVIEW = ["Lineage", "Data", "Inputs", "Outputs", "Training", "Curve", "Metrics"]


@pytest.fixture
def job(client: FlaskClient, train: Train) -> dict[str, Any]:
    client.post("/v1/datasets", json={"name": "rows", "rows": ROWS, "target": "kind"})
    training = {
        **SMALL,
        "seed": 2**50 + 1,
        "epochs": 40,
        "validation": 0.25,
        "test": {"fraction": 0.2, "stratify": True},
    }
    return train({"dataset": "rows", "training": training, "model": "m", "decision": {"threshold": 0.4}})


def markdown(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200 and answer.mimetype == "text/markdown", answer.text
    return answer.text


def headings(written: str) -> list[str]:
    return [line.removeprefix("## ") for line in written.splitlines() if line.startswith("## ")]


def test_a_card_says_how_a_version_was_made_and_how_good_it_is(
    client: FlaskClient, service: Services, job: dict[str, Any]
) -> None:
    replay = client.post(f"/v1/jobs/{job['id']}:replay").json["id"]
    assert run_next_job(service, "test", lambda: False)
    card = get(client, "/v1/models/m/card?format=json")
    assert card == client.get("/v1/models/m/versions/1/card", headers={"Accept": "application/json"}).json
    data = card["data"]
    assert (data["dataset"], data["rows"], data["columns"], data["test_rows"]) == ("rows", 100, 3, 20)
    assert (data["training_rows"], data["validation_rows"]) == (60, 20)
    assert data["split"]["test"] == job["training"]["test"] and card["training"]["epochs"] == 40
    assert card["training"]["preprocessing"] == {"numbers": "standardize", "targets": "none", "missing": "error"}
    curve = card["curve"]
    assert len(curve) <= 20 and (curve[0]["epoch"], curve[-1]["epoch"]) == (0, 40)
    assert card["replay"] == {"job": replay, "through": 40, "identical": True, "first_difference": None}
    assert card["decision"] == {"threshold": 0.4} and card["gone"] == []
    by_class, counts = card["by_class"], np.array(job["test"]["confusion_matrix"]["counts"])
    assert by_class["measured_on"] == "test" and by_class["confusion_matrix"]["counts"] == counts.tolist()
    for at, found in enumerate(by_class["classes"]):
        right, true, predicted = counts[at, at], counts[at].sum(), counts[:, at].sum()
        assert found["support"] == true and found["recall"] == pytest.approx(right / true)
        assert found["precision"] == (pytest.approx(right / predicted) if predicted else None)
    assert post(client, card["predict"], card["example"])["version"] == 1

    written = markdown(client, "/v1/models/m/card")
    assert headings(written) == [*OVERVIEW, "By class, on test rows", "Confusion matrix", "Replay", "How to call it"]
    assert "<no>" not in written and "\\<no\\>" in written and "city\\|x" in written
    assert "60 rows" in written and "every epoch had the same result" in written and "at least 0.4" in written
    (command,) = [line for line in written.splitlines() if line.startswith("curl")]
    curl = shlex.split(command)
    assert curl[2] == f"http://localhost{card['predict']}" and json.loads(curl[-1]) == card["example"]
    seed = job["training"]["seed"]
    assert f"| seed | {seed} |" in written and "| shuffle | true |" in written  # as they are sent
    problem(client.get("/v1/models/m/card?format=html"), 422)
    problem(client.get("/v1/models/m/versions/9/card"), 404)
    problem(client.get("/v1/models/none/card"), 404)


def test_a_card_says_what_is_gone_with_its_job(client: FlaskClient, job: dict[str, Any]) -> None:
    client.post("/v1/models/m/versions", json={"job": job["id"], "epoch": 0})
    early = get(client, "/v1/models/m/versions/2/card?format=json")
    assert early["origin"] == "epoch" and early["by_class"] is None and early["curve"]
    client.delete("/v1/datasets/rows")
    assert "dataset was deleted" in get(client, "/v1/models/m/versions/1/card?format=json")["gone"][0]
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    card = get(client, "/v1/models/m/versions/1/card?format=json")
    assert card["training"] is card["curve"] is card["replay"] is card["data"]["rows"] is None
    assert card["job"] == job["id"] and card["data"]["dataset"] == "rows" and card["data"]["test_rows"] == 20
    assert job["id"] in card["gone"][0] and card["by_class"]["measured_on"] == "test"
    written = markdown(client, "/v1/models/m/versions/1/card")
    assert headings(written) == [
        *(name for name in OVERVIEW if name not in ("Training", "Curve")),
        "By class, on test rows",
        "Confusion matrix",
        "How to call it",
        "What is not known",
    ]


def test_a_card_of_values_and_one_of_sent_parameters(client: FlaskClient, train: Train) -> None:
    rows = [{"x": n / 10, "when": f"2024-01-{n % 28 + 1:02}", "y": 5.0 * n, "z": n / 3} for n in range(30)]
    dataset = {"rows": rows, "target": ["y", "z"]}
    training = {**SMALL, "validation": {"rows": [0, 10]}, "shuffle": False}
    train({"dataset": dataset, "training": training, "model": "values"})
    card = get(client, "/v1/models/values/card?format=json")
    assert (card["data"]["training_rows"], card["data"]["validation_rows"], card["by_class"]) == (20, 10, None)
    written = markdown(client, "/v1/models/values/card")
    assert headings(written) == [*OVERVIEW, "How to call it"] and "the value y and 1 more" in written
    assert "| shuffle | false |" in written
    layers = [{"type": "dense", "units": 1, "weights": [[1.0]] * 3, "biases": [0.0]}]
    client.post("/v1/networks", json={"name": "net", "inputs": 3, "layers": layers})
    tensors = {"layers.0.weights": np.ones((3, 1), np.float32), "layers.0.biases": np.ones(1, np.float32)}
    assert client.post("/v1/models/sent/versions?network=net", data=save(tensors)).status_code == 201
    card = get(client, "/v1/models/sent/card?format=json")
    assert (
        card["origin"] == "import"
        and "sent by a client" in card["gone"][0]
        and "weights" not in card["network"]["layers"][0]
    )
    assert headings(markdown(client, "/v1/models/sent/card")) == [
        "Lineage",
        "Inputs",
        "Outputs",
        "How to call it",
        "What is not known",
    ]
