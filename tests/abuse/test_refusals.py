"""The bodies, files, queries and headers of refusals.txt: refused in few words and by little work, which is counted."""

import difflib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.datasets import json_scan, strict_json
from service.definitions import guessing, validation
from service.definitions.fields import schema_of
from service.errors import MAX_FAULTS, Fault
from service.services import Services
from tests.abuse import stored
from tests.abuse.bodies import Case, cases
from tests.integration.contract import problem

SIZE = 3 * 1024 * 1024 // 2  # bytes of a body that may have any
MOST_ANSWERED, MOST_HEADERS = 16 * 1024, 4 * 1024
MOST_COMPARED = 20 * guessing.MOST_COMPARED  # names: a few lists for each of ten faults
MOST_FAULTS_MADE = 2 * validation.MOST_ERRORS  # those beyond the tenth are only counted
CASES = cases()


class Work:
    """What is done for a request, by kind."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def counting(self, kind: str, function: Callable[..., Any], size: Callable[..., int]) -> Callable[..., Any]:
        """Return the function with its work added to that of a kind."""

        def counted(*given: Any, **named: Any) -> Any:
            self.done[kind] += size(*given, **named)
            return function(*given, **named)

        return counted


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    found = Work()
    closest = found.counting("compared", difflib.get_close_matches, lambda word, known, *_, **__: len(known))
    monkeypatch.setattr(guessing.difflib, "get_close_matches", closest)
    monkeypatch.setattr(Fault, "__post_init__", found.counting("faults", Fault.__post_init__, lambda fault: 1))
    invalid = found.counting("errors", validation.invalid, lambda error, *_: error.error_count())
    monkeypatch.setattr(validation, "invalid", invalid)
    return found


@pytest.fixture(autouse=True)
def small_bodies_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat bodies of a mebibyte as those of the largest size are."""
    monkeypatch.setattr(json_scan, "FREE_BYTES", 8 * 1024 * 1024)
    monkeypatch.setattr(strict_json, "LARGE_BYTES", 256 * 1024)


@pytest.fixture(scope="module")
def job(client: FlaskClient, service: Services) -> Iterator[str]:
    yield stored.store(client, service)
    assert schema_of.cache_info().misses <= 20  # once a model, not once a fault


def send(client: FlaskClient, case: Case, job: str) -> Any:
    body = case.body(SIZE)
    return client.open(
        case.path.replace("JOB", job),
        method=case.method,
        data=body or None,
        content_type=case.media_type if body else None,
        headers=case.headers,
    )


def test_there_are_150_cases_with_a_title_each() -> None:
    titles = Counter((case.title, case.path) for case in CASES)
    assert len(titles) == len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"line {case.line}")
def test_a_refusal(client: FlaskClient, job: str, work: Work, case: Case) -> None:
    answer = send(client, case, job)
    assert case.answers(answer.status_code), (answer.status_code, answer.text[:500])
    assert work.done["compared"] <= MOST_COMPARED and work.done["faults"] <= MOST_FAULTS_MADE, work.done
    assert work.done["errors"] <= 3 * validation.MOST_ERRORS, work.done
    headers = sum(len(name) + len(value) for name, value in answer.headers.items())
    assert headers <= MOST_HEADERS
    if answer.status_code < 400:
        return
    assert len(answer.data) <= MOST_ANSWERED
    body = problem(answer, answer.status_code)
    assert len(body.get("errors", ())) <= MAX_FAULTS
    assert all(part in body["detail"] for part in case.fragments), body["detail"]
