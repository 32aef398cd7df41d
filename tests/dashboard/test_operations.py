"""The view of operations: readiness, workers, what runs, what waits in line, and what failed."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.dashboard.conftest import XOR, Open, trained
from tests.integration.service import Service
from tests.waiting import wait_until

HIDE = """
Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
document.dispatchEvent(new Event("visibilitychange"));
"""
POLLS = 5000  # milliseconds between two of them


@pytest.fixture(scope="session")
def diverged(service: Service) -> dict[str, Any]:
    """A job that fails, as its loss is not finite."""
    training = {"epochs": 5, "loss": "quadratic", "optimizer": {"type": "sgd", "learning_rate": 1e6}}
    network = {"layers": [{"type": "dense", "units": units, "activation": "linear"} for units in (8, 8, 1)]}
    data = {"inputs": [[1e3 * row] for row in range(8)], "targets": [1e3 * row for row in range(8)]}
    training["preprocessing"] = {"numbers": "none"}
    return trained(service, {"dataset": data, "network": network, "training": training})


def test_operations_show_workers_readiness_and_what_failed(
    open_page: Open, service: Service, diverged: dict[str, Any]
) -> None:
    assert diverged["status"] == "failed"
    with open_page() as view:
        page = view.go("?view=operations")
        failed = page.locator(".failures li").filter(has_text=diverged["id"])
        failed.wait_for()
        assert diverged["error"]["code"] in failed.inner_text() and diverged["error"]["detail"] in failed.inner_text()
        workers = service.send("GET", "/v1/workers")[1]["data"]
        rows = page.get_by_role("region", name="Table of workers").locator("tbody tr")
        expect(rows).to_have_count(len(workers))
        assert all("s ago" in text for text in rows.all_inner_texts())
        ready = service.send("GET", "/readyz")[1]
        assert page.locator(".readiness li").count() == len(ready["checks"])
        assert page.locator(".readiness li.ok").count() == sum(each["ok"] for each in ready["checks"].values())


def test_the_queue_moves_on_by_events_and_nothing_is_asked_for_while_hidden(open_page: Open, service: Service) -> None:
    places = len(service.send("GET", "/v1/workers")[1]["data"])
    body = {**XOR, "model": "waiting", "training": {**XOR["training"], "epochs": 1_000_000}}
    jobs = [service.send("POST", "/v1/jobs", body)[1]["id"] for _ in range(places + 2)]
    try:
        with open_page() as view:
            page = view.go("?view=operations")
            queued = page.get_by_role("region", name="Table of queued jobs").locator("tbody tr")
            expect(queued).to_have_count(2)
            listed = service.send("GET", "/v1/jobs?status=queued&fields=waiting")[1]["data"]
            reasons = {each["waiting"]["position"]: each["waiting"]["reason"] for each in listed}
            shown = {
                int(row.locator("td").nth(0).inner_text()): row.locator("td").nth(1).inner_text()
                for row in queued.all()
            }
            assert shown == reasons and list(shown) == [1, 2]
            expect(page.get_by_role("region", name="Table of running jobs").locator("tbody tr")).to_have_count(places)
            assert service.send("POST", f"/v1/jobs/{jobs[-1]}:cancel")[0] in (200, 202)
            expect(queued).to_have_count(1)
            page.evaluate(HIDE)
            page.wait_for_timeout(200)  # an answer that was under way
            before = len(view.requests)
            page.wait_for_timeout(POLLS + 500)
            assert len(view.requests) == before
    finally:
        cancel_all(service, jobs)


def test_the_queue_shows_what_is_taken_next_and_how_many_more_wait(open_page: Open, service: Service) -> None:
    places = len(service.send("GET", "/v1/workers")[1]["data"])
    body = {**XOR, "model": "crowd", "training": {**XOR["training"], "epochs": 1_000_000}}
    jobs = [service.send("POST", "/v1/jobs", body)[1]["id"] for _ in range(places + 22)]
    try:
        wait_until(lambda: len(service.send("GET", "/v1/jobs?status=running")[1]["data"]) == places, seconds=30)
        jobs.append(service.send("POST", "/v1/jobs", {**body, "model": "first", "priority": 5})[1]["id"])
        with open_page() as view:
            page = view.go("?view=operations")
            rows = page.get_by_role("region", name="Table of queued jobs").locator("tbody tr")
            expect(rows).to_have_count(20)
            positions = [int(text) for text in rows.locator("td:first-child").all_inner_texts()]
            assert positions == list(range(1, 21))
            expect(rows.nth(0)).to_contain_text("first")
            expect(page.get_by_text("and 3 more that wait behind them")).to_be_visible()
    finally:
        cancel_all(service, jobs)


def cancel_all(service: Service, jobs: list[str]) -> None:
    for job in reversed(jobs):
        service.send("POST", f"/v1/jobs/{job}:cancel")
