"""How long it takes from opening the page to a table of jobs that is drawn, with 1,000 jobs in the database."""

import argparse

from playwright.sync_api import Browser, sync_playwright

from benchmarks.dashboard.stored_jobs import service_with_jobs
from benchmarks.dashboard.timing import ROUNDS, medians, new_page, opened
from tests.dashboard.browser import launched

JOBS, WANTED_MS = 1000, 300
ROW = "table.jobs tbody tr"


def measure(chosen: argparse.Namespace) -> str:
    """Open the page some times, in a new window without a cache and then again in it, and return the medians."""
    del chosen
    with service_with_jobs(JOBS) as (service, _), sync_playwright() as playwright:
        browser = launched(playwright)
        _round(browser, service.address)  # the first one finds neither the service nor the browser warm
        first, again = medians([_round(browser, service.address) for _ in range(ROUNDS)])
        browser.close()
    return (
        f"{JOBS:,} jobs, from opening to a drawn table: {first}; target: {WANTED_MS} ms\n"
        f"{JOBS:,} jobs, the same with the page's files in the browser's cache: {again}"
    )


def _round(browser: Browser, address: str) -> tuple[float, ...]:
    with new_page(browser) as page:
        return opened(page, address, ROW), opened(page, address, ROW)
