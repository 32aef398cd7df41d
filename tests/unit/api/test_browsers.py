"""Which requests of web pages are taken, without keys and with keys, as tables of what browsers and others send."""

import logging
from dataclasses import replace

import pytest
from flask import Flask

from service.api import browsers
from service.config import Settings
from tests.unit.api.small_app import BASE, CROSS, FOREIGN, FRIEND, NAVIGATE, client_of, status

HOSTS = [
    ("localhost", 200),
    ("localhost.:80", 200),
    ("a.localhost", 200),
    ("192.168.1.5:8000", 200),
    ("[::1]:8000", 200),
    ("machine.local:8000", 403),
    ("evil.example", 403),
    ("localhost.evil.example", 403),
    ("localhost,evil.example", 400),
    ("localhost, localhost", 400),
    ("localhost@evil.example", 400),
    ("", 400),
]


@pytest.mark.parametrize(("host", "expected"), HOSTS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_without_keys_the_host_must_be_known(host: str, expected: int, method: str) -> None:
    assert status(client_of(BASE), method, {"Host": host}) == expected


def test_the_refusal_names_the_host_and_the_setting() -> None:
    answer = client_of(BASE).get("/x", headers={"Host": "machine.local:8000"})
    assert answer.json is not None and answer.mimetype == "application/problem+json"
    assert "`machine.local` is not a name of this service: add it to BACKPROP_ALLOWED_HOSTS" in answer.json["detail"]


@pytest.mark.parametrize(
    ("settings", "keys", "host", "expected"),
    [
        (BASE, True, "api.example.org", 200),  # a page under a name of its own has no key
        (replace(BASE, allowed_hosts="api.example.org"), True, "api.example.org", 200),
        (replace(BASE, allowed_hosts="api.example.org"), True, "evil.example", 403),
        (replace(BASE, allowed_hosts="machine.local"), False, "machine.local:8000", 200),
        (replace(BASE, allowed_hosts="*"), False, "evil.example", 200),
        (replace(BASE, host="machine.local"), False, "machine.local:8000", 200),
        (BASE, True, "a,b", 400),
        (BASE, True, "", 400),
    ],
)
def test_with_keys_any_name_is_taken_unless_names_are_listed(
    settings: Settings, keys: bool, host: str, expected: int
) -> None:
    assert status(client_of(settings, keys), "GET", {"Host": host}) == expected


@pytest.mark.parametrize(
    ("host", "protocol", "expected"),
    [
        ("anything.example", "HTTP/1.1", 200),
        ("", "HTTP/1.0", 200),
        ("", "HTTP/1", 200),
        ("", "HTTP/1.1", 400),
        ("a,b", "HTTP/1.1", 400),
    ],
)
def test_probes_may_send_any_host_and_in_old_http_none(host: str, protocol: str, expected: int) -> None:
    client = client_of(BASE)
    environment = {"HTTP_HOST": host, "SERVER_PROTOCOL": protocol}
    assert client.get("/healthz", environ_overrides=environment).status_code == expected
    assert client.get("/healthz/../x", environ_overrides=environment).status_code != 200


def test_probes_do_not_wait_for_what_knows_the_keys() -> None:
    def frozen() -> bool:
        raise AssertionError("asked whether keys are asked for")

    app = Flask("probed")
    browsers.register(app, BASE, frozen)
    app.add_url_rule("/healthz", view_func=lambda: "alive")
    assert app.test_client().get("/healthz", headers={"Host": "probe.example"}).status_code == 200


FETCHES = [
    # what is sent, then the status of GET and of POST
    ("curl", {}, 200, 200),
    ("its own page", {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 200, 200),
    ("its own page in an old browser", {"Origin": "http://localhost"}, 200, 200),
    ("its own port written out", {"Origin": "http://localhost:80"}, 200, 200),
    ("its own page without an origin", {"Sec-Fetch-Site": "same-origin"}, 200, 200),
    ("an address that was typed", {"Sec-Fetch-Site": "none", **NAVIGATE}, 200, 200),
    ("a link of another site", {**CROSS, **NAVIGATE}, 200, 403),
    ("a link of a sister site", {"Sec-Fetch-Site": "same-site", **NAVIGATE}, 200, 403),
    ("a frame of another site", {**CROSS, **NAVIGATE, "Sec-Fetch-Dest": "iframe"}, 403, 403),
    ("an object of another site", {**CROSS, **NAVIGATE, "Sec-Fetch-Dest": "object"}, 403, 403),
    ("an image of another site", {**CROSS, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403, 403),
    ("a script of a sister site", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, 403, 403),
    ("a fetch of another site", {**CROSS, **FOREIGN, "Sec-Fetch-Mode": "cors"}, 403, 403),
    ("a fetch in an old browser", FOREIGN, 403, 403),
    ("a form of another site", {**CROSS, **FOREIGN, **NAVIGATE}, 403, 403),
    ("a sandboxed page", {"Origin": "null"}, 403, 403),
    ("a sandboxed page in a new browser", {"Origin": "null", **CROSS}, 403, 403),
    ("another port of this machine", {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}, 403, 403),
    ("another scheme", {"Origin": "https://localhost"}, 403, 403),
    ("another name of this machine", {"Origin": "http://127.0.0.1"}, 403, 403),
    ("two origins", {"Origin": "http://localhost,http://evil.example"}, 403, 403),
    ("an empty origin", {"Origin": ""}, 403, 403),
    ("an own origin that contradicts itself", {"Origin": "http://localhost", **CROSS}, 200, 403),
    ("two sites", {"Sec-Fetch-Site": "same-origin,cross-site"}, 403, 403),
    ("a listed origin", {"Origin": FRIEND, **CROSS}, 200, 200),
    ("a listed origin in capitals", {"Origin": FRIEND.upper()}, 200, 200),
    ("a listed origin in a list", {"Origin": f"{FRIEND} http://evil.example"}, 403, 403),
]


@pytest.mark.parametrize(("headers", "get", "post"), [row[1:] for row in FETCHES], ids=[row[0] for row in FETCHES])
@pytest.mark.parametrize("keys", [False, True], ids=["keyless", "keys"])
def test_pages_of_other_origins_are_refused(headers: dict[str, str], get: int, post: int, keys: bool) -> None:
    client = client_of(BASE, keys)
    assert status(client, "GET", headers) == get
    assert status(client, "HEAD", headers) == get
    for method in ("POST", "PUT", "DELETE"):
        assert status(client, method, headers) == post


def test_why_a_page_is_refused_is_logged_as_the_page_cannot_read_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service.api.browsers")
    status(client_of(BASE), "OPTIONS", {**FOREIGN, "Access-Control-Request-Method": "POST"})
    status(client_of(BASE), "GET", {**CROSS, **NAVIGATE, "Sec-Fetch-Dest": "iframe"})
    origin, frame = (record.getMessage() for record in caplog.records)
    assert "`http://evil.example`" in origin and "BACKPROP_CORS_ORIGINS" in origin
    assert "BACKPROP_FRAME_ANCESTORS" in frame


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/json", ""],
)
def test_no_content_type_lets_a_foreign_page_pass(kind: str) -> None:
    client = client_of(BASE)
    headers = {**FOREIGN, **CROSS, **({"Content-Type": kind} if kind else {})}
    assert client.post("/x", data=b"{}", headers=headers).status_code == 403


def test_refusals_name_what_they_refuse_and_the_setting() -> None:
    client = client_of(BASE)
    asked = client.post("/x", headers=FOREIGN).json
    assert asked is not None
    assert "pages of the origin `http://evil.example` may not use this service" in asked["detail"]
    assert "`http://localhost`" in asked["detail"] and "BACKPROP_CORS_ORIGINS" in asked["detail"]
    file = client.post("/x", headers={"Origin": "null"}).json
    assert file is not None and "`python -m http.server`, and add its origin to BACKPROP_CORS_ORIGINS" in file["detail"]
    fetched = client.post("/x", headers=CROSS).json
    assert fetched is not None and "BACKPROP_CORS_ORIGINS" in fetched["detail"]


def test_frames_of_listed_ancestors_are_served() -> None:
    client = client_of(replace(BASE, frame_ancestors="https://school.example"))
    answer = client.get("/x", headers={**CROSS, **NAVIGATE, "Sec-Fetch-Dest": "iframe"})
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].endswith("; frame-ancestors https://school.example")
    assert "X-Frame-Options" not in answer.headers
