"""While hidden the page asks for nothing; shown again it goes on where the stream was, or reads what it missed."""

from typing import Any

import pytest
from playwright.sync_api import Request

from tests.dashboard.conftest import XOR, Open
from tests.integration.service import Service
from tests.waiting import wait_until

# what a browser does when another tab is in front
HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
LONG = {**XOR, "dataset": "xor", "model": "hidden", "training": {**XOR["training"], "epochs": 3_000_000}}
CLOCK = "(minutes) => { window.at ??= Date.now(); Date.now = () => window.at + minutes * 60000; }"
EPOCHS_MEANWHILE = 50_000
BEYOND_ALL = 999_999_999_999_999


@pytest.mark.parametrize("minutes", [0, 5], ids=["shortly", "long"])
@pytest.mark.parametrize("address", ["", "?job={id}"], ids=["the list", "a job"])
def test_nothing_is_asked_for_while_the_page_is_hidden(
    open_page: Open, service: Service, xor: dict[str, Any], address: str, minutes: int
) -> None:
    assert xor["status"] == "succeeded"  # whose dataset is used
    _, job = service.send("POST", "/v1/jobs", LONG)
    path = f"/v1/jobs/{job['id']}"
    try:
        with open_page() as view:
            page = view.go(address.format(id=job["id"]))
            live = page.get_by_role("status").get_by_text("live", exact=True)
            live.wait_for()
            page.evaluate(CLOCK, 0)
            page.evaluate(HIDE, "hidden")
            live.wait_for(state="hidden")
            page.wait_for_load_state("networkidle")
            before, epoch = len(view.requests), epoch_of(service, path)
            wait_until(lambda: epoch_of(service, path) > epoch + EPOCHS_MEANWHILE, seconds=60, what="epochs meanwhile")
            page.evaluate(CLOCK, minutes)
            assert [request.url for request in view.requests[before:]] == []
            page.evaluate(HIDE, "visible")
            live.wait_for()
            assert _is_asked_for_from_the_newest(view.requests) is bool(minutes)
    finally:
        service.send("POST", f"{path}:cancel")


def epoch_of(service: Service, path: str) -> int:
    return int(service.get(path)["progress"]["epoch"])


def _is_asked_for_from_the_newest(requests: list[Request]) -> bool:
    """Whether the last stream began at the newest event, and not where the one before was closed."""
    streams = [request.url for request in requests if "/v1/events?" in request.url]
    return streams[-1].endswith(f"after={BEYOND_ALL}")
