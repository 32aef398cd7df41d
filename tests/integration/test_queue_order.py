"""`GET /v1/jobs?status=queued&sort=position`: queued jobs in the order in which they are taken, in pages."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.contract import XOR, problem

PRIORITIES = (0, 5, 0, -3, 5)
IN_LINE = [1, 4, 0, 2, 3]  # the places in `PRIORITIES` of the jobs, first the one that is taken first


@pytest.fixture
def queue(client: FlaskClient) -> list[str]:
    """Queue jobs of some priorities and return their ids in the order in which they are taken."""
    made = [
        client.post("/v1/jobs", json={"dataset": XOR, "priority": priority}).json["id"]  # type: ignore[index]
        for priority in PRIORITIES
    ]
    return [made[place] for place in IN_LINE]


def pages(client: FlaskClient, address: str | None) -> list[list[dict[str, Any]]]:
    """Read the pages of a list, each by the `Link` of the one before."""
    found = []
    while address is not None:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found.append(answer.json["data"])  # type: ignore[index]
        address = next(iter(re.findall(r'<([^>]*)>; rel="next"', answer.headers.get("Link", ""))), None)
    return found


@pytest.mark.parametrize("fields", ["", "&fields=id,waiting", "&fields=id,waiting,training.epochs"])
@pytest.mark.parametrize(("sort", "step"), [("position", 1), ("-position", -1)])
def test_pages_are_in_the_order_of_the_positions(
    client: FlaskClient, queue: list[str], sort: str, step: int, fields: str
) -> None:
    found = pages(client, f"/v1/jobs?status=queued&sort={sort}&limit=2{fields}")
    assert [len(page) for page in found] == [2, 2, 1]
    assert [job["id"] for page in found for job in page] == queue[::step]
    assert [job["waiting"]["position"] for page in found for job in page] == [1, 2, 3, 4, 5][::step]


def test_a_job_that_is_queued_again_goes_behind_those_of_its_priority(client: FlaskClient, queue: list[str]) -> None:
    for command in ("pause", "resume"):
        assert client.post(f"/v1/jobs/{queue[0]}:{command}").status_code == 202
    listed = pages(client, "/v1/jobs?status=queued&sort=position&limit=1")
    assert [page[0]["id"] for page in listed] == [queue[1], queue[0], *queue[2:]]


def test_after_takes_a_job_that_no_longer_waits_and_refuses_a_deleted_one(
    client: FlaskClient, queue: list[str]
) -> None:
    first = client.get("/v1/jobs?status=queued&sort=position&limit=2")
    link = first.headers["Link"].split(">")[0].removeprefix("<")
    assert client.post(f"/v1/jobs/{queue[1]}:cancel").status_code == 202
    assert [job["id"] for page in pages(client, link) for job in page] == queue[2:]
    assert client.delete(f"/v1/jobs/{queue[1]}").status_code == 204
    assert "begin at the first page" in problem(client.get(link), 404)["detail"]


@pytest.mark.parametrize("query", ["sort=position", "sort=position&status=running", "sort=newest&status=queued"])
def test_only_queued_jobs_have_an_order_and_it_is_one_of_two(client: FlaskClient, query: str) -> None:
    assert problem(client.get(f"/v1/jobs?{query}"), 422)["errors"][0]["pointer"] == "?sort"
