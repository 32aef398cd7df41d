"""Which URLs webhooks may have, whatever form their host is written in."""

from collections.abc import Callable

import pytest

from service.config import Settings
from service.errors import Invalid, Misconfigured
from service.web.outbound import address_ranges, retry_delays
from service.webhooks.addresses import Guard, Refused, parse

PUBLIC = "93.184.215.14"


def resolving(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: list(addresses)


def guard(*addresses: str, **settings: str) -> Guard:
    return Guard(Settings(**settings), resolving(*addresses))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "192.0.0.192",
        "2001:20::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    for url in (f"http://[{address}]/" if ":" in address else f"http://{address}/", "https://name.example/"):
        with pytest.raises(Invalid, match="only public ones are sent to") as refused:
            guard(address).check_url(url, "#/url")
        assert refused.value.faults[0].pointer == "#/url"


def test_a_name_with_one_address_that_is_not_public_is_refused_and_the_address_stays_unsaid() -> None:
    with pytest.raises(Invalid, match="a private or reserved address") as refused:
        guard(PUBLIC, "10.0.0.7").check_url("https://name.example/", "#/url")
    assert "10.0.0.7" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://1.2.3.4.5/",
        "http://999.1.1.1/",
    ],
)
def test_an_address_in_another_notation_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="four decimal numbers"):
        parse(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://name.example/", "must begin with https:// or http://, got `ftp:`"),
        ("javascript:alert(1)", "got `javascript:`"),
        ("//name.example/", "must be a whole URL"),
        ("https://user:password@name.example/", "no user and no password"),
        ("https://name.example@10.0.0.1/", "no user and no password"),
        ("https://name.example/#part", "no fragment"),
        ("https://name.example:0/", "the port 0"),
        ("https://name.example:99999/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("https:///path", "must name a host"),
        ("https://na\tme.example/", "neither spaces"),
        ("https://name.example\\@10.0.0.1/", "backslashes"),
        ("https://\uff11\uff12\uff17.0.0.1/", "beyond ASCII"),
        ("https://n%61me.example/", "must name a host"),
        ("https://[fe80::1%25eth0]/", "interface"),
        ("https://a..example/", "must name a host"),
    ],
)
def test_a_url_that_no_request_is_sent_to_is_refused_with_the_reason(url: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(url)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://Name.Example", "name.example", "/"),
        ("https://name.example:443/a?b=c", "name.example", "/a?b=c"),
        ("http://name.example:8080/%20", "name.example:8080", "/%20"),
        ("http://93.184.215.14/", PUBLIC, "/"),
        ("https://[2606:4700:4700::1111]:8443/", "[2606:4700:4700::1111]:8443", "/"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
    ],
)
def test_a_public_url_is_taken_apart(url: str, authority: str, path: str) -> None:
    target = guard(PUBLIC).check_url(url, "#/url")
    assert (target.authority, target.path) == (authority, path)


def test_a_setting_allows_ranges_and_nothing_beyond_them() -> None:
    allowing = guard("10.0.0.7", webhook_allowed_ranges="10.0.0.0/29, fd00::/8")
    assert allowing.addresses_of(parse("http://inside.example/")) == ["10.0.0.7"]
    assert allowing.addresses_of(parse("http://[fd00::1]/")) == ["fd00::1"]
    with pytest.raises(Refused, match="BACKPROP_WEBHOOK_ALLOWED_RANGES"):
        allowing.addresses_of(parse("http://10.0.0.8/"))


def test_metadata_is_allowed_by_its_very_address_alone() -> None:
    ranges = "fd00::/8,169.254.0.0/16,100.64.0.0/10,168.63.129.16/32"
    allowing = guard(webhook_allowed_ranges=ranges)
    for address in ("[fd00:ec2::254]", "169.254.169.254", "100.100.100.200"):
        with pytest.raises(Refused, match="an address of metadata"):
            allowing.addresses_of(parse(f"http://{address}/"))
    assert allowing.addresses_of(parse("http://168.63.129.16/")) == ["168.63.129.16"]
    assert allowing.addresses_of(parse("http://169.254.1.1/")) == ["169.254.1.1"]


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("host=10.0.0.5", ["10.0.0.5:5432"]),
        ("host=10.0.0.5:5433&host=10.0.0.6", ["10.0.0.5:5433", "10.0.0.6:5432"]),
        ("host=10.0.0.5,10.0.0.6&port=5433,5434", ["10.0.0.5:5433", "10.0.0.6:5434"]),
        ("host=10.0.0.5,10.0.0.6&port=5433", ["10.0.0.5:5433", "10.0.0.6:5433"]),
        ("host=/var/run/postgresql", []),
    ],
)
def test_the_servers_that_the_query_of_the_databases_url_names_are_refused(query: str, refused: list[str]) -> None:
    settings = Settings(webhook_allowed_ranges="10.0.0.0/8", database_url=f"postgresql:///name?{query}")
    refusing = Guard(settings, resolving())
    assert refusing.addresses_of(parse("http://10.0.0.5:9999/"))
    for authority in refused:
        with pytest.raises(Refused, match="of this service, or of its database or queue"):
            refusing.addresses_of(parse(f"http://{authority}/"))


def test_ports_of_the_service_its_database_and_its_queue_are_refused_in_allowed_ranges_too() -> None:
    settings = Settings(
        port=8123,
        webhook_allowed_ranges="127.0.0.0/8,10.0.0.0/8",
        database_url="postgresql://u:p@10.0.0.5/name",
        queue_url="redis://10.0.0.6:7000/0",
    )
    refusing = Guard(settings, resolving("127.0.0.1"))
    for url in (
        "http://127.0.0.1:8123/",
        "http://here.example:8123/",
        "http://10.0.0.5:5432/",
        "http://10.0.0.6:7000/",
    ):
        with pytest.raises(Refused, match="of this service, or of its database or queue"):
            refusing.addresses_of(parse(url))
    for url in ("http://127.0.0.1:8124/", "http://10.0.0.5:7000/"):
        assert refusing.addresses_of(parse(url))


def test_a_name_that_does_not_resolve_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be resolved"):
        Guard(Settings()).addresses_of(parse("http://none.invalid/"))


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "inside.example"])
def test_a_range_that_is_none_is_named_at_the_start(text: str) -> None:
    with pytest.raises(Misconfigured, match="BACKPROP_WEBHOOK_ALLOWED_RANGES must list ranges"):
        Settings(webhook_allowed_ranges=text).check()
    assert address_ranges("") == ()


@pytest.mark.parametrize("text", ["soon", "5,-1", "5,nan", "1e9", ",".join(["1"] * 51)])
def test_a_schedule_that_is_none_is_named_at_the_start(text: str) -> None:
    with pytest.raises(Misconfigured, match="BACKPROP_WEBHOOK_RETRY_SECONDS must list"):
        Settings(webhook_retry_seconds=text).check()
    assert retry_delays("5, 300") == (5.0, 300.0) and retry_delays("") == ()
