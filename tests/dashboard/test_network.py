"""The drawing of a network: its numbers are the trace's, its steps run forward and back, by mouse and by keyboard."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Open
from tests.integration.service import Service

EPOCH = 20
MINUS, TIMES = "\u2212", "\u00d7"


def traced(service: Service, job: str, row: int, query: str = "explain=true") -> dict[str, Any]:
    status, trace = service.send("POST", f"/v1/jobs/{job}/epochs/{EPOCH}:trace?{query}", {"row": row})
    assert status == 200, trace
    found: dict[str, Any] = trace
    return found


def signed(value: float) -> str:
    """Return a number as the page writes it, with six digits."""
    return f"{MINUS if value < 0 else '+' if value > 0 else ''}{float(f'{abs(value):.6g}')}"


def state_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_the_numbers_are_those_of_the_trace(open_page: Open, service: Service, xor: dict[str, Any]) -> None:
    trace = traced(service, xor["id"], 1)
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=network&epoch={EPOCH}&row=1")
        page.get_by_text("The numbers as tables").click()
        hidden = page.locator(".layer-tables table").nth(1).locator("tbody tr")
        expect(hidden).to_have_count(3)
        for unit, row in enumerate(hidden.all()):
            z, a = (trace["forward"][0][name][0][unit] for name in ("weighted_inputs", "activations"))
            bias = trace["update"][0]["before"]["biases"][unit]
            delta = next(each for each in trace["backward"] if each["layer"] == 0)["delta"][0][unit]
            assert row.locator("td").all_inner_texts() == [signed(value) for value in (bias, z, a, delta)]
        page.locator("[data-node='0.1']").hover()
        formula = next(each for each in trace["formulas"] if each["of"] == "weighted input of hidden 2")
        shown = page.locator(".network-aside .formula").first.inner_text()
        assert shown.replace(MINUS, "-").replace(TIMES, "*") == formula["formula"]


def test_the_signal_runs_forward_and_the_error_back(open_page: Open, service: Service, xor: dict[str, Any]) -> None:
    trace = traced(service, xor["id"], 0)
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=network&epoch={EPOCH}")
        page.get_by_role("button", name="Next step").click()
        expect(page.locator("g.later [data-node='1.0']")).to_be_visible()
        assert state_of(page)["step"] == ["forward.0"]
        page.get_by_role("button", name="delta: outputs").click()
        aside = page.locator(".network-aside")
        expect(aside).to_contain_text(signed(trace["backward"][0]["delta"][0][0]))
        expect(aside).to_contain_text("BP1")
        page.get_by_role("button", name="update", exact=True).click()
        expect(aside).to_contain_text(signed(trace["predicted_change"]))
        expect(page.get_by_role("button", name="Next step")).to_be_disabled()


def test_a_weight_is_chosen_by_its_line_and_by_keyboard(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=network&epoch={EPOCH}&row=2")
        page.locator("[data-edge='1.2.0']").dispatch_event("click")
        expect(page.locator(".network-aside h3")).to_have_text("hidden 3 -> output 1")
        assert state_of(page)["edge"] == ["1.2.0"]
        page.locator("[data-node='-1.0']").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        expect(page.locator(".network-aside h3")).to_have_text("hidden 2")
        page.keyboard.press("Enter")
        page.locator(".network-aside").get_by_role("button", name="input 1 -> hidden 2").press("Enter")
        assert state_of(page)["edge"] == ["0.0.1"]


def test_a_large_layer_is_drawn_in_part_and_says_so(open_page: Open, service: Service, digits: dict[str, Any]) -> None:
    status, trace = service.send("POST", f"/v1/jobs/{digits['id']}/epochs/5:trace", {"row": 3})
    assert status == 200
    inputs = trace["inputs"][0]
    drawn = sorted(sorted(range(64), key=lambda index: (-abs(inputs[index]), index))[:16])
    with open_page() as view:
        page = view.go(f"?job={digits['id']}&tab=network&epoch=5&row=3")
        expect(page.get_by_text("16 of 64")).to_be_visible()
        expect(page.get_by_text("16 of 20")).to_be_visible()
        nodes = page.locator("[data-node^='-1.']").all()
        assert [node.get_attribute("data-node") for node in nodes] == [f"-1.{index}" for index in drawn]
        page.get_by_label("Drawn are").select_option("first")
        expect(page.locator("[data-node='-1.15']")).to_be_visible()


def test_an_epoch_that_is_not_stored_leads_to_the_nearest(
    open_page: Open, service: Service, xor: dict[str, Any]
) -> None:
    body = {"epoch": 5, "training": {"epochs": 30, "store_parameters": {"every": 10}}}
    status, job = service.send("POST", f"/v1/jobs/{xor['id']}:fork?wait=60", body)
    assert status in (200, 201), job
    with open_page() as view:
        page = view.go(f"?job={job['id']}&tab=network&epoch=12")
        page.get_by_role("button", name="Show epoch 10").click()
        expect(page.locator("[data-node='1.0']")).to_be_visible()
        assert state_of(page)["epoch"] == ["10"]
        view.console[:] = [each for each in view.console if "12:trace" not in each]  # its 404, which the page answers


def test_nothing_travels_where_less_motion_is_wanted(open_page: Open, xor: dict[str, Any]) -> None:
    address = f"?job={xor['id']}&tab=network&epoch={EPOCH}&step=forward.0"
    with open_page() as view:
        expect(view.go(address).locator(".travelling").first).to_be_visible()
    with open_page(reduced_motion="reduce") as view:
        page = view.go(address)
        expect(page.locator("[data-node='1.0']")).to_be_visible()
        expect(page.locator(".travelling").first).to_be_hidden()
