"""The mistakes in newcomers.txt, each answered with one fault that names the place and the way out."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.services import Services
from tests.integration.contract import problem
from workers.run.run import run_next_job

FILE = Path(__file__).with_name("newcomers.txt")
FLOWERS = "length,width,kind\n" + "".join(f"{n / 10},{n % 3},{'ab'[n % 2]}\n" for n in range(12))
PRICES = "size,rooms,price\n" + "".join(f"{n / 7:.3f},{n % 4},{n * 1.37:.2f}\n" for n in range(12))


@dataclass(frozen=True)
class Case:
    """One request and the problem that answers it."""

    line: int
    method: str
    path: str
    body: str
    status: int
    detail: str


def cases() -> list[Case]:
    """Read the cases, which are separated by empty lines; other paragraphs are words for the reader."""
    found, line = [], 1
    for paragraph in FILE.read_text().split("\n\n"):
        lines = [text for text in paragraph.strip().split("\n") if not text.startswith("#")]
        if len(lines) == 3:
            (method, path), (status, _, detail) = lines[0].split(), lines[2].partition(" ")
            found.append(Case(line, method, path, lines[1], int(status), detail))
        line += paragraph.count("\n") + 2
    return found


@pytest.fixture(scope="module")
def stored(client: FlaskClient, service: Services) -> None:
    """Store the datasets that the cases name, and train the model."""
    for name, rows in (("flowers", FLOWERS), ("prices", PRICES)):
        assert client.put(f"/v1/datasets/{name}", data=rows, content_type="text/csv").status_code == 201
    job = {"dataset": "flowers", "model": "flowers", "training": {"epochs": 1}}
    assert client.post("/v1/jobs", json=job).status_code == 202
    assert run_next_job(service, "test", lambda: False)


def test_there_are_sixty_cases() -> None:
    assert len(cases()) >= 60


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"line {case.line}")
def test_a_mistake_is_answered_with_the_way_out(client: FlaskClient, stored: None, case: Case) -> None:
    json.loads(case.body)
    answer = client.open(case.path, method=case.method, data=case.body, content_type="application/json")
    body = problem(answer, case.status)
    assert body["detail"] == case.detail
    assert len(body["errors"]) == 1, body["errors"]
