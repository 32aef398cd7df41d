"""What is odd is shown plainly: values that are not finite, what is gone, a service that is down, names of users."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.browser import DEADLINE_MS, opened
from tests.dashboard.conftest import XOR, Open, trained
from tests.integration.service import Service

MARKUP = '<img src=x onerror="document.title=1"><b>bold</b>'
LONG = "column " * 142 + "end"  # no name of a column may be longer than 1,000 characters


@pytest.fixture(scope="module")
def odd(service: Service) -> dict[str, Any]:
    """A job whose names are markup and very long."""
    body = {
        **{key: XOR[key] for key in ("network", "training")},
        "model": "odd",
        "metadata": {"note": MARKUP},
        "dataset": {
            "name": "odd",
            "rows": [[0, 0, 0], [0, 1, 1], [1, 0, 1]],
            "columns": [LONG, MARKUP, "y"],
            "target": "y",
        },
    }
    return trained(service, body)


def test_names_of_users_are_text(open_page: Open, odd: dict[str, Any]) -> None:
    with open_page(width=390) as view:
        page = view.go(f"?job={odd['id']}&tab=settings")
        page.get_by_text(MARKUP, exact=True).first.wait_for()
        assert page.locator("main img, main b").count() == 0
        assert page.get_by_title(LONG).count() == 1
        assert view.overflow() <= 0


def test_a_job_that_diverged_is_marked_and_can_be_forked_with_half_the_rate(open_page: Open, service: Service) -> None:
    layers = [
        {"type": "dense", "units": 3, "activation": "linear"},
        {"type": "dense", "units": 1, "activation": "linear"},
    ]
    rows = [[number / 10] for number in range(20)]
    body = {
        "network": {"inputs": 1, "layers": layers},
        "dataset": {"name": "diverging-line", "inputs": rows, "targets": [[3 * row[0]] for row in rows]},
        "training": {"loss": "quadratic", "optimizer": {"type": "sgd", "learning_rate": 1e6}, "epochs": 50, "seed": 1},
    }
    job = trained(service, body)
    assert job["error"]["code"] == "diverged"
    epoch = job["error"]["epoch"]
    with open_page() as view:
        page = view.go(f"?job={job['id']}")
        page.get_by_text("no longer finite").first.wait_for()
        page.get_by_role("button", name=f"Fork from epoch {epoch - 1} with rate 500,000", exact=True).first.click()
        page.get_by_text("Forked from").wait_for()
        fork = service.send("GET", "/v1/jobs/" + page.evaluate("location.search.slice(5)"))[1]
        assert fork["training"]["optimizer"]["learning_rate"] == 5e5
        assert fork["forked_from"]["epoch"] == epoch - 1
        page.goto(f"{view.address}/?job={job['id']}&tab=layers")
        page.get_by_text(f"Not finite at epoch {epoch}").first.wait_for()
        # what such an epoch answers is refused, as it is no number, and the page says so
        view.console[:] = [each for each in view.console if "422" not in each or ":predict" not in each]


def test_a_job_that_is_deleted_while_it_is_shown(open_page: Open, service: Service) -> None:
    job = trained(service, {**XOR, "training": {**XOR["training"], "epochs": 5}})
    with open_page() as view:
        page = view.go(f"?job={job['id']}")
        page.get_by_role("heading", name="Loss").wait_for()
        assert service.send("DELETE", f"/v1/jobs/{job['id']}")[0] == 204
        page.get_by_role("button", name="Zoom in").click()
        page.get_by_text(f"there is no job `{job['id']}`").first.wait_for()
        page.reload()
        page.get_by_text("there is no job").wait_for()
        page.get_by_role("link", name="All jobs").click()
        page.get_by_role("heading", name="Jobs").wait_for()
        view.console[:] = [each for each in view.console if "404" not in each]


def test_a_service_that_stops_and_comes_back_and_a_session_that_ends(tmp_path: Path, browser: Browser) -> None:
    with Service(tmp_path / "data") as running:
        job = trained(running, XOR)
        with opened(browser, running.address) as view:
            page = view.go(f"?job={job['id']}&scale=log")
            page.get_by_role("heading", name="Loss").wait_for()
            running.stop()
            page.get_by_text("no answer, trying again").wait_for()
            page.get_by_role("button", name="Zoom in").click()
            page.get_by_text("The service does not answer").first.wait_for()
            running.start()
            expect(page.get_by_text("The service does not answer")).to_have_count(0, timeout=DEADLINE_MS)
            page.get_by_text("live", exact=True).wait_for()
            view.console.clear()

            status, made = running.send("POST", "/v1/keys", {"name": "all", "scopes": ["admin"]})
            assert status == 201, made
            sign_in(page, made["key"], after=lambda: page.get_by_role("button", name="Zoom in").click())
            page.context.clear_cookies()
            sign_in(page, made["key"], after=lambda: page.get_by_role("button", name="Zoom out").click())
            assert f"job={job['id']}" in page.url and "scale=log" in page.url
            view.console[:] = [each for each in view.console if "401" not in each]


def test_after_an_upgrade_the_page_says_that_it_is_to_be_loaded_again(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}")
        page.get_by_role("heading", name="Loss").wait_for()
        old = re.compile(r"/dashboard/\w+/network/")
        page.route(
            old, lambda route: route.continue_(url=re.sub(r"/dashboard/\w+/", "/dashboard/0000/", route.request.url))
        )
        page.get_by_role("link", name="Network").click()
        page.get_by_text("After an upgrade of the service the page has to be loaded again").wait_for()
        page.unroute(old)
        page.get_by_role("button", name="Load the page again").click()
        page.get_by_role("button", name="Next", exact=False).first.wait_for()
        view.console[:] = [each for each in view.console if "404" not in each]


@pytest.mark.parametrize("body", ["null", "", "<html>sign in</html>"])
def test_what_is_no_answer_of_the_service_is_said_to_be_none(open_page: Open, body: str) -> None:
    with open_page() as view:
        for query, path in (
            ("?view=datasets", "**/v1/datasets?*"),
            ("", "**/v1/session"),
            ("?job=job_1", "**/v1/jobs/job_1"),
        ):
            view.page.route(path, lambda route: route.fulfill(body=body, content_type="application/json"))
            view.go(query).get_by_text("What came is not what the service answers").first.wait_for()
            view.page.unroute(path)
        view.console.clear()


def sign_in(page: Page, key: str, after: Callable[[], None]) -> None:
    """Do what is refused because nobody is signed in, sign in, and wait for the view that was there before."""
    after()
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Loss").wait_for()
