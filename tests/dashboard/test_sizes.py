"""Jobs with far more of something than a page can show: it stays small, and says what it leaves out."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.dashboard.conftest import XOR, Open, trained
from tests.integration.service import Service

LAYERS = 120
MANY = 20_000
MOST_NODES = 6_000  # of the page; 120 layers with all of their charts, settings and histograms would be more


@pytest.fixture(scope="module")
def deep(service: Service) -> dict[str, Any]:
    """A job whose network has many layers."""
    hidden = [{"type": "dense", "units": 2, "activation": "tanh"}] * (LAYERS - 1)
    layers = [*hidden, XOR["network"]["layers"][-1]]
    body = {"network": {"inputs": 2, "layers": layers}, "training": {**XOR["training"], "epochs": 3}, "model": "deep"}
    return trained(service, {**XOR, **body})


def nodes(page: Page) -> int:
    return int(page.evaluate("document.querySelectorAll('*').length"))


def test_many_layers_are_shown_in_part(open_page: Open, deep: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={deep['id']}&tab=layers")
        page.get_by_text(f"18 of {LAYERS} layers are drawn").wait_for()
        assert nodes(page) < MOST_NODES
        page = view.go(f"?job={deep['id']}&tab=settings")
        page.get_by_text(f"The first 50 of {LAYERS} layers").wait_for()
        page.get_by_role("button", name="Show 50 more").click()
        page.get_by_role("button", name="Show 20 more").click()
        page.get_by_text("layers.", exact=False).wait_for(state="detached")
        assert page.get_by_role("region", name="Layers").locator("tbody tr").count() == LAYERS
        page = view.go(f"?job={deep['id']}&tab=parameters")
        page.get_by_text("The first 24 of 240 histograms").wait_for()
        assert nodes(page) < MOST_NODES


def test_many_warnings_and_attempts_are_shown_in_part(open_page: Open, xor: dict[str, Any]) -> None:
    warnings = [{"code": "dead_units", "epoch": number % 2000, "detail": f"warning {number}"} for number in range(MANY)]
    status = {"status": "running", "requested": None, "attempt": 1}
    events = [
        {"id": number, "type": "status", "job": xor["id"], "created_at": xor["created_at"], "data": status}
        for number in range(500)
    ]

    def job(route: Route) -> None:
        route.fulfill(json={**xor, "warnings": warnings, "attempt": MANY})

    with open_page(width=390) as view:
        view.page.route(f"**/v1/jobs/{xor['id']}", job)
        view.page.route("**/events?types=*", lambda route: route.fulfill(json={"data": events, "has_more": True}))
        page = view.go(f"?job={xor['id']}")
        page.get_by_text("The first 20 of 20,000 warnings").wait_for()
        page.get_by_role("button", name="Show 20 more").click()
        page.get_by_text("The first 40 of 20,000 warnings").wait_for()
        assert page.locator(".warnings li").count() == 40
        page.get_by_role("link", name="History").click()
        page.get_by_text("Only the first 500 events are shown").wait_for()
        page.get_by_text("20,000 attempts").wait_for()
        assert view.overflow() <= 0 and nodes(page) < MOST_NODES


def test_of_many_compared_jobs_the_first_are_read(open_page: Open, xor: dict[str, Any]) -> None:
    ids = [xor["id"], *(f"job_{number:016x}" for number in range(299))]
    with open_page() as view:
        page = view.go("?compare=" + ",".join(ids))
        page.get_by_text("The first 50 of 300 jobs are compared").wait_for()
        page.get_by_text("49 jobs are not there").wait_for()
        assert len({path for path in view.paths() if path.startswith("/v1/jobs/job_")}) <= 51  # and the epochs of one
        view.console[:] = [each for each in view.console if "404" not in each]


def test_a_row_of_many_inputs_is_json_on_demand(open_page: Open, xor: dict[str, Any]) -> None:
    names = [f"column {number}" for number in range(9_999)]
    wide = {
        "inputs": [{"name": name, "type": "number", "missing": "mean"} for name in names],
        "example": {"instances": [dict.fromkeys(names, 0.5)]},
    }

    def answer(route: Route) -> None:
        route.fulfill(json={**json.loads(route.fetch().text()), **wide})

    with open_page() as view:
        view.page.route("**/v1/models/xor", answer)
        page = view.go("?model=xor")
        page.get_by_text("The row is the example, which has 9,999 values").wait_for()
        assert nodes(page) < MOST_NODES
        page.get_by_role("button", name="Change it, as JSON").click()
        assert "column 9998" in page.get_by_label("The row, as JSON").input_value()
