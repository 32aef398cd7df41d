"""Web sites of somebody else's, and the Chromium that opens their pages.

One server is all sites: Chromium finds every `*.example` at 127.0.0.1. It serves one page, which tries what pages can
try and reports here; everything else it passes on to the service as it came, `Host` included, which is what a name
does that first leads to its own server and then to the service (DNS rebinding).
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.programs import missing

PAGE = Path(__file__).with_name("another_site.html").read_bytes()
HOP = {"connection", "keep-alive", "transfer-encoding"}
RULES = "MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"  # nothing leaves this machine
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-popup-blocking",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,Translate",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    f"--host-resolver-rules={RULES}",
]


class OtherSites(ThreadingHTTPServer):
    """The server of all sites; `reports` has by page what its attempts came to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.service = ("127.0.0.1", 0)
        self.reports: dict[str, dict[str, str]] = {}

    def origin(self, name: str) -> str:
        return f"http://{name}.example:{self.server_port}"

    def page(self, name: str, base: str, attempts: list[str], jobs: dict[str, str]) -> str:
        """Return the address of a page of the site `name.example`; an empty base is the site itself."""
        return self._address(name, {"page": name, "base": base, "attempts": attempts, "jobs": jobs})

    def first_page(self, pages: list[str]) -> str:
        """Return the address of a page that opens others, as Chromium without a screen opens just one itself."""
        return self._address("first", {"opens": pages})

    def _address(self, name: str, plan: dict[str, Any]) -> str:
        return f"{self.origin(name)}/another-site?plan={quote(json.dumps(plan))}"


class Handler(BaseHTTPRequestHandler):
    """Serves the page, takes its report, passes the rest on."""

    server: OtherSites

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/another-site?"):
            self._answer(200, [("Content-Type", "text/html")], PAGE)
        elif self.path == "/report":
            report = json.loads(body)
            self.server.reports[report["page"]] = report["seen"]
            self._answer(204, [], b"")
        else:
            self._pass_on(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = _any  # noqa: N815

    def _pass_on(self, body: bytes) -> None:
        connection = http.client.HTTPConnection(*self.server.service, timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP:
                connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP | {"content-length"}]
        self._answer(answer.status, kept, answer.read())
        connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in [*headers, ("Content-Length", str(len(body))), ("Connection", "close")]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def other_sites() -> Iterator[OtherSites]:
    """Serve the sites while the block runs."""
    with OtherSites() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def chromium() -> str:
    """Return Chromium's path; without it the test is skipped, and fails with CI=true."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing("Chromium is missing: `apt-get install -y --no-install-recommends chromium`")
    return found


@contextmanager
def opened(program: str, folder: Path, page: str) -> Iterator[subprocess.Popen[bytes]]:
    """Open a page in a Chromium with a profile of its own, which ends with the block."""
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={folder / 'profile'}", page],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(folder)},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
