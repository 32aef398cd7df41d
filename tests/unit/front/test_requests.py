"""Lines and headers of requests over real sockets: what is ambiguous or no HTTP is answered by the server itself."""

import pytest

from service.api.errors import BY_SLUG
from service.front.limits import MAX_HEAD_BYTES
from service.front.refusals import TITLES, TYPES
from tests.unit.front.sending import CLOSE, HOST, POST, detail, in_chunks, status
from tests.unit.front.serving import Running, read_all, read_until
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("request_bytes", "expected", "words"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400, "two Host"),
        (b"GET http://other/ HTTP/1.1\r\n" + HOST + b"\r\n", 400, "different hosts"),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Content-Length"),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400, "Content-Length"),
        (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Content-Length: -3\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "gzip, chunked"),
        (b"POST /a HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", 400, "chunked"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "chunk size"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-3\r\n", 400, "chunk size"),
        (POST + b"Expect: 200-maybe\r\nContent-Length: 3\r\n\r\n", 417, "200-maybe"),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400, "HTTP/2.0"),
        (b"nonsense\r\n\r\n", 400, "not HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400, "not HTTP/1.1"),
        (b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\n" + HOST, 431, "bytes"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * MAX_HEAD_BYTES + b"\r\n", 431, "bytes"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 100 + b"\r\n", 431, "headers"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * MAX_HEAD_BYTES + b"\r\n\r\n", 431, "bytes"),
        (
            b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 40_000 + b"\r\nC: " + b"d" * 40_000 + b"\r\n\r\n",
            431,
            "bytes",
        ),
        (b"GET / HTT", 400, "within its headers"),
    ],
)
def test_ambiguous_requests_are_refused(server: Running, request_bytes: bytes, expected: int, words: str) -> None:
    answer = server.ask(request_bytes)
    assert status(answer) == expected and words in detail(answer), answer
    assert b"Connection: close" in answer and server.application.bodies == []


def test_a_large_body_and_the_beginning_of_the_next_request(server: Running) -> None:
    head = POST + b"Content-Length: 100000\r\n\r\n"
    with server.connect() as client:
        client.sendall(head + b"a" * 100_000 + b"GET /a HTTP/1.1\r\nA: b")
        wait_until(lambda: len(server.application.bodies) == 1, what="the first request")
        client.sendall(b"\r\n" + HOST + b"Connection: close\r\n\r\n")
        client.settimeout(10)
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200 ") == 2, received


def test_an_answer_has_one_date(server: Running) -> None:
    answer = server.ask(b"GET /dated HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
    assert status(answer) == 200 and answer.lower().count(b"\ndate:") == 1, answer


def test_http_1_0_knows_no_100_continue(server: Running) -> None:
    answer = server.ask(b"POST /a HTTP/1.0\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
    assert status(answer) == 200 and server.application.bodies == [b"abc"]


def test_refusals_have_the_types_that_the_application_explains() -> None:
    for code, slug in TYPES.items():
        assert BY_SLUG[slug].status in (code, 0)
        assert code not in TITLES or TITLES[code] == BY_SLUG[slug].title


def test_requests_follow_one_another_on_a_connection(server: Running) -> None:
    with server.connect() as client:
        for word in (b"one", b"two"):
            client.sendall(POST + b"Content-Length: 3\r\n\r\n" + word)
            assert read_until(client, word).startswith(b"HTTP/1.1 200 OK")
        many = b"".join(POST + b"Content-Length: 2\r\n\r\n%02d" % number for number in range(40))
        client.sendall(many + POST + b"Content-Length: 200000\r\n\r\n" + b"y" * 199_999 + b"z")
        client.sendall(POST + CLOSE + b"Content-Length: 4\r\n\r\nlast")
        answers = read_all(client)
    assert [body for body in server.application.bodies if len(body) == 2] == [b"%02d" % number for number in range(40)]
    assert answers.count(b"HTTP/1.1 200 OK") == 42 and answers.endswith(b"last")


def test_what_follows_a_request_that_is_not_http_is_refused_after_its_answer(server: Running) -> None:
    answers = server.ask(POST + b"Content-Length: 3\r\n\r\nabcnonsense\r\n\r\n")
    assert [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]] == [200, 400]


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_request_for_another_protocol_is_answered_by_this_one(server: Running, framing: str) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    body = b"Content-Length: 3\r\n\r\nabc"
    if framing == "chunked":
        body = b"Transfer-Encoding: chunked\r\n\r\n" + in_chunks(b"abc")
    last = b"GET /b HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n"
    answers = server.ask(POST + upgrade + body + b"GET / HTTP/1.1\r\n" + HOST + upgrade + b"\r\n" + last)
    assert answers.count(b"HTTP/1.1 200 OK") == 3 and server.application.bodies == [b"abc", b"", b""]
    assert [environ["PATH_INFO"] for environ in server.application.environs] == ["/a", "/", "/b"]


def test_the_environment_of_a_request(server: Running) -> None:
    headers = b"X_Forwarded-For: 1\r\nA-B: c\r\na-b: d\r\nCookie: e\r\nCookie: f\r\n"
    server.ask(b"GET /a%20%C3%A4?b=%20 HTTP/1.1\r\n" + HOST + headers + b"\r\n")
    server.ask(b"GET http://127.0.0.1/c HTTP/1.1\r\n" + HOST + b"\r\n")
    first, second = server.application.environs
    assert first["PATH_INFO"] == "/a \u00c3\u00a4" and first["QUERY_STRING"] == "b=%20"
    assert first["HTTP_A_B"] == "c,d" and first["HTTP_COOKIE"] == "e; f" and first["HTTP_HOST"] == "127.0.0.1"
    assert not any("FORWARDED" in name for name in first) and first["REMOTE_ADDR"] == "127.0.0.1"
    assert second["PATH_INFO"] == "/c"


def test_http_1_0_and_head(server: Running) -> None:
    answer = server.ask(b"GET /stream?2 HTTP/1.0\r\n\r\n", ends=False)
    assert answer.endswith(b"\r\n\r\n" + b"x" * 200_000) and b"chunked" not in answer
    answer = server.ask(b"HEAD /stream?2 HTTP/1.1\r\n" + HOST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n")


def test_a_failure_of_the_application_is_answered(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    answer = server.ask(b"GET /fail HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status(answer) == 500 and "ZeroDivisionError" in caplog.text
