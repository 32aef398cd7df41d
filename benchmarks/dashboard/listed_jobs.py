"""How long it takes from opening the page to a table of jobs that is drawn, with 1,000 jobs in the database."""

import argparse
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from benchmarks.dashboard.stored_jobs import service_with_jobs
from tests.dashboard.browser import launched

JOBS, ROUNDS, WANTED_MS = 1000, 5, 300
# the time of the first frame after the table is there, in ms since the navigation began
DRAWN = """() => new Promise(resolve => {
  const isThere = () => document.querySelector("table.jobs tbody tr") !== null;
  const look = () => requestAnimationFrame(isThere() ? () => resolve(performance.now()) : look);
  look();
})"""


def measure(chosen: argparse.Namespace) -> str:
    """Open the page some times, in a new window without a cache and then again in it, and return the medians."""
    del chosen
    with service_with_jobs(JOBS) as (service, _), sync_playwright() as playwright:
        browser = launched(playwright)
        _milliseconds(browser, service.address)  # the first one finds neither the service nor the browser warm
        found = [_milliseconds(browser, service.address) for _ in range(ROUNDS)]
        browser.close()
    first, again = ([each[index] for each in found] for index in range(2))
    return (
        f"{JOBS:,} jobs, from opening to a drawn table: {_text(first)}; target: {WANTED_MS} ms\n"
        f"{JOBS:,} jobs, the same with the page's files in the browser's cache: {_text(again)}"
    )


def _milliseconds(browser: Browser, address: str) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    found = []
    for _ in range(2):
        page.goto("about:blank")
        page.goto(address, wait_until="commit")
        found.append(float(page.evaluate(DRAWN)))
    context.close()
    return found[0], found[1]


def _text(milliseconds: list[float]) -> str:
    return f"{median(milliseconds):.0f} ms (of {', '.join(f'{each:.0f}' for each in milliseconds)})"
