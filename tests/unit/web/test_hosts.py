"""`Host` headers: which are one host, and which of those are names of this service, as tables."""

import re
from pathlib import Path

import pytest

from service.errors import Misconfigured
from service.web.hosts import Authority, known_hosts, read_authority

READ = [
    ("localhost", Authority("localhost")),
    ("localhost:8000", Authority("localhost", 8000)),
    ("localhost:", Authority("localhost")),
    ("LocalHost:80", Authority("localhost", 80)),
    ("localhost.:8000", Authority("localhost.", 8000)),
    ("machine.local", Authority("machine.local")),
    ("api_1:8000", Authority("api_1", 8000)),
    ("xn--mnchen-3ya.example", Authority("xn--mnchen-3ya.example")),
    ("127.0.0.1:8000", Authority("127.0.0.1", 8000, True)),
    ("192.168.1.5", Authority("192.168.1.5", None, True)),
    ("[::1]:8000", Authority("::1", 8000, True)),
    ("[0:0:0:0:0:0:0:1]", Authority("::1", None, True)),
    ("[FE80::1%25eth0]:8000", Authority("fe80::1", 8000, True)),
    ("[fe80::1%eth0]", Authority("fe80::1", None, True)),
    ("[2001:DB8:0::192.168.1.5]", Authority("2001:db8::c0a8:105", None, True)),
    ("localhost:65535", Authority("localhost", 65535)),
]
UNREADABLE = [
    "",
    " ",
    ":8000",
    "localhost:65536",
    "localhost:-1",
    "localhost:80a",
    "localhost:000080",
    "localhost:\uff18",
    "localhost,evil.example",
    "localhost, localhost",
    "localhost,",
    ",localhost",
    "localhost evil.example",
    "localhost\tevil.example",
    "localhost@evil.example",
    "user:password@localhost",
    "http://localhost",
    "localhost/",
    "localhost\\evil.example",
    "localhost?x",
    "localhost#evil.example",
    "localhost:80:80",
    "::1",
    "[::1",
    "::1]",
    "[::1]evil.example",
    "[::1].evil.example",
    "[127.0.0.1]",
    "[localhost]",
    "[]",
    "[::g]",
    ".",
    ".localhost",
    "münchen.example",
    "%6c%6f%63alhost",
    "localhost\x00.evil.example",
    "localhost\n",
    "a" * 301,
]


@pytest.mark.parametrize(("text", "read"), READ, ids=str)
def test_one_host_with_or_without_a_port_is_read(text: str, read: Authority) -> None:
    assert read_authority(text) == read


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_not_one_host_is_not_read(text: str) -> None:
    assert read_authority(text) is None


ALWAYS_KNOWN = [
    "localhost",
    "LOCALHOST:1",
    "localhost.",
    "app.localhost:8000",
    "a.b.localhost.",
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0:8000",
    "192.168.1.5:8000",
    "8.8.8.8",
    "[::1]",
    "[fe80::1%25eth0]:8000",
    "[2001:db8::7]:8000",
]
NEVER_KNOWN = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost.localdomain",
    "evillocalhost",
    "localhost..",
    "notlocalhost:8000",
    "machine.local:8000",
    "127.0.0.1.nip.io",
    "1.2.3.4.5",
    "256.1.1.1",
    "127.1",  # browsers and curl write it out before they send it
    "0x7f.0.0.1",
    "2130706433",
    "127.0.0.1.",
]


@pytest.mark.parametrize("text", ALWAYS_KNOWN)
def test_loopback_names_and_addresses_are_always_known(text: str) -> None:
    host = read_authority(text)
    assert host is not None and known_hosts("").knows(host)


@pytest.mark.parametrize("text", NEVER_KNOWN)
def test_other_names_are_not_known_by_themselves(text: str) -> None:
    host = read_authority(text)
    assert host is not None and not known_hosts("", "0.0.0.0").knows(host)


@pytest.mark.parametrize(
    ("listed", "listening_on", "text", "known"),
    [
        ("machine.local", "", "MACHINE.local:8000", True),
        ("machine.local", "", "machine.local.", True),
        ("Machine.Local.", "", "machine.local", True),
        ("machine.local", "", "a.machine.local", False),
        ("machine.local", "", "localhost", True),
        ("", "machine.local", "machine.local:1", True),
        ("", "Machine.Local", "machine.local:1", True),
        ("*.example.org", "", "a.example.org", True),
        ("*.example.org", "", "a.b.example.org", True),
        ("*.example.org", "", "example.org", False),
        ("*.example.org", "", "aexample.org", False),
        ("*.example.org", "", "example.org.evil.example", False),
        (" api , backprop ,", "", "backprop", True),
        ("api,backprop", "", "evil.example", False),
        ("münchen.example", "", "xn--mnchen-3ya.example", True),
        ("192.168.1.5, [::1]", "", "evil.example", False),
        ("*", "", "evil.example", True),
    ],
)
def test_names_of_the_setting_and_the_host_listened_on_are_known(
    listed: str, listening_on: str, text: str, known: bool
) -> None:
    host = read_authority(text)
    assert host is not None and known_hosts(listed, listening_on).knows(host) is known


@pytest.mark.parametrize(
    "listed", ["http://a", "a:8000", "a/b", "*.*.a", "*a", "a*", ".a", "*.", "a..b", "a b", "[::1]:8000", "ä" * 70]
)
def test_what_is_no_name_is_refused_at_the_start(listed: str) -> None:
    with pytest.raises(Misconfigured, match="BACKPROP_ALLOWED_HOSTS is a list of names such as"):
        known_hosts(f"localhost,{listed}")


def test_the_compose_file_names_its_own() -> None:
    text = (Path(__file__).parents[3] / "docker-compose.yml").read_text(encoding="utf-8")
    listed = re.search(r'BACKPROP_ALLOWED_HOSTS: "(.*)"', text)
    assert listed is not None
    known = known_hosts(listed[1], "0.0.0.0")
    for text in ("api:8000", "localhost:8000", "127.0.0.1:8000"):
        host = read_authority(text)
        assert host is not None and known.knows(host)
