"""Attacks by other pages, in the same window or on another port: tokens, floods of messages, forged requests."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page

from tests.dashboard.conftest import XOR, trained
from tests.dashboard.test_embed import school, shared, shown
from tests.integration.service import Service

FRAME = '<!doctype html><iframe name="curves" src="%s/?embed=1&amp;job=%s" width="720" height="420"></iframe>'
ANSWERS = """<script>
const answers = %s;
addEventListener("message", (event) => {
  if (event.data.backprop !== "token wanted") return;
  for (const answer of answers) event.source.postMessage(answer, event.origin);
});
</script>"""
NO_TOKENS = [
    None,
    "bp_x",
    7,
    [],
    {},
    {"token": None},
    {"token": "x" * 5_000_000},
    {"token": "a\r\nb: c"},
    {"__proto__": 1},
]
SIBLING = """<!doctype html><script>
setInterval(() => { for (let i = 0; i < 200; i += 1) parent.frames.curves?.postMessage({token: "%s"}, "*"); }, 50);
</script>"""
CHANGES = """async (base) => {
  const [text, body] = ["text/plain", JSON.stringify({name: "stolen", hidden: [3]})];
  const tries = [
    ["POST", "/v1/networks", {"Content-Type": text}, body],
    ["POST", "/v1/networks", {"Content-Type": "application/json"}, body],
    ["POST", "/v1/networks", {}, new Blob([body])],
    ["POST", "/v1/jobs", {"Content-Type": text}, "{}"],
    ["POST", "/v1/session", {"Content-Type": text}, '{"key": "bp_x"}'],
    ["DELETE", "/v1/session", {}, undefined],
  ];
  for (const mode of ["cors", "no-cors"]) for (const [method, path, headers, body] of tries) {
    await fetch(base + path, {method, headers, body, mode, credentials: "include"}).catch(() => {});
  }
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  for (const path of ["/v1/networks", "/v1/session", "/v1/jobs"]) {
    for (const enctype of [text, "application/x-www-form-urlencoded"]) {
      const frame = make("iframe", {name: path + enctype});
      const form = make("form", {method: "post", enctype, action: base + path, target: frame.name});
      form.append(make("input", {name: '{"name": "stolen", "hidden": [3], "x": "', value: '"}'}));
      document.body.append(frame, form);
      const answered = new Promise((resolve) => frame.addEventListener("load", resolve));
      form.submit();
      await answered;
    }
  }
}"""
RECEIVED = """new Promise((resolve) => {
  let count = 0;
  addEventListener("message", () => { if (++count === 1000) resolve(count); });
})"""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A service with keys, a job, and a site whose pages may show it in a frame."""
    pages: dict[str, str] = {}
    data = tmp_path_factory.mktemp("strangers") / "data"
    with school(pages) as site, Service(data, BACKPROP_FRAME_ANCESTORS=site) as service:
        job = trained(service, XOR)
        key = service.post("/v1/keys", {"name": "all", "scopes": ["admin"]})["key"]
        frame = FRAME % (service.address, job["id"])
        token = shared(service, job["id"], key)
        yield {"pages": pages, "site": site, "service": service, "key": key, "frame": frame, "token": token}


def asked_for_session(page: Page) -> list[str]:
    """Return the addresses of the session that the page asks for from now on, as it asks for them."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/v1/session") else None)
    return asked


def framed(page: Page) -> Frame:
    """Return the frame with the curves."""
    found = page.frame(name="curves")
    assert found is not None
    return found


def test_what_is_no_token_is_not_tried_and_the_right_one_after_a_flood_is(
    browser: Browser, keyed: dict[str, Any]
) -> None:
    flood = [{"token": f"bp_wrong{number}"} for number in range(2000)]
    keyed["pages"]["/"] = ANSWERS % json.dumps([*NO_TOKENS, *flood, {"token": keyed["token"]}]) + keyed["frame"]
    with shown(browser, "about:blank") as page:
        asked = asked_for_session(page)
        page.goto(keyed["site"])
        page.frame_locator("iframe").get_by_role("heading", name="Loss").wait_for()
        assert len(asked) < 10, asked  # the cookie, the first wrong token, the last one


def test_tokens_of_windows_beside_the_frame_do_not_count(browser: Browser, keyed: dict[str, Any]) -> None:
    keyed["pages"]["/sibling"] = SIBLING % keyed["token"]
    keyed["pages"]["/"] = keyed["frame"] + '<iframe src="/sibling"></iframe>'
    with shown(browser, "about:blank") as page:
        asked = asked_for_session(page)
        page.goto(keyed["site"])
        inside = page.frame_locator("iframe[name=curves]")
        inside.get_by_text("browsers send no cookie").wait_for()
        assert framed(page).evaluate(RECEIVED) == 1000
        assert len(asked) == 1
        assert inside.get_by_text("This job is shown to those who have a key").count() == 1


def test_a_site_that_is_not_named_shows_no_frame(browser: Browser, keyed: dict[str, Any]) -> None:
    console: list[str] = []
    page_of_stranger = ANSWERS % json.dumps([{"token": keyed["token"]}]) + keyed["frame"]
    with school({"/": page_of_stranger}) as stranger, shown(browser, "about:blank") as page:
        page.on("console", lambda message: console.append(message.text))
        page.goto(stranger)
        page.wait_for_function("document.readyState === 'complete'")
        assert any("frame-ancestors" in each for each in console), console
        assert framed(page).url == "chrome-error://chromewebdata/"


def test_a_page_on_another_port_changes_nothing_with_the_cookie_of_somebody(
    browser: Browser, keyed: dict[str, Any]
) -> None:
    service: Service = keyed["service"]
    with shown(browser, service.address) as page:
        page.get_by_label("Key", exact=True).fill(keyed["key"])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name="Jobs").wait_for()
        other = page.context.new_page()
        statuses: list[tuple[str, int]] = []
        other.on("response", lambda answer: statuses.append((answer.request.method, answer.status)))
        with school({"/": "<!doctype html><title>another port</title>"}) as site:
            other.goto(site.replace("localhost", "127.0.0.1"))  # the same site to a browser, which sends the cookie
            other.evaluate(CHANGES, service.address)
        sent = [status for method, status in statuses if method in ("POST", "DELETE")]
        assert len(sent) >= 6 and set(sent) == {403}, statuses  # of the forms; browsers hide answers to `fetch`
        page.reload()
        page.get_by_role("button", name="Sign out").wait_for()
        names = page.evaluate(
            "fetch('v1/networks').then((answer) => answer.json()).then(({data}) => data.map(({name}) => name))"
        )
        assert "stolen" not in names
