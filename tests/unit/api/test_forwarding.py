"""`X-Forwarded-*` counts from trusted proxies alone, and shows that a request came through a proxy."""

from dataclasses import replace

import pytest

from tests.unit.api.small_app import BASE, client_of, status

FORWARDED = [
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-Host": "localhost"},
    {"X-Forwarded-Proto": "https"},
    {"Forwarded": "for=203.0.113.9;host=localhost"},
    {"X-Real-IP": "203.0.113.9"},
    {"Via": "1.1 proxy"},
]


@pytest.mark.parametrize("headers", FORWARDED, ids=lambda headers: next(iter(headers)))
@pytest.mark.parametrize("proxies", ["", "127.0.0.1"])
def test_a_forwarded_request_is_refused_under_auto_until_there_are_keys(headers: dict[str, str], proxies: str) -> None:
    auto = replace(BASE, auth="auto", trusted_proxies=proxies)
    refused = client_of(auto).get("/x", headers=headers)
    assert refused.status_code == 403 and refused.json is not None and "BACKPROP_AUTH=off" in refused.json["detail"]
    assert next(iter(headers)).lower() in refused.json["detail"].lower()
    assert status(client_of(auto), "GET", headers, "/healthz") == 200
    assert status(client_of(auto, keys=True), "GET", headers) == 200
    assert status(client_of(replace(auto, auth="off")), "GET", headers) == 200


def test_an_untrusted_peer_is_never_believed() -> None:
    client = client_of(replace(BASE, trusted_proxies="10.0.0.0/8"))
    forwarded = {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    seen = client.get("/x", headers={**forwarded, "X-Forwarded-Port": "1", "Forwarded": "host=evil.example"}).json
    assert seen is not None and (seen["peer"], seen["url"]) == ("127.0.0.1", "http://localhost/x")
    refused = client.post("/x", headers={**forwarded, "Origin": "https://evil.example"})
    assert refused.status_code == 403 and refused.json is not None
    assert "BACKPROP_TRUSTED_PROXIES" in refused.json["detail"]


def test_a_trusted_proxy_is_believed() -> None:
    client = client_of(replace(BASE, trusted_proxies="127.0.0.1", allowed_hosts="api.example.org"))
    forwarded = {"X-Forwarded-For": "10.9.9.9, 203.0.113.9", "X-Forwarded-Host": "api.example.org"}
    forwarded["X-Forwarded-Proto"] = "https"
    seen = client.get("/x", headers=forwarded).json
    assert seen is not None and (seen["peer"], seen["url"]) == ("203.0.113.9", "https://api.example.org/x")
    assert status(client, "POST", {**forwarded, "Origin": "https://api.example.org"}) == 200
    assert status(client, "POST", {**forwarded, "Origin": "http://api.example.org"}) == 403
    odd = client.get("/x", headers={"X-Forwarded-For": "<script>", "X-Forwarded-Proto": "javascript"}).json
    assert odd is not None and (odd["peer"], odd["url"]) == ("127.0.0.1", "http://localhost/x")


@pytest.mark.parametrize(
    ("host", "forwarded", "expected"),
    [
        ("localhost", "api.example.org", 200),
        ("localhost", "evil.example", 403),
        ("evil.example", "localhost", 403),  # a page under a name of its own may write X-Forwarded-Host
        ("localhost", "localhost@evil.example", 400),
    ],
)
def test_behind_a_proxy_both_hosts_must_be_known(host: str, forwarded: str, expected: int) -> None:
    client = client_of(replace(BASE, trusted_proxies="127.0.0.1", allowed_hosts="api.example.org"))
    assert status(client, "GET", {"Host": host, "X-Forwarded-Host": forwarded}) == expected
