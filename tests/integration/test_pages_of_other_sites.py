"""Pages of other sites in a real Chromium, and odd Hosts over raw sockets, against a real service without keys."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.other_sites import OtherSites, chromium, opened, other_sites
from tests.integration.service import Service
from tests.waiting import wait_until

SECRET = "a-secret-network"
CANCELLING = ["write_no_cors", "form_urlencoded", "form_text", "beacon"]
READING = ["read", "read_own_header", "events"]
HIDDEN = ["read_no_cors", "read_with_cookies", "image", "script", "style", "socket", "popup", "frame"]
WRITING = ["write_json", "write_untyped", "put", "remove", "form_multipart"]
ALL = [*CANCELLING, *READING, *HIDDEN, *WRITING]
AT_HOME = ["read", "read_own_header", "write_json", "write_untyped", "put", "remove"]  # on a name of its own
DATASET = {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}


@pytest.fixture(scope="module")
def sites() -> Iterator[OtherSites]:
    with other_sites() as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, sites: OtherSites) -> Iterator[Service]:
    """A service without keys that lets one origin in, and knows one further name."""
    settings = {"BACKPROP_CORS_ORIGINS": sites.origin("friend"), "BACKPROP_ALLOWED_HOSTS": "named.example"}
    data = tmp_path_factory.mktemp("pages") / "data"
    with Service(data, BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1", **settings) as running:
        sites.service = ("127.0.0.1", running.port)
        running.post("/v1/networks", {"name": SECRET, "hidden": [3]})
        yield running


Contents = dict[str, Any]


def contents(service: Service) -> Contents:
    """What there is: the names of networks and datasets, and the status of every job."""
    names = {kind: {item["name"] for item in service.get(f"/v1/{kind}")["data"]} for kind in ("networks", "datasets")}
    return {**names, "jobs": {job["id"]: job["status"] for job in service.get("/v1/jobs?limit=100")["data"]}}


@pytest.fixture(scope="module")
def visits(
    service: Service, sites: OtherSites, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Contents, Contents, dict[str, dict[str, str]]]:
    """What there was before and after all pages were open, and the jobs that each page tried to cancel."""
    program = chromium()
    pages, jobs = [], {}
    for name, base, attempts in [
        ("evil", service.address, ALL),
        ("friend", service.address, ALL),
        ("rebound", "", AT_HOME),
        ("named", "", AT_HOME),
    ]:
        service.post("/v1/networks", {"name": f"{name}-victim", "hidden": [3]})
        wanted = [attempt for attempt in CANCELLING if attempt in attempts]
        body = {"dataset": DATASET, "hold": True}
        jobs[name] = {attempt: str(service.post("/v1/jobs", body)["id"]) for attempt in wanted}
        pages.append(sites.page(name, base, attempts, jobs[name]))
    before = contents(service)
    with opened(program, tmp_path_factory.mktemp("chromium"), sites.first_page(pages)) as process:
        wait_until(
            lambda: len(sites.reports) == len(pages) or process.poll() is not None, 120, "the reports of all pages"
        )
    assert len(sites.reports) == len(pages), "Chromium ended by itself"
    return before, contents(service), jobs


Visits = tuple[Contents, Contents, dict[str, dict[str, str]]]


def test_a_page_of_another_site_reads_nothing(visits: Visits, sites: OtherSites) -> None:
    seen = sites.reports["evil"]
    assert set(seen) == set(ALL)
    assert not [attempt for attempt, result in seen.items() if SECRET in result or "job_" in result]
    for attempt in ("read", "read_own_header", "read_with_cookies", "write_json", "write_untyped", "put", "remove"):
        assert seen[attempt] == "TypeError", (attempt, seen[attempt])
    for attempt in ("events", "socket", "image", "script", "style"):
        assert seen[attempt].startswith("error"), (attempt, seen[attempt])
    assert seen["popup"] in ("SecurityError", "closed") and seen["frame"] == "closed"


def test_a_page_of_another_site_changes_nothing(visits: Visits) -> None:
    before, after, jobs = visits
    for kind in ("networks", "datasets"):
        assert {name for name in after[kind] if name.startswith("evil")} == {
            name for name in before[kind] if name.startswith("evil")
        }
    assert {after["jobs"][id] for id in jobs["evil"].values()} == {"paused"}


def test_a_listed_origin_reads_and_changes_what_the_other_could_not(visits: Visits, sites: OtherSites) -> None:
    _, after, jobs = visits
    seen = sites.reports["friend"]
    for attempt in ("read", "read_own_header"):
        assert seen[attempt].startswith("cors 200") and SECRET in seen[attempt], seen[attempt]
    assert seen["events"].startswith("status ") and "job_" in seen["events"]
    assert {"friend-json", "friend-blob"} <= after["networks"] and "friend-victim" not in after["networks"]
    assert {"friend-put", "friend-multipart"} <= after["datasets"]
    assert {attempt: after["jobs"][id] for attempt, id in jobs["friend"].items()} == dict.fromkeys(
        CANCELLING, "cancelled"
    )
    assert seen["read_with_cookies"] == "TypeError"  # no answer names credentials


def test_a_name_that_leads_to_the_service_reads_and_changes_nothing(visits: Visits, sites: OtherSites) -> None:
    before, after, _ = visits
    for attempt, result in sites.reports["rebound"].items():
        assert result.startswith("basic 403 ") and "BACKPROP_ALLOWED_HOSTS" in result, (attempt, result)
        assert SECRET not in result
    for kind in ("networks", "datasets"):
        assert {name for name in after[kind] if name.startswith("rebound")} == {
            name for name in before[kind] if name.startswith("rebound")
        }


def test_under_a_listed_name_the_same_page_reads_and_changes(visits: Visits, sites: OtherSites) -> None:
    _, after, _ = visits
    seen = sites.reports["named"]
    assert seen["read"].startswith("basic 200") and SECRET in seen["read"]
    assert {"named-json", "named-blob"} <= after["networks"] and "named-victim" not in after["networks"]
    assert "named-put" in after["datasets"]


def raw(service: Service, request: str) -> tuple[int, str]:
    """Send bytes and return the status and the head of the answer."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer and (block := connection.recv(65536)):
            answer += block
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    return int(head.split()[1]), head.lower()


