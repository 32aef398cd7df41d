"""How the Python client sends requests: what it repeats, under which key, after which pause, and what it raises."""

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from backprop_client import Client, Conflict, Invalid, NotFound, Problem, TooMany, Unavailable, Unexpected, Unreachable
from tests.clients.scripted import Reply, scripted

SOON = {"Retry-After": "0", "Content-Type": "application/problem+json"}


def problem(status: int, detail: str, headers: dict[str, str] = SOON, **more: Any) -> Reply:
    body = {"type": "/problems/x", "title": "Title", "status": status, "detail": detail, "request_id": "r1", **more}
    return Reply(status, json.dumps(body).encode(), headers)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_request_that_may_succeed_later_is_repeated_after_the_pause_that_is_asked_for(status: int) -> None:
    with scripted(problem(status, "later"), problem(status, "later"), Reply(body=b'{"id": "job_1"}')) as server:
        assert Client(server.url).jobs.get("job_1")["id"] == "job_1"
    assert len(server.sent) == 3


def test_a_post_that_creates_has_one_key_in_all_its_attempts_and_another_the_next_time() -> None:
    job = Reply(202, b'{"id": "job_1"}')
    with scripted(Reply(cut=0), problem(503, "later"), job, job) as server, Client(server.url) as client:
        client.jobs.create("iris")
        client.jobs.create("iris")
    first, *others = [request.headers["Idempotency-Key"] for request in server.sent]
    assert others[:2] == [first, first] and others[2] != first
    assert {request.body for request in server.sent} == {b'{"dataset":"iris"}'}


def test_a_key_of_the_callers_own_is_sent() -> None:
    with scripted(Reply(202, b'{"id": "job_1"}')) as server:
        Client(server.url).jobs.create("iris", idempotency_key="night-1")
    assert server.sent[0].headers["Idempotency-Key"] == "night-1"


def test_a_repetition_that_finds_the_first_attempt_under_way_waits_for_its_answer() -> None:
    under_way = problem(409, "the first request with this Idempotency-Key is still under way")
    with scripted(Reply(cut=0), under_way, Reply(202, b'{"id": "job_1"}')) as server:
        assert Client(server.url).jobs.create("iris")["id"] == "job_1"


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    with scripted(Reply(body=b'{"id": "job_1"}', cut=5), Reply(body=b'{"id": "job_1"}')) as server:
        assert Client(server.url).jobs.get("job_1")["id"] == "job_1"


def test_a_deletion_whose_answer_was_lost_is_done() -> None:
    with scripted(Reply(cut=0), problem(404, "there is no job"), problem(404, "there is no job")) as server:
        client = Client(server.url)
        client.jobs.delete("job_1")
        with pytest.raises(NotFound):
            client.jobs.delete("job_1")


def test_an_upload_is_sent_again_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n")
    with scripted(problem(503, "later"), Reply(201, b'{"name": "a"}')) as server:
        Client(server.url).datasets.upload(file, name="a", target=["a", "b"], header=True)
    assert [request.body for request in server.sent] == [b"a,b\n1,2\n"] * 2
    assert server.sent[0].target == "/v1/datasets/a?target=a&target=b&header=true"
    assert server.sent[0].headers["Content-Type"] == "text/csv"


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.keys.create(["read"]),
        lambda client: client.datasets.upload(Pipe(b"a,b\n1,2\n")),
    ],
    ids=["a key", "a pipe"],
)
def test_what_cannot_be_sent_twice_is_not(call: Callable[[Client], object]) -> None:
    with scripted(Reply(cut=0)) as server, pytest.raises(Unreachable):
        call(Client(server.url))


class Pipe(io.BytesIO):
    """Bytes that can be read once."""

    def seekable(self) -> bool:
        return False


def test_a_long_pause_is_left_to_the_caller() -> None:
    with scripted(problem(429, "too many", {"Retry-After": "3600"})) as server, pytest.raises(TooMany) as raised:
        Client(server.url).jobs.get("job_1")
    assert raised.value.retry_after == 3600


def test_the_last_failure_is_raised_when_all_attempts_are_used_up() -> None:
    with scripted(*[problem(503, "the database is away")] * 3) as server, pytest.raises(Unavailable) as raised:
        Client(server.url, retries=2).jobs.get("job_1")
    assert raised.value.attempts == 3


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (409, Conflict), (422, Invalid), (500, Problem)])
def test_other_problems_are_raised_at_once_with_their_fields(status: int, kind: type[Problem]) -> None:
    faults = [{"pointer": "#/a", "detail": "must be 1"}, {"row": 3, "column": "b", "detail": "is text"}]
    with scripted(problem(status, "no", {}, errors=faults)) as server, pytest.raises(kind) as raised:
        Client(server.url).jobs.create("iris")
    again = pickle.loads(pickle.dumps(raised.value))
    for error in (raised.value, again):
        assert (error.status, error.title, error.detail, error.request_id) == (status, "Title", "no", "r1")
        assert error.errors == faults and error.type == "/problems/x"
        assert str(error) == f"{status} Title: no\n  #/a: must be 1\n  row 3, column b: is text"


