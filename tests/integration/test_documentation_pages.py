"""The pages of `/docs`: complete, linked, without scripts, open to everybody, and readable in Chromium."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urldefrag, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient

from service.config import Settings
from tests.conftest import ON_SQLITE
from tests.integration.contract import problem
from tests.integration.html_page import HtmlPage
from tests.integration.keyed import Keyed
from tests.integration.other_sites import chromium, opened
from tests.integration.published import PublishedDocument
from tests.waiting import wait_until

pytestmark = ON_SQLITE
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Site": "none"}
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'self'; "  # no scripts, and no other host
    "frame-ancestors 'none'"
)
WIDTHS = (390, 1280)
MEASURING = """<!doctype html><meta charset="utf-8"><body><script>
(async () => {
  const report = {};
  for (const path of PATHS) for (const width of WIDTHS) {
    const frame = document.createElement("iframe");
    frame.style.cssText = `border: 0; width: ${width}px; height: 800px`;
    frame.src = path;
    document.body.append(frame);
    await new Promise((done) => { frame.onload = done; });
    const root = frame.contentDocument.documentElement;
    const styled = frame.contentWindow.getComputedStyle(root.querySelector(".skip")).position === "absolute";
    report[`${path} ${width}`] = styled ? root.scrollWidth - root.clientWidth : "without style";
    frame.remove();
  }
  await fetch("/report", { method: "POST", body: JSON.stringify(report) });
})();
</script>"""


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json
    return found


def page(client: FlaskClient, path: str) -> HtmlPage:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 200 and answer.mimetype == "text/html", (path, answer.text)
    return HtmlPage(answer.text)


def addresses(document: dict[str, Any]) -> list[str]:
    tags = [f"/docs/{tag['name']}" for tag in document["tags"]]
    return ["/docs", *tags, "/docs/schemas", *(f"/docs/schemas/{name}" for name in document["components"]["schemas"])]


def test_every_operation_parameter_schema_field_and_event_is_on_the_pages(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    published = PublishedDocument(document)
    pages = {tag["name"]: page(client, f"/docs/{tag['name']}") for tag in document["tags"]}
    listed = page(client, "/docs")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            id, shown = operation["operationId"], pages[operation["tags"][0]]
            assert shown.has_anchor(id) and f"docs/{operation['tags'][0]}#{id}" in listed.links, (path, id)
            for parameter in map(published.resolved, operation["parameters"]):
                assert shown.has_anchor(f"{id}-{parameter['in']}-{parameter['name']}"), (id, parameter["name"])
    assert {f"event-{name}" for name in document["webhooks"]} <= set(pages["webhooks"].ids)
    assert {f"header-{name}" for name in document["components"]["headers"]} <= set(listed.ids)
    names = page(client, "/docs/schemas").codes
    for name, schema in document["components"]["schemas"].items():
        assert name in names
        assert schema.get("properties", {}).keys() <= page(client, f"/docs/schemas/{name}").codes, name


@pytest.mark.parametrize("end", ["", "/"])
def test_links_lead_somewhere(client: FlaskClient, document: dict[str, Any], end: str) -> None:
    pages = {address: page(client, address + end) for address in addresses(document)}
    for address, shown in pages.items():
        assert len(set(shown.ids)) == len(shown.ids), address
        for link in (*shown.links, *shown.sheets):
            assert not urlsplit(link).netloc and not link.startswith("/"), link
            target, anchor = urldefrag(urljoin(f"http://localhost{address}{end}", link))
            path = urlsplit(target).path.rstrip("/")
            if path in pages:
                assert not anchor or pages[path].has_anchor(anchor), (address, link)
            else:
                known = ("", "/docs/style.css", "/openapi.json")  # the first is the dashboard
                assert path in known or path.startswith("/problems"), (address, link)
                assert client.get(path or "/").status_code == 200, (address, link)


def test_pages_have_no_script_no_style_of_their_own_and_name_no_other_host(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    for address in addresses(document):
        shown = page(client, address)
        assert not shown.tags & {"script", "style", "iframe", "img", "object", "form", "base"}, address
        assert not {name for name in shown.attributes if name == "style" or name.startswith("on")}, address
        assert [sheet.rpartition("docs/")[2] for sheet in shown.sheets] == ["style.css"]
    style = client.get("/docs/style.css")
    assert style.mimetype == "text/css" and "url(" not in style.text and "@import" not in style.text


@pytest.mark.parametrize("path", ["/docs", "/docs/jobs", "/docs/schemas", "/docs/schemas/Job", "/docs/style.css"])
def test_pages_have_a_strict_policy_an_etag_and_a_head_and_are_packed(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    if path != "/docs/style.css":
        assert answer.headers["Content-Security-Policy"] == POLICY
    tag = answer.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    head = client.head(path)
    assert head.status_code == 200 and not head.data and head.headers["ETag"] == tag
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and len(packed.data) < len(answer.data) / 2


def test_pages_need_no_key_and_a_wrong_address_is_a_problem_with_a_guess(settings: Settings) -> None:
    keyed = Keyed(settings)
    assert keyed.admin
    for path in ("/docs", "/docs/jobs", "/docs/schemas", "/docs/schemas/Job", "/docs/style.css"):
        assert keyed.client.get(path).status_code == 200
    assert "did you mean `jobs`?" in problem(keyed.client.get("/docs/jbos", headers=BROWSER), 404)["detail"]
    assert "did you mean `schemas`?" in problem(keyed.client.get("/docs/schema"), 404)["detail"]
    assert "did you mean `Job`?" in problem(keyed.client.get("/docs/schemas/job"), 404)["detail"]
    assert "`/docs` lists" in problem(keyed.client.get(f"/docs/{quote('<b>')}{'x' * 500}"), 404)["detail"]
    problem(keyed.client.get("/docs/jobs?colour=red"), 422)
    keyed.close()


def test_pages_are_rendered_once_and_not_before_somebody_asks(client: FlaskClient) -> None:
    pages = client.application.extensions["documentation"]
    assert "document" not in vars(pages)
    for _ in range(3):
        assert client.get("/docs/jobs").status_code == 200
    assert pages.tag.cache_info().misses == 1 and pages.index.cache_info().misses == 0


class Copies(ThreadingHTTPServer):
    """Serves copies of pages, which may be framed, to a page that measures them."""

    daemon_threads = True

    def __init__(self, files: dict[str, tuple[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), CopiesHandler)
        self.files = files
        self.reports: list[dict[str, Any]] = []


class CopiesHandler(BaseHTTPRequestHandler):
    server: Copies

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        kind, content = self.server.files.get(self.path, ("text/plain", b""))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.server.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()


@pytest.fixture
def copies(client: FlaskClient, document: dict[str, Any]) -> Iterator[Copies]:
    longest = max(document["components"]["schemas"], key=len)
    paths = [path for path in addresses(document) if path.count("/") < 3]
    paths += ["/docs/schemas/Job", f"/docs/schemas/{longest}"]
    files = {path: (client.get(path).content_type, client.get(path).data) for path in (*paths, "/docs/style.css")}
    measuring = MEASURING.replace("PATHS", repr(paths)).replace("WIDTHS", repr(list(WIDTHS)))
    with Copies({**files, "/": ("text/html", measuring.encode())}) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_no_page_is_wider_than_a_phone_or_a_window(copies: Copies, tmp_path: Path) -> None:
    with opened(chromium(), tmp_path, f"http://127.0.0.1:{copies.server_port}/") as process:
        wait_until(lambda: copies.reports or process.poll() is not None, 120, "the widths of all pages")
    [hidden] = copies.reports
    assert len(hidden) == len(WIDTHS) * (len(copies.files) - 2)
    assert not {place: pixels for place, pixels in hidden.items() if pixels != 0}
