"""The page of one job: its curves, its commands and its slider show and do what the API says."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser import DEADLINE_MS
from tests.dashboard.conftest import XOR, Open, trained
from tests.integration.service import Service

LONG = 12_000


@pytest.fixture(scope="module")
def long_job(service: Service) -> dict[str, Any]:
    """A job with more epochs than its curves have points."""
    return trained(service, {**XOR, "model": "long", "training": {**XOR["training"], "epochs": LONG}})


def held(service: Service) -> dict[str, Any]:
    """A job that is paused at epoch 0."""
    status, job = service.send("POST", "/v1/jobs?wait=60", {**XOR, "model": "held", "hold": True})
    assert (status, job["status"]) == (202, "paused"), job
    found: dict[str, Any] = job
    return found


def query_of(page: Page) -> str:
    """Return the query of the address that is shown."""
    return str(page.evaluate("location.search"))


def test_curves_are_extremes_of_the_range_that_is_shown(
    open_page: Open, service: Service, long_job: dict[str, Any]
) -> None:
    with open_page() as view:
        page = view.go(f"?job={long_job['id']}")
        page.get_by_text("1 in 12 epochs drawn").first.wait_for()
        chart = page.locator(".chart").first
        box = chart.locator(".u-over").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 80, steps=3)
        page.mouse.up()
        page.get_by_text("1 in 3").first.wait_for()
        first, last = map(int, query_of(page).split("range=")[1].split(","))
        assert abs(first - LONG / 4) < LONG / 50 and abs(last - LONG / 2) < LONG / 50
        asked = [each.url for each in view.requests if "/epochs?" in each.url]
        assert f"after={first - 1}&until={last}&points=" in asked[-1]
        assert len(asked) == 2
        page.mouse.dblclick(box["x"] + 50, box["y"] + 50)
        page.get_by_text("1 in 12 epochs drawn").first.wait_for()
        assert "range=" not in query_of(page)
        _, answer = service.send("GET", f"/v1/jobs/{long_job['id']}/epochs?after={LONG - 1}")
        label = chart.get_attribute("aria-label") or ""
        (shown,) = re.findall(rf"([\d.e-]+) at {LONG}", label)
        assert float(shown) == pytest.approx(answer["data"][0]["training_loss"], rel=5e-3)  # three digits are shown


def test_keys_and_buttons_zoom(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&epoch=1000")
        page.get_by_role("button", name="Zoom in").click()
        page.get_by_text("epochs 500 to 1,500").wait_for()
        page.keyboard.press("+")
        page.get_by_text("epochs 750 to 1,250").wait_for()
        page.get_by_role("button", name="Later epochs").click()
        page.get_by_text("epochs 1,000 to 1,500").wait_for()
        page.keyboard.press("0")
        expect(page.get_by_role("button", name="All epochs")).to_be_disabled()
        assert query_of(page) == f"?job={xor['id']}&epoch=1000"


def test_series_and_scale_are_in_the_address(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}")
        page.get_by_role("checkbox", name="learning rate").check()
        page.get_by_role("heading", name="Learning rate").wait_for()
        page.get_by_role("checkbox", name="training loss").uncheck()
        page.get_by_label("Logarithmic scale").check()
        assert query_of(page).endswith("series=training_accuracy,learning_rate&scale=log")
        page.reload()
        page.get_by_role("heading", name="Learning rate").wait_for()
        assert not page.get_by_role("heading", name="Loss").is_visible()


def test_a_click_in_a_chart_chooses_its_epoch_and_keys_move_it(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}")
        over = page.locator(".u-over").first
        over.wait_for()
        box = over.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 40)
        slider = page.get_by_role("slider", name="Epoch")
        epoch = int(slider.input_value())
        assert abs(epoch - 1000) < 20
        slider.focus()
        page.keyboard.press("ArrowRight")
        expect(slider).to_have_value(str(epoch + 1))
        page.keyboard.press("Home")
        expect(slider).to_have_value("0")
        page.get_by_label("Speed of the play").select_option("in 4 s")
        slider.focus()
        page.keyboard.press(" ")
        expect(slider).to_have_value("2000", timeout=DEADLINE_MS)
        page.get_by_role("button", name="Rewind to epoch 0").click()
        assert query_of(page).endswith("epoch=0")


def test_answers_for_the_rows_follow_the_slider(open_page: Open, service: Service, xor: dict[str, Any]) -> None:
    rows = XOR["dataset"]["inputs"]
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&epoch=0")
        for epoch in (0, 1000):
            page.get_by_role("spinbutton", name="Epoch").fill(str(epoch))
            page.keyboard.press("Enter")
            page.get_by_role("heading", name=f"What the network answers at epoch {epoch:,}", exact=True).wait_for()
            _, answer = service.send("POST", f"/v1/jobs/{xor['id']}/epochs/{epoch}:predict", {"instances": rows})
            shown = page.locator(".answers tbody tr").evaluate_all("all => all.map(row => row.cells[3].textContent)")
            assert [float(each) for each in shown] == pytest.approx(
                [each[0] for each in answer["predictions"]], rel=1e-3
            )
            right = sum(
                label == target[0] for label, target in zip(answer["labels"], XOR["dataset"]["targets"], strict=True)
            )
            expect(page.locator(".answers strong")).to_have_text(f"{right} of 4 right.")
        assert right == 4


def test_commands_do_what_they_say(open_page: Open, service: Service) -> None:
    job = held(service)
    with open_page() as view:
        page = view.go(f"?job={job['id']}")
        page.get_by_label("Epochs of a step").fill("3")
        page.get_by_role("button", name="Step", exact=True).click()
        page.get_by_text("epoch 3 of 2,000").wait_for()
        found = service.send("GET", f"/v1/jobs/{job['id']}")[1]
        assert (found["status"], found["latest"]["epoch"]) == ("paused", 3)
        page.locator(".chart[aria-label*=' at 3.']").first.wait_for()
        asked = [each.url for each in view.requests if "/epochs?" in each.url]
        assert len(asked) > 1 and all("?after=" in each for each in asked[1:])  # only what is new
        page.get_by_role("button", name="Fork …").click()
        page.get_by_role("spinbutton", name="From epoch").fill("2")
        page.get_by_role("spinbutton", name="Learning rate").fill("0.125")
        page.get_by_role("spinbutton", name="Epochs to train").fill("5")
        page.get_by_role("button", name="Fork from epoch 2", exact=True).click()
        page.get_by_text("Forked from").wait_for()
        fork = service.send("GET", f"/v1/jobs/{query_of(page).removeprefix('?job=')}")[1]
        assert (fork["forked_from"]["job"], fork["forked_from"]["epoch"]) == (job["id"], 2)
        assert (fork["training"]["optimizer"]["learning_rate"], fork["training"]["epochs"]) == (0.125, 5)
        page.get_by_role("link", name=f"{job['id']}, epoch 2").click()
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_text("cancelled").first.wait_for()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("heading", name="Jobs").wait_for()
        assert service.send("GET", f"/v1/jobs/{job['id']}")[0] == 404
        view.console[:] = [each for each in view.console if "404" not in each]


def test_a_replay_shows_its_verdict(open_page: Open, service: Service, xor: dict[str, Any]) -> None:
    status, replay = service.send("POST", f"/v1/jobs/{xor['id']}:replay?wait=60", {})
    assert status == 201 and replay["replay"]["identical"]
    with open_page() as view:
        page = view.go(f"?job={replay['id']}")
        page.get_by_text("Identical").wait_for()
        page.get_by_role("link", name=xor["id"]).click()
        page.get_by_role("heading", name="xor").wait_for()