def test_a_page_of_a_proxy_is_quoted() -> None:
    page = Reply(500, b"<html>Sorry</html>", {"Content-Type": "text/html"})
    with scripted(page) as server, pytest.raises(Problem, match="<html>Sorry</html>"):
        Client(server.url).jobs.get("job_1")


def test_pages_follow_the_link_of_each_answer() -> None:
    first = Reply(body=b'{"data": [1, 2]}', headers={"Link": '</v1/jobs?limit=2&after=x%3A2>; rel="next"'})
    with scripted(first, Reply(body=b'{"data": [3]}')) as server:
        assert list(Client(server.url).jobs.list(page_size=2, metadata={"team": "a"})) == [1, 2, 3]
    assert [request.target for request in server.sent] == [
        "/v1/jobs?limit=2&metadata.team=a",
        "/v1/jobs?limit=2&after=x%3A2",
    ]


def test_address_and_key_come_from_the_environment_and_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Reply(), Reply()) as server:
        monkeypatch.setenv("BACKPROP_URL", f"{server.url}/")
        monkeypatch.setenv("BACKPROP_KEY", "bp_environment")
        client = Client()
        assert "bp_" not in repr(client) and client.url == server.url
        pickled = pickle.dumps(client)
        client.health()
        pickle.loads(pickled).health()
    assert b"bp_environment" not in pickled
    assert [request.headers["Authorization"] for request in server.sent] == ["Bearer bp_environment"] * 2


@pytest.mark.parametrize(("retries", "most"), [(None, 2), (4, 4), (0, 0)])
def test_an_address_where_nothing_has_answered_is_given_up_soon(
    monkeypatch: pytest.MonkeyPatch, retries: int | None, most: int
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("backprop_client.http.time.sleep", pauses.append)
    with pytest.raises(Unreachable, match="Connection refused"):
        Client("http://127.0.0.1:1", retries=retries).health()
    assert len(pauses) == most


def test_a_service_that_has_answered_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    with scripted(Reply()) as server:
        client = Client(server.url)
        client.health()
    monkeypatch.setattr("backprop_client.http.time.sleep", pauses.append)
    with pytest.raises(Unreachable):
        client.health()
    assert len(pauses) == 6


def test_a_page_of_another_server_is_named_as_such() -> None:
    with scripted(Reply(body=b"<html>welcome")) as server, pytest.raises(Unexpected, match=r"no JSON.*<html>welcome"):
        Client(server.url).jobs.get("job_1")


def test_an_answer_in_place_of_its_id_is_refused() -> None:
    with pytest.raises(TypeError, match="an id or a name is needed, got dict; of an answer, its `id` or `name`"):
        Client("http://127.0.0.1:1").jobs.cancel(cast(Any, {"id": "job_1"}))


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must begin with http:// or https://"):
        Client("localhost:8000")


def event(id: int, kind: str = "epoch") -> bytes:
    data = {"id": id, "type": kind, "job": "job_1", "data": {"epoch": id}}
    return f"id: {id}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def stream(*blocks: bytes, cut: int | None = None) -> Reply:
    return Reply(body=b"retry: 1\n\n: nothing new\n\n" + b"".join(blocks), cut=cut, headers=STREAM)


STREAM = {"Content-Type": "text/event-stream"}


def test_a_stream_that_breaks_goes_on_behind_the_last_whole_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_client.sse.RETRY_SECONDS", 0.01)
    whole = len(stream(event(1), event(2)).body)
    broken = stream(event(1), event(2), event(3), cut=whole + 20)
    repeats = stream(event(2), event(3))
    with scripted(broken, Reply(cut=0), repeats, stream(event(4, "end"))) as server:
        found = [item["id"] for item in Client(server.url).jobs.events("job_1")]
    assert found == [1, 2, 3, 4]
    assert [request.headers.get("Last-Event-ID") for request in server.sent] == [None, "2", "2", "3"]


def test_a_stream_ends_when_the_service_has_no_more() -> None:
    with scripted(Reply(204, b"")) as server:
        assert list(Client(server.url).jobs.events("job_1", after=7)) == []
    assert server.sent[0].headers["Last-Event-ID"] == "7"


def test_a_file_is_there_when_all_of_it_has_arrived(tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    with scripted(Reply(body=b"0123456789", cut=4), Reply(body=b"0123456789")) as server:
        assert Client(server.url).models.export("iris", target, format="onnx") == 10
    assert target.read_bytes() == b"0123456789" and list(tmp_path.iterdir()) == [target]
    with scripted(problem(404, "there is no model", {})) as server, pytest.raises(NotFound):
        Client(server.url).models.export("iris", tmp_path / "other.onnx", format="onnx")
    assert list(tmp_path.iterdir()) == [target]
