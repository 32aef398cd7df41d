"""Names with markup, line ends and marks of direction: they are text, on one line, and turn around nothing else."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.dashboard.conftest import Open, trained
from tests.integration.service import Service

MARKUP = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
TURNED = "invoice\u202efdp.exe"
LINES = "two\nlines\tand\u2028more"
LONG = "w" * 300
COLUMNS = [MARKUP, TURNED, LINES, LONG]
SEEN = ["invoice\ufffdfdp.exe", "two↵lines⇥and↵more"]
MARKS = "/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.querySelector('main').innerText)"


@pytest.fixture(scope="module")
def odd(service: Service) -> dict[str, Any]:
    """A job whose columns, categories, classes and metadata have odd names."""
    rows = [[f"{MARKUP}{row % 2}", row, row % 3, row % 5, (TURNED, LINES)[row % 2]] for row in range(20)]
    return trained(
        service,
        {
            "network": {"hidden": [3]},
            "model": "odd-names",
            "metadata": {TURNED: LINES, "markup": MARKUP, "long": LONG},
            "dataset": {"name": "odd-names", "rows": rows, "columns": [*COLUMNS, "kind"], "target": "kind"},
            "training": {"epochs": 2, "seed": 1, "validation": {"fraction": 0.4}},
        },
    )


@pytest.mark.parametrize(
    "query",
    [*(f"tab={tab}" for tab in ("settings", "results", "network", "homework", "shots", "curves")), "dataset", "model"],
)
def test_odd_names_are_text_that_fits(open_page: Open, odd: dict[str, Any], query: str) -> None:
    with open_page(width=390) as view:
        page = view.go(f"?job={odd['id']}&{query}" if "=" in query else f"?{query}=odd-names")
        page.locator("main .panel").first.wait_for()
        page.wait_for_load_state("networkidle")
        fits_and_runs_nothing(page)
        assert view.overflow() <= 0


def fits_and_runs_nothing(page: Page) -> None:
    assert page.title() != "run"
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate(MARKS) is False


def test_signs_stand_for_what_cannot_be_seen(open_page: Open, odd: dict[str, Any]) -> None:
    with open_page(width=390) as view:
        page = view.go("?dataset=odd-names")
        for text in SEEN:
            page.get_by_text(text).first.wait_for()