RAW = [
    ("GET /v1/jobs HTTP/1.1\nHost: localhost", 200),
    ("GET /v1/jobs HTTP/1.1\nHost: LOCALHOST.:1", 200),
    ("GET /v1/jobs HTTP/1.1\nHost: [::1]", 200),
    ("GET /v1/jobs HTTP/1.1\nHost: named.example", 200),
    ("GET /v1/jobs HTTP/1.1\nHost: machine.local", 403),
    ("GET /v1/jobs HTTP/1.1\nHost: localhost\nHost: evil.example", 400),
    ("GET /v1/jobs HTTP/1.1\nHost: localhost\nHost: localhost", 400),
    ("GET /v1/jobs HTTP/1.1\nHost: localhost\nhOST:", 400),
    ("GET /v1/jobs HTTP/1.1\nHost:", 400),
    ("GET /v1/jobs HTTP/1.1\nAccept: */*", 400),
    ("GET /v1/jobs HTTP/1.0\nAccept: */*", 400),
    ("GET /v1/jobs HTTP/1.0\nHost: localhost", 200),
    ("GET /healthz HTTP/1.0\nAccept: */*", 200),
    ("GET /healthz HTTP/1.1\nHost: load-balancer.example", 200),
    ("GET /readyz HTTP/1.1\nHost: load-balancer.example", 200),
    ("GET /healthz HTTP/1.1\nHost: a\nHost: b", 400),
    ("GET /v1/jobs HTTP/1.1\nHost: localhost@evil.example", 400),
    ("GET /v1/jobs HTTP/1.1\nHost: \xe9vil.example", 400),
    ("GET /v1/jobs HTTP/1.1\nHost : localhost", 400),
    ("GET http://localhost/v1/jobs HTTP/1.1\nHost: localhost", 200),
    ("GET http://localhost/v1/jobs HTTP/1.1\nHost: evil.example", 400),
    ("GET http://evil.example/v1/jobs HTTP/1.1\nHost: localhost", 400),
    ("GET http://localhost@evil.example/v1/jobs HTTP/1.1\nHost: localhost", 400),
    ("GET /v1/jobs HTTP/1.1\nHost: localhost\nX_Forwarded_Host: localhost", 200),  # no header is read under a `_`
    ("GET /v1/jobs HTTP/2.0\nHost: localhost", 400),
    ("GET http://evil.example/v1/jobs HTTP/1.1\nAccept: */*", 400),
    ("GET http://evil.example/v1/jobs HTTP/1.1\nHost: evil.example", 403),
    ("GET /v1/jobs HTTP/1.1\nHost: localhost\nOrigin: http://localhost\nOrigin: http://evil.example", 403),
    ("GET /v1/jobs HTTP/1.1\nHost: localhost\nSec-Fetch-Site: none\nSec-Fetch-Site: cross-site", 403),
    ("GET /v1/jobs HTTP/1.1\nHost: localhost\nX-Forwarded-Host: localhost", 403),
    ("GET /v1//jobs HTTP/1.1\nHost: localhost", 200),
]


@pytest.mark.parametrize(("request_text", "status"), RAW, ids=lambda value: str(value).replace("\n", " | "))
def test_odd_hosts_over_the_wire(service: Service, request_text: str, status: int) -> None:
    found, head = raw(service, request_text)
    assert found == status, head
    assert "server: backprop" in head.splitlines()
    assert "x-content-type-options: nosniff" in head and "content-security-policy: default-src 'none'" in head
    assert "cross-origin-resource-policy: same-origin" in head and "vary: " in head
