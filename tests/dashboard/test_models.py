"""Models on the dashboard: versions, aliases, predictions and the card."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.dashboard.conftest import Open, trained
from tests.integration.service import Service

TABLE = {
    "columns": ["age", "city", "churn"],
    "rows": [[20 + row, "Bern" if row % 2 else "<b>Basel</b>", "yes" if row % 3 else "no"] for row in range(30)],
}
PATH = "/v1/models/people"


@pytest.fixture(scope="session")
def people(service: Service) -> dict[str, Any]:
    """A model with two versions that predicts a class from a number and a category."""
    assert service.send("PUT", "/v1/datasets/people", TABLE)[0] in (200, 201)
    for seed in (1, 2):
        training = {"epochs": 3, "seed": seed, "test": {"fraction": 0.2}, "metrics": ["accuracy"]}
        trained(service, {"dataset": "people", "model": "people", "training": training})
    found: dict[str, Any] = service.send("GET", PATH)[1]
    return found


def test_the_form_predicts_what_the_api_predicts(open_page: Open, service: Service, people: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go("?model=people")
        page.get_by_label("age").fill("33")
        page.get_by_label("city").select_option("Bern")
        page.get_by_label("age").press("Enter")
        bars = page.locator(".chances tbody tr")
        expect(bars).to_have_count(2)
        answer = service.send("POST", f"{PATH}:predict", {"instances": [{"age": 33, "city": "Bern"}]})[1]
        shares = sorted(answer["predictions"][0]["probabilities"].items(), key=lambda item: -item[1])
        shown = [row.locator("th, td.number").all_inner_texts() for row in bars.all()]
        assert [name for name, _ in shown] == [name for name, _ in shares]
        for (_, text), (_, share) in zip(shown, shares, strict=True):
            assert abs(float(text.removesuffix(" %")) - share * 100) <= 0.051
        assert page.locator(".predicted dd").inner_text() == answer["predictions"][0]["churn"]


def test_versions_lead_to_their_jobs_and_the_card_has_its_numbers(
    open_page: Open, service: Service, people: dict[str, Any]
) -> None:
    version = people["versions"][-1]
    with open_page() as view:
        page = view.go("?model=people")
        row = page.get_by_role("region", name="Table of versions").locator("tbody tr").first
        href = row.get_by_role("link", name="job").get_attribute("href") or ""
        assert parse_qs(urlsplit(href).query) == {"job": [version["job"]], "epoch": [str(version["epoch"])]}
        layers = page.get_by_role("region", name="Layers").locator("tbody tr")
        layers.first.wait_for()
        card = service.send("GET", f"{PATH}/card?format=json")[1]
        numbers = [each.locator("td").last.inner_text() for each in layers.all()]
        assert numbers == [f"{layer['parameters']:,}" for layer in card["network"]["layers"]]
        matrix = page.get_by_role("region", name="Confusion matrix").locator("tbody td").all_inner_texts()
        assert [int(each) for each in matrix] == [
            value for row in card["by_class"]["confusion_matrix"]["counts"] for value in row
        ]


def test_an_alias_is_set_moved_and_protects_its_version(
    open_page: Open, service: Service, people: dict[str, Any]
) -> None:
    with open_page() as view:
        page = view.go("?model=people")
        page.get_by_role("textbox", name="New alias").fill("live")
        page.get_by_label("Version of the new alias").select_option("1")
        page.get_by_role("button", name="Set", exact=True).click()
        page.get_by_label("Version of live").wait_for()
        assert service.send("GET", f"{PATH}/aliases/live")[1]["version"] == 1
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_title("Delete version 1").click()
        page.get_by_text("in use by alias `live`").wait_for()
        view.console.clear()  # the browser logs that the answer was 409
        page.get_by_label("Version of live").select_option("2")
        page.get_by_role("button", name="Move", exact=True).click()
        page.get_by_text("live → version 2").wait_for()
        moving = next(each for each in view.requests if each.method == "PUT" and "if-match" in each.headers)
        assert moving.url.endswith("/aliases/live")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_title("Delete the alias live").click()
        expect(page.locator(".alias-list li")).to_have_count(0)
    assert service.send("GET", f"{PATH}/aliases/live")[0] == 404


def test_an_alias_that_somebody_else_has_moved_stays(open_page: Open, service: Service, people: dict[str, Any]) -> None:
    assert service.send("PUT", f"{PATH}/aliases/shared", {"version": 1})[0] in (200, 201)
    with open_page() as view:
        page = view.go("?model=people")
        page.get_by_label("Version of shared").select_option("2")
        assert service.send("PUT", f"{PATH}/aliases/shared", {"version": 2})[0] == 200
        page.get_by_role("button", name="Move", exact=True).click()
        page.get_by_text("was moved meanwhile, to version 2").wait_for()
    assert service.send("DELETE", f"{PATH}/aliases/shared")[0] == 204
