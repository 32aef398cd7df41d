"""How long it takes to draw the curves of a job with 100,000 epochs, and to draw a part of them after a drag.

The first drawing is timed from the start of the navigation, in a new window without a cache, and again in one that has
the files of the page, as after a first visit; a drag from its end to the frame in which the smaller range is drawn.
"""

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.dashboard.timing import ROUNDS, medians, new_page, opened
from tests.dashboard.browser import launched
from tests.dashboard.conftest import XOR, trained
from tests.integration.service import Service

EPOCHS, WANTED_FIRST_MS, WANTED_ZOOM_MS = 100_000, 1000, 200
CHART = ".chart canvas"
# the milliseconds from the end of a drag to the first frame after the chart says another share of epochs
ZOOMED = """() => {
  const shown = () => document.querySelector(".chart-panel .panel-aside").textContent;
  const before = shown();
  window.zoomed = new Promise(resolve => addEventListener("mouseup", () => {
    const start = performance.now();
    const look = () => shown() !== before ? requestAnimationFrame(() => resolve(performance.now() - start))
      : requestAnimationFrame(look);
    look();
  }, { once: true, capture: true }));
}"""


def measure(chosen: argparse.Namespace) -> str:
    """Open the job's page and zoom into its curves some times; return the medians."""
    del chosen
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder) / "data", BACKPROP_WORKERS="1") as service:
        job = trained(service, {**XOR, "training": {**XOR["training"], "epochs": EPOCHS}})
        with sync_playwright() as playwright:
            browser = launched(playwright)
            address = f"{service.address}/?job={job['id']}"
            _round(browser, address)  # the first one finds neither the service nor the browser warm
            first, again, zoom = medians([_round(browser, address) for _ in range(ROUNDS)])
            browser.close()
    return (
        f"{EPOCHS:,} epochs, from opening to drawn curves: {first}; target: {WANTED_FIRST_MS} ms\n"
        f"{EPOCHS:,} epochs, the same with the page's files in the browser's cache: {again}\n"
        f"{EPOCHS:,} epochs, from the end of a drag to the drawn range: {zoom}; target: {WANTED_ZOOM_MS} ms"
    )


def _round(browser: Browser, address: str) -> tuple[float, ...]:
    with new_page(browser) as page:
        first, again = _open(page, address), _open(page, address)
        return first, again, _zoom(page)


def _open(page: Page, address: str) -> float:
    drawn = opened(page, address, CHART)
    page.get_by_text("1 in ").first.wait_for()
    return drawn


def _zoom(page: Page) -> float:
    box = page.locator(".u-over").first.bounding_box()
    if box is None:
        raise RuntimeError("there is no chart to drag over")
    page.evaluate(ZOOMED)
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.mouse.up()
    return float(page.evaluate("() => window.zoomed"))
