"""docs/backpropagation.md: every command is run, every answer shown is one the service gives, to the digits shown."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.service import Service
from tests.integration.test_readme import environment, run

__all__ = ["environment"]

PAGE = (Path(__file__).parents[2] / "docs" / "backpropagation.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(bash|json)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("page") / "data") as running:
        yield running


def blocks() -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in BLOCK.findall(PAGE)]


def assert_shown(shown: Any, answered: Any, where: str = "") -> None:
    """What the page shows is part of the answer: keys may be left out, and entries of lists that have names."""
    if isinstance(shown, dict):
        assert isinstance(answered, dict) and shown.keys() <= answered.keys(), f"{where}: {shown} in {answered}"
        for key, value in shown.items():
            assert_shown(value, answered[key], f"{where}/{key}")
    elif isinstance(shown, list):
        name = next((key for key in ("of", "epoch") if shown and isinstance(shown[0], dict) and key in shown[0]), None)
        if name is None:
            assert len(shown) == len(answered), where
            pairs = list(zip(shown, answered, strict=True))
        else:
            by_name = {entry[name]: entry for entry in answered}
            pairs = [(entry, by_name[entry[name]]) for entry in shown]
        for index, (one, other) in enumerate(pairs):
            assert_shown(one, other, f"{where}/{index}")
    elif isinstance(shown, Decimal):
        half_a_digit = 0.5 * 10.0 ** int(shown.as_tuple().exponent)
        assert abs(float(shown) - answered) <= half_a_digit * 1.000001, f"{where}: {shown} but {answered}"
    else:
        assert shown == answered, where


def test_every_answer_on_the_page_is_the_services(service: Service, environment: dict[str, str]) -> None:
    commands = [line for kind, text in blocks() if kind == "bash" for line in text.splitlines()]
    answers = iter(run(service, "\n".join(commands), environment))
    answered: Any = None
    for kind, text in blocks():
        if kind == "bash":
            for _ in text.splitlines():
                answer = next(answers)
            answered = json.loads(answer)
        else:
            assert_shown(json.loads(text, parse_float=Decimal), answered)


def test_twins_are_equal_to_the_last_bit(service: Service) -> None:
    job = next(job for job in service.get("/v1/jobs")["data"] if job["network"]["name"] == "twins")
    for epoch in (0, 1, 100, 5000):
        layers = service.get(f"/v1/jobs/{job['id']}/epochs/{epoch}/parameters")["layers"]
        assert all(row[0] == row[1] for row in layers[0]["weights"]) and len(set(layers[0]["biases"])) == 2
        assert layers[1]["weights"][0] == layers[1]["weights"][1]


def test_numbers_in_the_prose_are_numbers_of_the_answers() -> None:
    shown = {
        abs(Decimal(number)) for kind, text in blocks() if kind == "json" for number in re.findall(r"\d+\.\d+", text)
    }
    prose = BLOCK.sub("", PAGE)
    for number in re.findall(r"\d+\.\d{3,}", prose):
        assert Decimal(number) in shown, number
