"""Pictures of what a network has learnt: their numbers are the API's predictions, and a digit can be drawn and read."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Open, trained
from tests.integration.service import Service

EPOCH = 400
CELLS, MARGIN = 48, 0.08


def predicted(service: Service, job: str, epoch: int, instances: list[list[float]]) -> list[list[float]]:
    status, answer = service.send("POST", f"/v1/jobs/{job}/epochs/{epoch}:predict", {"instances": instances})
    assert status == 200, answer
    found: list[list[float]] = answer["predictions"]
    return found


def test_the_map_of_two_inputs_is_what_the_api_predicts(open_page: Open, service: Service, xor: dict[str, Any]) -> None:
    places = [-MARGIN + (index + 0.5) / CELLS * (1 + 2 * MARGIN) for index in range(CELLS)]
    answers = predicted(service, xor["id"], EPOCH, [[x, y] for y in places for x in places])
    share = sum(value >= 0.5 for (value,) in answers) / CELLS**2
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=pictures&epoch={EPOCH}")
        drawing = page.get_by_role("img", name="A map over input_1")
        expect(drawing).to_have_attribute("aria-label", re.compile(f"1: {round(share * 100, 1):g} %"))
        expect(drawing.locator(".points path")).to_have_count(4)
        assert sum(path.endswith(":predict") for path in view.paths()) == 1


def test_the_curve_of_one_input_is_what_the_api_predicts(open_page: Open, service: Service) -> None:
    rows = [[float(x)] for x in range(-5, 6)]
    dataset = {"name": "parabola", "inputs": rows, "targets": [[x * x] for (x,) in rows]}
    job = trained(service, {"network": {"hidden": [4]}, "dataset": dataset, "training": {"epochs": 3, "seed": 1}})
    ((left,), (right,)) = predicted(service, job["id"], 3, [[-5.8], [5.8]])
    with open_page() as view:
        page = view.go(f"?job={job['id']}&tab=pictures")
        label = page.get_by_role("img", name="The curve of").get_attribute("aria-label") or ""
        found = re.search(r": (\S+) at -5.8, (\S+) at 5.8", label)
        assert found and [abs(float(found[1]) - left) < 1e-2, abs(float(found[2]) - right) < 1e-2] == [True, True], (
            label
        )
        expect(page.locator(".points circle")).to_have_count(len(rows))


def bars(page: Page, panel: str) -> list[str]:
    return page.get_by_role("region", name=panel).locator(".output-bars .number").all_inner_texts()


def test_a_row_of_pixels_is_read(open_page: Open, service: Service, digits: dict[str, Any]) -> None:
    status, answer = service.send("GET", "/v1/datasets/digits/rows?after=6&limit=1")
    assert status == 200
    values = list(answer["data"][0]["values"].values())
    outputs = predicted(service, digits["id"], 5, [values[:64]])[0]
    with open_page() as view:
        page = view.go(f"?job={digits['id']}&tab=pictures&row=7")
        expect(page.get_by_text("so paper is 0 and ink 16")).to_be_visible()
        expect(page.get_by_role("img", name=f"its target is {values[64]:g}")).to_be_visible()
        page.get_by_role("region", name="A row of the dataset").locator(".output-bars").wait_for()
        for text, value in zip(bars(page, "A row of the dataset"), outputs, strict=True):
            assert text == "< 0.001" if value < 0.001 else abs(float(text) - value) < 1e-3
        expect(page.get_by_role("img", name="Weights to unit")).to_have_count(20)


def test_a_digit_is_drawn_by_mouse_and_by_keyboard(open_page: Open, digits: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={digits['id']}&tab=pictures")
        pad = page.get_by_role("application")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box
        page.mouse.move(box["x"] + 120, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 120, box["y"] + 200, steps=5)
        page.mouse.up()
        drawn = page.get_by_role("region", name="Draw one")
        expect(drawn.get_by_text("It reads")).to_be_visible()
        drawn.get_by_role("button", name="Clear").click()
        expect(drawn.get_by_text("Draw on the pad")).to_be_visible()
        pad.focus()
        for key in ("ArrowUp", "ArrowLeft", "Space"):
            page.keyboard.press(key)
        expect(drawn.get_by_text("It reads")).to_be_visible()
        drawn.get_by_role("button", name="Take row 0").click()
        page.get_by_role("region", name="A row of the dataset").locator(".output-bars").wait_for()
        expect(drawn.locator(".output-bars .number").first).to_have_text(bars(page, "A row of the dataset")[0])
