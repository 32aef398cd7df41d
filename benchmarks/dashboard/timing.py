"""A page that is opened in a new window, timed to its first frame with what is waited for, and medians of that."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from playwright.sync_api import Browser, Page

ROUNDS = 5
WINDOW = {"width": 1280, "height": 900}


@contextmanager
def new_page(browser: Browser) -> Iterator[Page]:
    """Yield a page in a window of its own, whose cache is empty."""
    context = browser.new_context(viewport={"width": WINDOW["width"], "height": WINDOW["height"]})
    yield context.new_page()
    context.close()


def opened(page: Page, address: str, selector: str) -> float:
    """Open an address; return the time of the first frame with what the selector names, in ms since navigating."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    return float(
        page.evaluate(
            """selector => new Promise(resolve => {
              const isThere = () => document.querySelector(selector) !== null;
              const look = () => requestAnimationFrame(isThere() ? () => resolve(performance.now()) : look);
              look();
            })""",
            selector,
        )
    )


def medians(rounds: list[tuple[float, ...]]) -> list[str]:
    """Return the median of each measured thing, with the milliseconds of all rounds."""
    return [
        f"{median(each):.0f} ms (of {', '.join(f'{one:.0f}' for one in each)})" for each in zip(*rounds, strict=True)
    ]
