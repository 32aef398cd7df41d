"""Datasets on the dashboard: the list, one dataset, and the form that sends a file."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Open
from tests.integration.service import Service

WIDE = 10_000
LONG = "x" * 1000
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def shelf(service: Service) -> dict[str, Any]:
    """A small dataset with what is difficult to show: markup, a long name, missing values, dates."""
    rows = [
        [row, None if row % 4 == 0 else row / 2, f"2024-01-{row + 1:02}", MARKUP if row % 3 else "b"]
        for row in range(30)
    ]
    body = {"columns": [LONG, MARKUP, "joined", "kind"], "rows": rows}
    status, stored = service.send("PUT", "/v1/datasets/shelf", body)
    assert status in (200, 201), stored
    found: dict[str, Any] = stored
    return found


def cells(page: Page, region: str, row: int) -> list[str]:
    """Return the texts of a row of the table in a region."""
    found = page.get_by_role("region", name=region, exact=True).locator("tbody tr").nth(row)
    return found.locator("th, td").all_inner_texts()


def test_a_dataset_shows_what_the_api_says_of_its_columns_and_rows(open_page: Open, shelf: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go("?dataset=shelf")
        page.get_by_role("heading", name="How it was read").wait_for()
        page.get_by_role("region", name="Table of columns").wait_for()
        assert cells(page, "Table of columns", 0)[0] == "x" * 31 + "…"
        name, role, kind, missing, _, minimum, _, maximum = cells(page, "Table of columns", 1)
        column = shelf["columns"][1]
        assert (name, role, kind) == (MARKUP, "input", "number")
        assert missing.startswith(f"{column['missing']} (26.7")
        assert (float(minimum), float(maximum)) == (column["minimum"], column["maximum"])
        assert cells(page, "Table of columns", 2)[5:] == ["2024-01-01", "2024-01-15 12:00", "2024-01-30"]
        assert MARKUP.replace(" ", "")[:20] in cells(page, "Table of columns", 3)[4].replace(" ", "")
        page.get_by_role("region", name="Table of rows").wait_for()
        assert cells(page, "Table of rows", 0) == ["0", "0", "missing", "2024-01-01", "b"]
        page.get_by_role("group", name="Pages of rows").get_by_role("button", name="Next").press("Enter")
        page.get_by_text("Rows 10 to 19 of 30").wait_for()
        assert cells(page, "Table of rows", 0)[:3] == ["10", "10", "5"]


def test_ten_thousand_columns_are_paged_and_searched_by_the_server(open_page: Open, service: Service) -> None:
    body = {"name": "wide", "inputs": [[0] * WIDE, [1] * WIDE], "targets": [0, 1]}
    assert service.send("PUT", "/v1/datasets/wide", body)[0] in (200, 201)
    with open_page() as view:
        page = view.go("?dataset=wide")
        page.get_by_text("Columns 1 to 20").wait_for()
        page.get_by_role("region", name="Table of rows").wait_for()
        assert page.locator("td").count() < 500
        page.get_by_label("Find a column").fill("put_9999")
        page.get_by_role("rowheader", name="input_9999").wait_for()
        assert page.get_by_role("region", name="Table of columns").locator("tbody tr").count() == 1
        assert "search=put_9999" in view.requests[-1].url


def test_a_file_is_sent_as_the_form_says_and_its_faults_lead_to_the_option(
    open_page: Open, service: Service, tmp_path: Path
) -> None:
    path = tmp_path / "Sales 2024.csv"
    path.write_text(
        "id;age;visits;plan\n" + "".join(f"{i};{i},5;{'x' if i == 7 else 1};{'ab'[i % 2]}\n" for i in range(40))
    )
    with open_page() as view:
        page = view.go("?view=datasets")
        page.get_by_label("Choose a file").set_input_files(path)
        preview = page.get_by_role("region", name="First lines of the file")
        preview.wait_for()
        assert cells(page, "First lines of the file", 0) == ["1", "0", "0,5", "1", "a"]
        assert not [each for each in view.requests if each.method == "PUT"]
        page.get_by_label("Role of id").select_option("drop")
        page.get_by_label("Name of the dataset").fill("sales-of-the-year")
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_role("region", name="Faults").wait_for()
        assert cells(page, "Faults", 0)[:2] == ["8", "visits"]
        view.console.clear()  # the browser logs that the answer was 422
        page.get_by_role("button", name="Set missing=x").click()
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_text("Stored: sales-of-the-year, version 1").wait_for()
        [*_, sent] = [each for each in view.requests if each.method == "PUT"]
        assert parse_qs(urlsplit(sent.url).query) == {"drop": ["id"], "missing": ["x"]}
        page.get_by_role("link", name="Look at it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("sales-of-the-year")
    stored = service.send("GET", "/v1/datasets/sales-of-the-year")[1]
    assert stored["rows"] == 40 and [each["name"] for each in stored["columns"]] == ["age", "visits", "plan"]


def test_a_dataset_is_deleted_after_a_question_and_training_gets_its_name(open_page: Open, service: Service) -> None:
    body = {"name": "to-delete", "inputs": [[0], [1]], "targets": [0, 1]}
    assert service.send("PUT", "/v1/datasets/to-delete", body)[0] in (200, 201)
    with open_page() as view:
        page = view.go("?dataset=to-delete")
        train = page.get_by_role("link", name="Train on this")
        assert parse_qs(urlsplit(train.get_attribute("href") or "").query) == {"new": ["job"], "dataset": ["to-delete"]}
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("button", name="Delete", exact=True).first.click()
        assert service.send("GET", "/v1/datasets/to-delete")[0] == 200
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete", exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Datasets")
    assert service.send("GET", "/v1/datasets/to-delete")[0] == 404
