"""The predictions in predictions.txt, exact to the last digit: the models keep the weights that they are given."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.services import Services
from tests.integration.contract import problem
from workers.run.run import run_next_job

FILE = Path(__file__).with_name("predictions.txt")
ROWS = {
    "exact": {"rows": [{"a": n / 4, "b": n / 8, "y": n / 3} for n in range(6)]},
    "filled": {"rows": [{"a": a, "y": 1.5} for a in (1, None, 3, 2)]},
    "classes": {"rows": [{"a": a, "kind": "q" if a > 0 else "p"} for a in (-2, -1, 1, 2)]},
    "scaled": {"inputs": [[0], [255], [51]], "targets": [0.5, 1.5, 0.25], "scale": 255},
}
MIXED = "size,zip,flag,price\n" + "".join(
    f"{n},{('01569', '1569')[n % 2]},{('true', 'false')[n // 2 % 2]},{n}.5\n" for n in range(8)
)
WEIGHTS = {
    "exact": ([[2.0], [3.0]], [1.0]),
    "mixed": ([[1.0], [10.0], [20.0], [100.0], [200.0]], [0.0]),
    "filled": ([[1.0]], [0.0]),
    "classes": ([[-1.0, 1.0]], [0.0, 0.0]),
    "scaled": ([[1.0]], [1.0]),
}


@dataclass(frozen=True)
class Case:
    """A request to predict and its answer: fields of the JSON, or parts of the sentence."""

    line: int
    model: str
    body: str
    status: str
    answer: str


def cases() -> list[Case]:
    """Read the cases, which are separated by empty lines; paragraphs of another number of lines are for the reader."""
    found, line = [], 1
    for paragraph in FILE.read_text().split("\n\n"):
        lines = paragraph.strip().split("\n")
        if lines[0].startswith("#") and len(lines) == 4:
            status, _, answer = lines[3].partition(" ")
            found.append(Case(line, lines[1], lines[2].replace("\\n", "\n"), status, answer))
        line += paragraph.count("\n") + 2
    return found


@pytest.fixture(scope="module")
def trained(client: FlaskClient, service: Services) -> None:
    train(client, service)


def train(client: Any, service: Services) -> None:
    """Train the models with a rate that changes nothing."""
    mixed = client.put("/v1/datasets/mixed", data=MIXED, content_type="text/csv")
    assert mixed.status_code == 201, mixed.text
    for name, (weights, biases) in WEIGHTS.items():
        dense = {"type": "dense", "units": len(biases), "weights": weights, "biases": biases}
        training = {
            "epochs": 1,
            "optimizer": {"type": "sgd", "learning_rate": 1e-30},
            "precision": "float64",
            "preprocessing": {"numbers": "none", "targets": "none", "missing": "mean" if name == "filled" else "error"},
        }
        activation = "softmax" if name == "classes" else "linear"
        dataset: Any = {"name": name, **ROWS[name]} if name in ROWS else name
        job = {"dataset": dataset, "model": name, "network": {"layers": [{**dense, "activation": activation}]}}
        made = client.post("/v1/jobs", json={**job, "training": training})
        assert made.status_code == 202, made.text
        assert run_next_job(service, "test", lambda: False)
        assert client.get(made.headers["Location"]).json["status"] == "succeeded"


def test_there_are_forty_cases() -> None:
    assert len(cases()) >= 40


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"line {case.line}")
def test_a_prediction(client: FlaskClient, trained: None, case: Case) -> None:
    model, _, query = case.model.partition("?")
    kind = "application/json" if case.body.startswith("{") else "text/csv"
    answer = client.post(f"/v1/models/{model}:predict?{query}", data=case.body, content_type=kind)
    if case.status == "200":
        assert answer.status_code == 200, answer.text
        expected = json.loads(case.answer)
        assert {name: answer.json.get(name) for name in expected} == expected
        return
    assert 400 <= answer.status_code < 500, answer.text
    detail = problem(answer, answer.status_code if case.status == "4xx" else int(case.status))["detail"]
    assert all(part in detail for part in case.answer.split(" .. ")), detail
