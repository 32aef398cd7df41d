"""The firing range: its shots are predictions of the API, few of them are asked for, and "Fire" trains one epoch."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.dashboard.conftest import Open
from tests.integration.service import Service

ROW, INSTANCE = 2, [1, 0]


def test_shots_are_the_predictions_of_their_epochs(open_page: Open, service: Service, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=shots&row={ROW}&epoch=130")
        page.get_by_text("The shots as a table").click()
        rows = page.locator(".range tbody tr")
        expect(rows.last).to_contain_text("130")
        expect(page.get_by_text("still to come")).to_have_count(0)
        cells = [row.locator("th, td").all_inner_texts() for row in rows.all()]
        asked = [path for path in view.paths() if path.endswith(":predict")]
    assert 2 <= len(cells) == len(asked) <= 41
    for epoch, shot, error in cells:
        status, answer = service.send("POST", f"/v1/jobs/{xor['id']}/epochs/{epoch}:predict", {"instances": [INSTANCE]})
        assert status == 200
        value = answer["predictions"][0][0]
        assert abs(float(shot) - value) < 1e-5
        assert abs(float(error.replace("\u2212", "-")) - (value - 1)) < 1e-5


def test_fire_trains_one_epoch_of_a_held_job(open_page: Open, service: Service, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?job={xor['id']}&tab=shots&row={ROW}&epoch=3")
        page.get_by_role("button", name="Fire from epoch 3", exact=True).click()
        page.get_by_role("button", name="Fire", exact=True).click()
        expect(page.get_by_role("slider", name="Epoch")).to_have_value("1")
        made = parse_qs(urlsplit(page.url).query)["job"][0]
    status, job = service.send("GET", f"/v1/jobs/{made}")
    assert status == 200
    assert (job["status"], job["latest"]["epoch"], job["forked_from"]["epoch"]) == ("paused", 1, 3)
