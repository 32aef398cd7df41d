"""The guided tour: each step says what the API says, and the reader's guess is answered by a round that is fired."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.browser import opened
from tests.dashboard.conftest import Open
from tests.integration.service import Service, wait_until

ROUND = {"instances": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}
SLOPE = "slope?layer=2&weight=0,0&points=3"
MANY = 500
Facts = dict[str, float]
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def toured(browser: Browser, service: Service) -> str:
    """Go through the tour up to the last round, as a reader does, and return the id of its job."""
    with opened(browser, service.address) as view:
        page = view.go("?view=tour")
        page.get_by_role("button", name="Set up the network", exact=True).click()
        page.get_by_role("heading", name="The signal runs forward").wait_for()
        found = re.search(r"job=(job_\w+)", page.url)
        assert found is not None
        job = found[1]
        page.locator(".fact").first.wait_for()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.get_by_role("heading", name="Each parameter moves along its tangent").wait_for()
        assert page.locator(".curve-drawing .tangent").count() == 0  # it would give the answer away
        page.get_by_role("button", name="larger →", exact=True).click()
        verdict = page.locator(".tour-step .note")
        _, before = service.send("GET", f"/v1/jobs/{job}/epochs/0/{SLOPE}")
        expect(verdict).to_contain_text("Well seen" if before["step"]["step"] > 0 else "It became smaller this time")
        _, after = service.send("GET", f"/v1/jobs/{job}/epochs/1/{SLOPE}")
        assert after["value"] == pytest.approx(before["value"] + before["step"]["step"])
        page.goto(f"{view.address}/?view=tour&job={job}&step=8")
        page.get_by_role("button", name=f"Fire {MANY} rounds", exact=True).click()
        page.locator("[data-fact=last_3]").wait_for()
        wait_until(lambda: service.send("GET", f"/v1/jobs/{job}")[1]["latest"]["epoch"] == MANY + 1, 30, "all rounds")
    return job


def test_each_step_says_what_the_api_says(open_page: Open, service: Service, toured: str) -> None:
    def ask(epoch: int, what: str, body: Any = None) -> Any:
        path = f"/v1/jobs/{toured}/epochs/{epoch}{what}"
        status, answer = service.send("GET" if body is None else "POST", path, body)
        assert status == 200, answer
        return answer

    with open_page(width=390) as view:
        for number, check in enumerate(CHECKS, start=1):
            page = view.go(f"?view=tour&job={toured}&step={number}")
            page.locator(".checked").wait_for()
            expect(page.locator(".checked")).to_contain_text("Checked with the service's numbers")
            facts = facts_of(page)
            expected = check(ask)
            assert facts == pytest.approx(expected, rel=1e-9), number
            assert view.accessibility_faults() == [] and view.overflow() <= 0, number


def test_a_step_before_its_rounds_leads_to_them(open_page: Open) -> None:
    with open_page() as view:
        page = view.go("?view=tour")
        page.get_by_role("button", name="Set up the network", exact=True).click()
        page.get_by_role("heading", name="The signal runs forward").wait_for()
        page.get_by_role("button", name="Step 7: The shot is on target").click()
        page.get_by_role("link", name="Guess first which way a weight moves").click()
        page.get_by_role("button", name="smaller ←", exact=True).click()
        expect(page.locator(".tour-step .note")).to_contain_text("Well seen: it became smaller")
        page.get_by_role("button", name="Nielsen").click()
        expect(page.locator(".step-text")).to_contain_text("w⁴₁₁")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("heading", name="One round, less error")).to_be_focused()
        assert "step=5" in page.url and "notation=nielsen" in page.url


def facts_of(page: Page) -> Facts:
    """Return the numbers in the text of a step, by their names."""
    script = "all => all.map(each => [each.dataset.fact, Number(each.value)])"
    return dict(page.locator(".step-text .fact").evaluate_all(script))


def forward(ask: Ask) -> Facts:
    trace = ask(0, ":trace", {"row": 2})
    hidden, _, output = trace["forward"]
    z, a = hidden["weighted_inputs"][0][0], hidden["activations"][0][0]
    assert a == pytest.approx(math.tanh(z))
    return {"z": z, "a": a, "output": output["activations"][0][0]}


def error(ask: Ask) -> Facts:
    trace = ask(0, ":trace", {"row": 2})
    output = trace["forward"][2]["activations"][0][0]
    assert trace["loss"] == pytest.approx((output - 1) ** 2 / 2)
    return {"output": output, "target": 1, "loss": trace["loss"]}


def backward(ask: Ask) -> Facts:
    trace = ask(0, ":trace", {"row": 2})
    output, hidden = trace["backward"][:2]
    weight = trace["update"][2]["before"]["weights"][0][0]
    delta, slope = output["delta"][0][0], output["dactivation_dweighted_inputs"][0][0]
    slope_hidden = hidden["dactivation_dweighted_inputs"][0][0]
    assert delta == pytest.approx((trace["forward"][2]["activations"][0][0] - 1) * slope)
    assert hidden["delta"][0][0] == pytest.approx(delta * weight * slope_hidden)
    return {
        "delta_output": delta,
        "slope_output": slope,
        "weight": weight,
        "slope_hidden": slope_hidden,
        "delta_hidden": hidden["delta"][0][0],
    }


def tangent(ask: Ask) -> Facts:
    slope = ask(0, f"/{SLOPE}")
    assert slope["step"]["step"] == pytest.approx(-0.5 * slope["tangent"]["slope"])
    return {"value": slope["value"]}


def step(ask: Ask) -> Facts:
    before, after = ask(0, ":trace", ROUND), ask(1, ":trace", ROUND)
    assert after["loss"] - before["loss"] == pytest.approx(before["actual_change"])
    assert before["actual_change"] < 0
    return {
        "predicted": before["predicted_change"],
        "actual": before["actual_change"],
        "loss_before": before["loss"],
        "loss_after": after["loss"],
        "value": ask(0, f"/{SLOPE}")["value"],
        "value_after": ask(1, f"/{SLOPE}")["value"],
    }


def rounds(ask: Ask) -> Facts:
    before, after = ask(0, ":trace", ROUND)["loss"], ask(MANY + 1, ":trace", ROUND)["loss"]
    assert after < before / 20
    return {"rounds": MANY + 1, "loss_end": after, "loss_before": before}


def target(ask: Ask) -> Facts:
    first, last = (answered(ask, epoch)[2] for epoch in (0, MANY + 1))
    assert abs(last - 1) < abs(first - 1)
    return {"first_2": first, "last_2": last, "target": 1}


def predictions(ask: Ask) -> Facts:
    last = answered(ask, MANY + 1)
    assert [round(each) for each in last] == ROUND["targets"]
    return {f"last_{row}": value for row, value in enumerate(last)}


def answered(ask: Ask, epoch: int) -> list[float]:
    return [row[0] for row in ask(epoch, ":predict", {"instances": ROUND["instances"]})["predictions"]]


CHECKS = [forward, error, backward, tangent, step, rounds, target, predictions]  # of the steps, in their order
