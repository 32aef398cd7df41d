"""The system's Chromium, driven by Playwright, and what every page that it opens is checked for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect

from tests.programs import missing

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
DEADLINE_MS = 15_000
SERIOUS = ("serious", "critical")
expect.set_options(timeout=DEADLINE_MS)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def launched(playwright: Playwright) -> Browser:
    """Start Chromium; without it the test is skipped, and fails with CI=true."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing("Chromium is missing: `apt-get install -y --no-install-recommends chromium`")
    return playwright.chromium.launch(executable_path=found, args=FLAGS)


@dataclass
class Opened:
    """A page in a browser, with what its console said and what it asked for."""

    page: Page
    address: str
    console: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(DEADLINE_MS)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))
        self.page.on("request", lambda request: self.requests.append(request))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def go(self, query: str = "") -> Page:
        """Show a state of the dashboard, such as `?job=job_1`."""
        self.page.goto(f"{self.address}/{query}")
        return self.page

    def paths(self) -> list[str]:
        """Return the paths of all requests so far."""
        return [urlsplit(request.url).path for request in self.requests]

    def foreign(self) -> list[str]:
        """Return the addresses of requests that left the service."""
        return [each.url for each in self.requests if not each.url.startswith((self.address + "/", "data:", "blob:"))]

    def accessibility_faults(self) -> list[str]:
        """Return what axe-core finds that is serious or critical."""
        if not AXE.exists():
            missing("axe-core is missing: `make dashboard-checks`")
        self.page.evaluate(AXE.read_text("utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {each['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for each in found["violations"]
            if each["impact"] in SERIOUS
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(self.page.evaluate(OVERFLOW))


@contextmanager
def opened(
    browser: Browser, address: str, width: int = 1280, height: int = 900, dark: bool = False, **options: Any
) -> Iterator[Opened]:
    """Open a window of its own; afterwards its console has to be empty, and no request has left the service."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", **options
    )
    try:
        view = Opened(context.new_page(), address)
        yield view
        assert view.foreign() == []
        assert view.console == [], view.console
    finally:
        context.close()
