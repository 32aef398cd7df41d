"""While the page is hidden it asks for nothing, and when it is shown again it goes on where the stream was."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.dashboard.conftest import XOR, Open
from tests.integration.service import Service
from tests.waiting import wait_until

# what a browser does when another tab is in front
HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
LONG = {**XOR, "dataset": "xor", "model": "hidden", "training": {**XOR["training"], "epochs": 3_000_000}}
EPOCHS_MEANWHILE = 50_000


@pytest.mark.parametrize("address", ["", "?job={id}"], ids=["the list", "a job"])
def test_nothing_is_asked_for_while_the_page_is_hidden(
    open_page: Open, service: Service, xor: dict[str, Any], address: str
) -> None:
    assert xor["status"] == "succeeded"  # whose dataset is used
    _, job = service.send("POST", "/v1/jobs", LONG)
    path = f"/v1/jobs/{job['id']}"
    try:
        with open_page() as view:
            page = view.go(address.format(id=job["id"]))
            page.get_by_role("status").get_by_text("live", exact=True).wait_for()
            page.evaluate(HIDE, "hidden")
            page.get_by_role("status").get_by_text("not live").wait_for()
            page.wait_for_load_state("networkidle")
            before, epoch = len(view.requests), epoch_of(service, path)
            wait_until(lambda: epoch_of(service, path) > epoch + EPOCHS_MEANWHILE, seconds=60, what="epochs meanwhile")
            page.evaluate("1")  # whatever the page has asked for is known by now
            assert [request.url for request in view.requests[before:]] == []
            page.evaluate(HIDE, "visible")
            page.get_by_role("status").get_by_text("live", exact=True).wait_for()
            assert _last_event_asked_for(page, view.requests) > 0
    finally:
        service.send("POST", f"{path}:cancel")


def epoch_of(service: Service, path: str) -> int:
    return int(service.get(path)["progress"]["epoch"])


def _last_event_asked_for(page: Page, requests: list[Any]) -> int:
    """Return the event behind which the last stream began."""
    streams = [request.url for request in requests if "/v1/events?" in request.url]
    after = int(streams[-1].partition("after=")[2])
    assert after < 999_999_999_999_999, page.url
    return after
