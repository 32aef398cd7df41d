"""What strangers write into addresses leads nowhere, keys are offered what they may, and all tabs sign out together."""

import json
import urllib.request
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser

from tests.dashboard.browser import opened
from tests.dashboard.conftest import Open
from tests.integration.service import Service


def test_a_name_in_the_address_of_the_page_leads_to_no_other_address(open_page: Open) -> None:
    with open_page() as view:
        for name in ("../jobs", "..", "../../healthz"):
            page = view.go(f"?job={quote(name, safe='')}")
            page.get_by_text("there is nothing at").wait_for()
            page.get_by_role("link", name="All jobs").wait_for()
        asked = set(view.paths())
        assert asked.isdisjoint({"/v1/jobs", "/v1/", "/v1", "/healthz", "/v1/jobs/"})
        assert "/v1/jobs/..%2Fjobs" in asked
        view.console[:] = [each for each in view.console if "404" not in each]


def test_a_key_that_may_not_train_and_signing_out_in_another_tab(tmp_path: Path, browser: Browser) -> None:
    with Service(tmp_path / "data") as service:
        admin = service.post("/v1/keys", {"name": "all", "scopes": ["admin"]})["key"]
        key = key_that_reads(service, admin)
        with opened(browser, service.address) as view:
            page = view.go("?view=tour")
            page.get_by_label("Key", exact=True).fill(key)
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.get_by_text("Your key may look, not train").wait_for()
            assert page.get_by_role("button", name="Set up the network").count() == 0

            other = page.context.new_page()
            other.goto(f"{view.address}/")
            other.get_by_role("heading", name="Jobs").wait_for()
            page.get_by_role("button", name="Sign out").click()
            page.get_by_label("Key", exact=True).wait_for()
            other.get_by_label("Key", exact=True).wait_for()  # it has asked for nothing itself
            view.console[:] = [each for each in view.console if "401" not in each]


def key_that_reads(service: Service, admin: str) -> str:
    """Return a key with the scope `read` alone."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {admin}"}
    body = json.dumps({"name": "looks", "scopes": ["read"]}).encode()
    request = urllib.request.Request(f"{service.address}/v1/keys", body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as response:
        return str(json.loads(response.read())["key"])
