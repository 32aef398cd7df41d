"""The part of a job's page about one weight: its numbers are the API's, and what is chosen is in the address."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Open
from tests.integration.service import Service

EPOCH, ROW, PLACE = 30, 2, "0.1.2"


def test_the_slope_the_contributions_and_the_twin_are_those_of_the_api(
    open_page: Open, service: Service, xor: dict[str, Any]
) -> None:
    epochs = f"/v1/jobs/{xor['id']}/epochs"
    _, slope = service.send("GET", f"{epochs}/{EPOCH}/slope?layer=0&weight=1,2")
    _, trace = service.send("POST", f"{epochs}/{EPOCH}:trace", {"row": ROW})
    _, twin = service.send("GET", f"{epochs}/0/slope?layer=0&weight=1,2")
    _, old = service.send("POST", f"{epochs}/0:trace", {"row": ROW})
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=weight&epoch={EPOCH}&row={ROW}&edge={PLACE}")
        says = page.locator(".says")
        says.wait_for()
        assert number_of(page, ".says", "slope") == pytest.approx(slope["tangent"]["slope"])
        assert number_of(page, ".says", "step") == pytest.approx(slope["step"]["step"])
        way = "up" if slope["step"]["step"] > 0 else "down"
        assert f"so the weight is moved {way} by" in says.inner_text()
        page.locator("[data-predicted]").wait_for()
        assert number_of(page, "[data-predicted]", "predicted") == pytest.approx(trace["predicted_change"])
        assert number_of(page, "[data-predicted]", "sum") == pytest.approx(trace["predicted_change"])
        assert number_of(page, "[data-actual]", "actual") == pytest.approx(trace["actual_change"])
        page.locator("[data-of=twin-loss]").wait_for()
        expected = {
            "twin-loss": twin["loss"],
            "epoch-loss": slope["loss"],
            "twin-row-loss": old["loss"],
            "epoch-row-loss": trace["loss"],
            "twin-prediction": old["forward"][-1]["activations"][0][0],
            "epoch-prediction": trace["forward"][-1]["activations"][0][0],
            "twin-value": twin["value"],
            "epoch-value": slope["value"],
        }
        for name, value in expected.items():
            assert number_of(page, f"[data-of={name}]", "value") == pytest.approx(value), name


def test_a_weight_is_chosen_from_the_lists_and_by_its_bar(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=weight&epoch={EPOCH}")
        chosen = page.locator(".weight-choice legend").first
        expect(chosen).to_contain_text("hidden 1 -> output 1")
        page.get_by_label("From").first.select_option("bias (from nothing)")
        expect(chosen).to_contain_text("bias of output 1")
        assert "edge=1.bias.0" in page.url
        page.get_by_role("link", name="input 1 -> hidden 2").click()
        expect(chosen).to_contain_text("input 1 -> hidden 2")
        expect(page.locator(".contribution-bars .chosen")).to_contain_text("input 1 -> hidden 2")
        page.get_by_role("button", name="Nielsen").click()
        expect(chosen).to_contain_text("w²₂₁")
        assert "notation=nielsen" in page.url


def test_the_surface_moves_with_the_slider_and_its_axis_is_chosen(
    open_page: Open, service: Service, xor: dict[str, Any]
) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=weight&epoch=0&edge=0.0.0&against=1.bias.0")
        drawing = page.locator(".surface-drawing svg").first
        expect(drawing).to_have_attribute("aria-label", said(service, xor, 0))
        assert painted(page) > 1000
        page.get_by_label("One epoch on").click()
        expect(drawing).to_have_attribute("aria-label", said(service, xor, 1))
        page.locator(".surface-panel").get_by_label("To").select_option("output 1")
        page.locator(".surface-panel").get_by_label("From").select_option("hidden 3")
        expect(drawing).to_have_attribute("aria-label", said(service, xor, 1, "1,2,0", "hidden 3 -> output 1"))
        assert "against=1.2.0" in page.url


def test_a_weight_that_is_not_there_and_an_epoch_that_is_not_stored_are_said(
    open_page: Open, service: Service, thinned: dict[str, Any]
) -> None:
    with open_page() as view:
        page = view.go(f"?job={thinned['id']}&tab=weight&epoch=7&edge=9.9.9")
        page.get_by_text("This network has no weight 9.9.9").wait_for()
        page.get_by_text("The parameters of epoch 7 are not stored").first.wait_for()
        status, answer = service.send("GET", f"/v1/jobs/{thinned['id']}/epochs/7/slope?layer=0&bias=0")
        assert status == 404
        page.get_by_text(f"This is epoch {answer['nearest']}, the nearest").first.wait_for()
        view.console[:] = [each for each in view.console if "404" not in each]  # as the test has asked for


def test_what_is_simplified_can_be_read(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=weight")
        page.get_by_role("button", name="What is simplified here").click()
        shown = page.get_by_role("dialog", name="What these views simplify")
        expect(shown.get_by_text("Only the chosen weight moves along the curve")).to_be_visible()
        assert view.accessibility_faults() == []


@pytest.fixture(scope="module")
def thinned(service: Service) -> dict[str, Any]:
    """A job that has stored the parameters of every fifth epoch."""
    body = {
        "network": {"inputs": 1, "layers": [{"type": "dense", "units": 1, "activation": "linear"}]},
        "dataset": {"inputs": [[0], [1]], "targets": [[1], [3]]},
        "training": {"epochs": 10, "seed": 1, "store_parameters": {"every": 5}},
    }
    status, job = service.send("POST", "/v1/jobs?wait=60", body)
    assert status == 201, job
    found: dict[str, Any] = job
    return found


def number_of(page: Page, selector: str, name: str) -> float:
    """Return the number in a `data-` attribute of an element."""
    value = page.locator(selector).first.get_attribute(f"data-{name}")
    assert value is not None
    return float(value)


def said(
    service: Service, job: dict[str, Any], epoch: int, y: str = "1,bias,0", name: str = "bias of output 1"
) -> re.Pattern[str]:
    """Return what the drawing of a surface says to screen readers, with the API's numbers."""
    _, answer = service.send("GET", f"/v1/jobs/{job['id']}/epochs/{epoch}/surface?x=0,0,0&y={y}&points=31")
    place = f"At epoch {epoch} they are {answer['x']['value']:.3g}"
    return re.compile(re.escape(f"over input 1 -> hidden 1 and {name}. {place}"))


def painted(page: Page) -> int:
    """Return how many pixels of the heat map have a colour."""
    script = """canvas => {
      const {width, height} = canvas;
      const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
      let count = 0;
      for (let at = 3; at < data.length; at += 4) count += data[at] > 0;
      return count;
    }"""
    return int(page.locator(".surface-drawing canvas").evaluate(script))
