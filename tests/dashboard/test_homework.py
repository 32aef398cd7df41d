"""Homework on the page: blanks of a worksheet, filled in and checked by the API, which says where an error began."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Open
from tests.integration.service import Service

EPOCH, ROW = 30, 2
OUTPUT, HIDDEN = "#/claim/deltas/1/0/0", "#/claim/deltas/0/0/1"


@pytest.fixture
def deltas(service: Service, xor: dict[str, Any]) -> dict[str, float]:
    """The right deltas of the row, by their pointers into a claim."""
    _, trace = service.send("POST", f"/v1/jobs/{xor['id']}/epochs/{EPOCH}:trace", {"row": ROW})
    return {
        f"#/claim/deltas/{layer['layer']}/0/{unit}": value
        for layer in trace["backward"]
        for unit, value in enumerate(layer["delta"][0])
    }


def test_right_numbers_are_right_with_commas_and_the_first_wrong_one_is_named(
    open_page: Open, xor: dict[str, Any], deltas: dict[str, float]
) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=homework&epoch={EPOCH}&row={ROW}")
        for pointer, value in deltas.items():
            blank(page, pointer).fill(f"{value:.6f}".replace(".", ","))
        blank(page, OUTPUT).press("Enter")
        expect(page.locator(".verdict.right")).to_contain_text("All 4 are right")
        assert page.locator(".blank.right").count() == 4
        blank(page, HIDDEN).fill("0.5")
        page.get_by_role("button", name="Check", exact=True).click()
        verdict = page.locator(".verdict")
        expect(verdict).to_contain_text("The error began at number 3, delta of hidden 2")
        assert page.locator("[data-expected]").get_attribute("data-expected") == str(deltas[HIDDEN])
        expect(verdict).to_contain_text("BP2")
        expect(blank(page, HIDDEN)).to_have_attribute("aria-invalid", "true")
        page.get_by_role("button", name="Go to this number").click()
        expect(blank(page, HIDDEN)).to_be_focused()
        assert view.accessibility_faults() == []


def test_a_known_mistake_gets_the_hint_of_the_api(
    open_page: Open, xor: dict[str, Any], deltas: dict[str, float], service: Service
) -> None:
    mistaken = -deltas[OUTPUT]
    claim = {"deltas": [None, [[mistaken]]]}
    _, trace = service.send("POST", f"/v1/jobs/{xor['id']}/epochs/{EPOCH}:trace", {"row": ROW, "claim": claim})
    hint = trace["claim"]["first_wrong"]["hint"]
    assert hint
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=homework&epoch={EPOCH}&row={ROW}")
        blank(page, OUTPUT).fill(repr(mistaken))
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.locator(".verdict .note")).to_have_text(f"Hint: {hint}")


def test_small_numbers_are_checked_by_their_digits_and_added_rounding_is_told_from_mistakes(
    open_page: Open, xor: dict[str, Any], deltas: dict[str, float]
) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=homework&row={ROW}")
        expect(page.get_by_text("No epoch is chosen, so this is epoch 0:")).to_be_visible()
        page.get_by_role("button", name="Follow the newest epoch").click()
        expect(page.get_by_role("spinbutton", name="Epoch")).to_have_value("2000")
        page = view.go(f"?job={xor['id']}&tab=homework&epoch=2000&row={ROW}")
        blank(page, OUTPUT).fill("0")
        blank(page, OUTPUT).press("Enter")
        expect(page.locator(".verdict")).to_contain_text("The error began at number 1")
        page = view.go(f"?job={xor['id']}&tab=homework&epoch={EPOCH}&row={ROW}")
        blank(page, OUTPUT).fill(repr(deltas[OUTPUT] * 1.004))
        blank(page, HIDDEN).fill(repr(deltas[HIDDEN] * 1.004 * 1.003))
        blank(page, HIDDEN).press("Enter")
        expect(page.locator(".verdict")).to_contain_text("Rounding has added up at number 3, delta of hidden 2")
        expect(page.locator(".verdict")).to_contain_text("1 number of 2 is off.")


def test_what_is_no_number_is_said_without_asking_the_api(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=homework&epoch={EPOCH}&row={ROW}&blank=gradients")
        field = page.locator(".blank input").first
        field.fill("1.234,5")
        asked = len(view.requests)
        field.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="is no number")).to_contain_text("Write 0.25 or 0,25")
        expect(field).to_be_focused()
        field.fill("")
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.get_by_role("alert").filter(has_text="Fill in at least one number.")).to_be_visible()
        assert not [each for each in view.requests[asked:] if each.method == "POST"]


def test_the_worksheet_is_saved_with_and_without_its_key(
    open_page: Open, xor: dict[str, Any], deltas: dict[str, float], tmp_path: Path
) -> None:
    with open_page(accept_downloads=True) as view:
        page = view.go(f"?job={xor['id']}&tab=homework&epoch={EPOCH}&row={ROW}")
        texts = {}
        for label in ("Save the worksheet", "Save the worksheet with the key"):
            with page.expect_download() as saved:
                page.get_by_role("button", name=label, exact=True).click()
            path = tmp_path / saved.value.suggested_filename
            saved.value.save_as(path)
            texts[label] = path.read_text("utf-8")
        shown = f"{abs(deltas[OUTPUT]):.6g}"
        assert shown in texts["Save the worksheet with the key"] and shown not in texts["Save the worksheet"]


def blank(page: Page, pointer: str) -> Any:
    return page.locator(f'[name="{pointer}"]')
