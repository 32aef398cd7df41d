"""The curves in a frame of another site, without keys, and with a token that shares the job."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.dashboard.browser import DEADLINE_MS
from tests.dashboard.conftest import XOR, trained
from tests.integration.service import Service

GIVES_A_TOKEN = """<script>
addEventListener("message", (event) => {
  if (event.origin !== "%(address)s" || event.data.backprop !== "token wanted") return;
  event.source.postMessage({token: "%(token)s"}, event.origin);
});
</script>"""


@contextmanager
def school(pages: dict[str, str]) -> Iterator[str]:
    """Serve pages of another site: `localhost` and `127.0.0.1` are different sites to a browser."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = pages.get(self.path, "").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def shown(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.set_default_timeout(DEADLINE_MS)
        page.goto(address)
        yield page
    finally:
        context.close()


def test_curves_in_a_frame_of_another_site(tmp_path: Path, browser: Browser) -> None:
    pages: dict[str, str] = {}
    with school(pages) as site, Service(tmp_path / "data", BACKPROP_FRAME_ANCESTORS=site) as service:
        job = trained(service, XOR)
        address = (
            f"{service.address}/?embed=1&amp;job={job['id']}&amp;series=training_loss&amp;theme=dark&amp;scale=log"
        )
        frame = f'<!doctype html><iframe src="{address}" width="720" height="420"></iframe>'
        pages["/"] = frame
        with shown(browser, site) as page:
            inside = page.frame_locator("iframe")
            inside.get_by_role("heading", name="Loss").wait_for()
            assert inside.get_by_role("heading", name="Accuracy").count() == 0
            assert inside.get_by_role("banner").count() == 0
            assert inside.locator("html[data-theme=dark]").count() == 1

        key = service.post("/v1/keys", {"name": "all", "scopes": ["admin"]})["key"]
        with shown(browser, site) as page:
            page.frame_locator("iframe").get_by_text("browsers send no cookie").wait_for()
        share = shared(service, job["id"], key)
        pages["/"] = GIVES_A_TOKEN % {"address": service.address, "token": share} + frame
        with shown(browser, site) as page:
            inside = page.frame_locator("iframe")
            inside.get_by_role("heading", name="Loss").wait_for()
            inside.get_by_text("epoch 2,000 of 2,000").wait_for()
        pages["/"] = GIVES_A_TOKEN % {"address": service.address, "token": "bp_nonsense"} + frame
        with shown(browser, site) as page:
            page.frame_locator("iframe").get_by_text("The token is not valid any more").wait_for()


def shared(service: Service, job: str, key: str) -> str:
    """Return a token that reads one job."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{service.address}/v1/jobs/{job}/shares", b"{}", headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as response:
        return str(json.loads(response.read())["token"])
