"""Events: their order, lists and streams; in this process and from a real server."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from service.api import event_streams as api
from service.api import feed as feeds
from service.app import create_app
from service.config import Settings
from service.services import Services
from service.store import events
from service.store.jobs import jobs
from service.store.records import Kind
from service.store.tables import counters
from service.store.tables import jobs as jobs_table
from tests.integration.contract import XOR, problem
from tests.integration.service import Service
from tests.waiting import wait_until
from workers.run.run import run_next_job

TRAINING = {"epochs": 5, "seed": 3, "batch_size": 2}


def submit(client: FlaskClient, **more: Any) -> str:
    return str(client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING, **more}).json["id"])


def parsed(text: str) -> list[dict[str, Any]]:
    """The events of a stream; its comments and `retry` left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            data = json.loads(fields["data"])
            assert (int(fields["id"]), fields["event"]) == (data["id"], data["type"])
            found.append(data)
    return found


def test_the_events_of_a_job_are_in_order(client: FlaskClient, service: Services) -> None:
    job, other = submit(client), submit(client)
    assert run_next_job(service, "test", lambda: False)
    listed = client.get(f"/v1/jobs/{job}/events").json
    kinds = [event["type"] for event in listed["data"]]
    assert (kinds[:3], kinds[-3:]) == (["status", "status", "epoch"], ["epoch", "status", "end"])
    assert all(event["job"] == job and event["object"] == "event" for event in listed["data"])
    ids = [event["id"] for event in listed["data"]]
    assert ids == sorted(set(ids)) and (listed["first_id"], listed["last_id"]) == (ids[0], ids[-1])
    first, _, epoch = listed["data"][:3]
    assert first["data"] == {"status": "queued", "requested": None, "attempt": 0}
    assert epoch["data"] == client.get(f"/v1/jobs/{job}/epochs").json["data"][0]
    assert listed["data"][-3]["data"]["epoch"] == 5
    end = listed["data"][-1]["data"]
    assert end == {"status": "succeeded", "epoch": 5, "error": None, "model": {"name": job, "version": 1}}
    everything = client.get("/v1/events?limit=1000").json["data"]
    assert {event["job"] for event in everything} == {job, other}
    assert [event["id"] for event in everything] == list(range(1, len(everything) + 1))


def test_lists_are_paged_by_the_last_id(client: FlaskClient, service: Services) -> None:
    job = submit(client)
    assert run_next_job(service, "test", lambda: False)
    whole = client.get(f"/v1/jobs/{job}/events").json["data"]
    page, seen = client.get(f"/v1/jobs/{job}/events?limit=2"), []
    while True:
        seen += page.json["data"]
        if not page.json["has_more"]:
            break
        page = client.get(page.headers["Link"].split(">")[0].removeprefix("<"))
    assert seen == whole
    last = {"Last-Event-ID": str(whole[1]["id"])}
    assert client.get(f"/v1/jobs/{job}/events?after=0", headers=last).json["data"] == whole[2:]
    assert client.get(f"/v1/jobs/{job}/events?after={whole[-1]['id']}").json["data"] == []


@pytest.mark.parametrize("how", ["accept", "query"])
def test_a_stream_of_an_ended_job_has_all_events_and_ends(client: FlaskClient, service: Services, how: str) -> None:
    job = submit(client)
    assert run_next_job(service, "test", lambda: False)
    path, headers = f"/v1/jobs/{job}/events", {"Accept": "text/event-stream"}
    if how == "query":
        path, headers = f"{path}?stream=1", {}
    stream = client.get(path, headers=headers)
    assert stream.status_code == 200 and stream.mimetype == "text/event-stream"
    assert stream.text.startswith("retry: 2000\n\n") and stream.headers["Cache-Control"] == "no-cache"
    listed = parsed(stream.text)
    assert listed == client.get(f"/v1/jobs/{job}/events").json["data"]
    rest = client.get(path, headers={**headers, "Last-Event-ID": str(listed[2]["id"])})
    assert parsed(rest.text) == listed[3:]
    done = client.get(path, headers={**headers, "Last-Event-ID": str(listed[-1]["id"])})
    assert done.status_code == 204 and not done.data


def test_some_types_are_listed_and_streamed_alone(client: FlaskClient, service: Services) -> None:
    job = submit(client)
    assert run_next_job(service, "test", lambda: False)
    path = f"/v1/jobs/{job}/events"
    every = client.get(path).json["data"]
    for types in (["status"], ["end"], ["status", "end"], ["warning"]):
        query = "&".join(f"types={each}" for each in types)
        chosen = [event for event in every if event["type"] in types]
        assert client.get(f"{path}?{query}").json["data"] == chosen
        assert parsed(client.get(f"{path}?{query}&stream=1").text) == chosen
    first = client.get(f"{path}?types=status&types=end&limit=1")
    assert first.json["has_more"] and "types=status&types=end" in first.headers["Link"]
    last = {"Last-Event-ID": str(every[-1]["id"])}
    assert client.get(f"{path}?types=end&stream=1", headers=last).status_code == 204
    assert client.get(f"{path}?types=warning&stream=1").status_code == 204
    problem(client.get(f"{path}?types=epoch&types=epoc"), 422)


def test_events_that_are_no_longer_kept_are_a_gap(client: FlaskClient, service: Services) -> None:
    """Whoever asks for them learns it, once; whoever has them all does not."""
    old, new = submit(client), submit(client)
    assert run_next_job(service, "test", lambda: False)
    every = client.get("/v1/events?after=0").json["data"]
    prune(service, len(every) - 4)
    kept = every[4:]
    missing = {"after": 2, "through": 4}
    for path, job in (("/v1/events", None), (f"/v1/jobs/{old}/events", old)):
        rest = [event for event in kept if job in (None, event["job"])]
        first, *others = client.get(f"{path}?after=2").json["data"]
        assert others == rest
        assert (first["id"], first["type"], first["job"]) == (4, "gap", job)
        assert {name: first["data"][name] for name in missing} == missing and "no longer kept" in first["data"][
            "detail"
        ]
        page = client.get(f"{path}?after=2&limit=1")
        assert page.json["data"][0]["type"] == "gap" and page.json["has_more"]
        assert client.get(f"{path}?after=4").json["data"] == rest
    assert client.get("/v1/events").json["data"] == kept
    streamed = parsed(client.get(f"/v1/jobs/{old}/events?stream=1&types=end", headers={"Last-Event-ID": "2"}).text)
    assert [event["type"] for event in streamed] == ["gap", "end"]
    submitted = client.get(f"/v1/jobs/{new}/events?after=0").json["data"]
    assert [event["type"] for event in submitted] == ["gap"]  # its only event was the second one


def test_a_job_all_of_whose_events_are_kept_has_no_gap(client: FlaskClient, service: Services) -> None:
    submit(client)
    job = submit(client)
    prune(service, 1)
    assert [event["type"] for event in client.get(f"/v1/jobs/{job}/events?after=0").json["data"]] == ["status"]


def test_a_stream_of_an_ended_job_without_events_is_a_gap_and_ends(client: FlaskClient, service: Services) -> None:
    job = submit(client)
    client.post(f"/v1/jobs/{job}:cancel")
    last = client.get("/v1/events").json["last_id"]
    prune(service, 0)
    path = f"/v1/jobs/{job}/events?stream=1"
    assert [(event["type"], event["id"]) for event in parsed(client.get(path).text)] == [("gap", last)]
    assert client.get(path, headers={"Last-Event-ID": str(last)}).status_code == 204


def test_an_id_that_there_is_not_yet_is_a_gap_back_to_the_newest_one(client: FlaskClient, service: Services) -> None:
    job = submit(client)
    [found] = client.get("/v1/events?after=5000").json["data"]
    assert (found["type"], found["id"]) == ("gap", 1) and "backup" in found["data"]["detail"]
    assert run_next_job(service, "test", lambda: False)
    streamed = parsed(client.get(f"/v1/jobs/{job}/events?stream=1", headers={"Last-Event-ID": "5000"}).text)
    assert [event["type"] for event in streamed] == ["gap"]


def prune(service: Services, kept: int) -> None:
    with service.database.begin() as connection:
        assert events.prune(connection, datetime.now(UTC) - timedelta(hours=1), kept)


def test_what_cannot_be_asked_for(client: FlaskClient) -> None:
    job = submit(client)
    problem(client.get("/v1/jobs/job_nobody/events?stream=1"), 404)
    for wrong in ("after=x", "after=-1", "stream=2", "limit=0", "afer=1"):
        problem(client.get(f"/v1/jobs/{job}/events?{wrong}"), 422)
    problem(client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "x"}), 422)


def test_beyond_the_cap_a_stream_has_what_there_is_and_ends(
    settings: Settings, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "HEARTBEAT_SECONDS", 0.05)
    app = create_app(replace(settings, max_streams=0, stream_seconds=5.0))
    client = app.test_client()
    job = submit(client)
    text = client.get(f"/v1/jobs/{job}/events?stream=1").text
    assert [event["type"] for event in parsed(text)] == ["status"]
    assert ": nothing new" not in text  # which it says while it waits for more
    assert ": too many streams are open" in text
    app.extensions["services"].database.dispose()


def test_waits_and_streams_share_one_cap(settings: Settings, service: Services) -> None:
    app = create_app(replace(settings, max_streams=1, stream_seconds=60.0))
    client, other = app.test_client(), app.test_client()
    job = submit(client)
    blocks = iter(client.get(f"/v1/jobs/{job}/events?stream=1").response)
    next_block(blocks)  # the stream has the only place
    began = time.monotonic()
    refused = other.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=60"})
    assert time.monotonic() - began < 30.0
    assert refused.json["status"] == "queued" and "Preference-Applied" not in refused.headers
    blocks.close()
    waited = other.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=0.01"})
    assert waited.headers["Preference-Applied"] == "wait=0.01"
    app.extensions["services"].database.dispose()


def test_a_stream_that_falls_behind_has_every_event(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the newest events are held in memory; a stream that lacks older ones reads the database."""
    monkeypatch.setattr(feeds, "MOST_RECENT", 2)
    job = submit(client)
    with service.database.read() as connection:
        number = jobs.get_job(connection, job).number
    blocks = iter(client.get(f"/v1/jobs/{job}/events?stream=1").response)
    seen, expected = [], 1
    for count in (1, 5, 2, 3, 1):
        seen += [event["id"] for event in parsed(next_block(blocks))]
        assert seen == list(range(1, expected + 1))
        expected += count
        add_and_notice(client, service, number, count)
    blocks.close()


def add_and_notice(client: FlaskClient, service: Services, job: int, count: int) -> None:
    """Add events to a job, each in a transaction of its own, and wait until the application has looked at them."""
    feed = client.application.extensions["feed"]
    last = feed._last + count
    for _ in range(count):
        with service.database.begin() as connection:
            events.add(connection, job, Kind.WARNING, {})
    wait_until(lambda: feed._last == last, what="a look at the events")


def next_block(blocks: Iterator[bytes]) -> str:
    """The next events of a stream, without what comes before."""
    while b"data: " not in (block := next(blocks)):
        pass
    return block.decode()


def test_a_stream_ends_when_its_job_is_deleted(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also one that has not been sent the end, as the events of a job are deleted with it."""
    monkeypatch.setattr(feeds, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(api, "CHECK_SECONDS", 0.05)
    job = submit(client)
    with service.database.read() as connection:
        number = jobs.get_job(connection, job).number
    everything = iter(client.get("/v1/events?stream=1").response)
    blocks = iter(client.get(f"/v1/jobs/{job}/events?stream=1").response)
    next_block(everything), next_block(blocks)
    with service.database.begin() as connection:
        events.add(connection, number, Kind.WARNING, {})
    with service.database.begin() as connection:
        connection.execute(delete(jobs_table).where(jobs_table.c.number == number))
    assert not [event for event in parsed(b"".join(blocks).decode()) if event["type"] != "warning"]
    assert client.get(f"/v1/jobs/{job}/events?stream=1").status_code == 404
    other = submit(client)
    assert parsed(next_block(everything))[-1]["job"] in (job, other)
    everything.close()
    assert "looking for events failed" not in caplog.text


def test_events_that_were_deleted_before_they_were_noticed_are_passed_over(
    client: FlaskClient, service: Services, caplog: pytest.LogCaptureFixture
) -> None:
    job = submit(client)
    with service.database.read() as connection:
        number = jobs.get_job(connection, job).number
    blocks = iter(client.get("/v1/events?stream=1").response)
    next_block(blocks)
    feed = client.application.extensions["feed"]
    before = feed._last
    with service.database.begin() as connection:  # the number of the last event is raised, and the event is gone
        connection.execute(update(counters).where(counters.c.name == "events").values(value=counters.c.value + 1))
        connection.execute(delete(jobs_table).where(jobs_table.c.number == number))
    wait_until(lambda: feed._last == before + 1, what="a look at the events")
    blocks.close()
    assert "looking for events failed" not in caplog.text


def test_streams_end_after_a_while_and_say_that_they_live(
    settings: Settings, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "HEARTBEAT_SECONDS", 0.05)
    app = create_app(replace(settings, stream_seconds=0.3))
    client = app.test_client()
    submit(client)
    text = client.get("/v1/events?stream=1").text
    assert text.count(": nothing new\n\n") >= 2
    feed = app.extensions["feed"]
    wait_until(lambda: feed._thread is None, what="the end of the thread that looks for events")
    app.extensions["services"].database.dispose()


def test_ids_grow_in_the_order_of_commits(client: FlaskClient, service: Services) -> None:
    """Whoever asks for what follows the last id it saw misses nothing, however long transactions take."""
    job = submit(client)
    with service.database.read() as connection:
        number = jobs.get_job(connection, job).number
    writers, each = 6, 15

    def write(seed: int) -> None:
        random = Random(seed)
        for _ in range(each):
            with service.database.begin() as connection:
                events.add(connection, number, Kind.WARNING, {"seed": seed})
                time.sleep(random.random() * 0.01)  # a transaction that takes its time; nothing is awaited

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(writers)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while len(seen) <= writers * each and (alive := any(thread.is_alive() for thread in threads)) is not None:
        with service.database.read() as connection:
            found, _ = events.list_events(connection, seen[-1] if seen else 0, 1000)
        seen += [event.id for event in found]
        if not alive and not found:
            break
    for thread in threads:
        thread.join()
    assert seen == list(range(1, writers * each + 2))


def test_a_transaction_that_fails_leaves_no_event(client: FlaskClient, service: Services) -> None:
    job = submit(client)
    with service.database.read() as connection:
        number = jobs.get_job(connection, job).number
    with pytest.raises(ZeroDivisionError), service.database.begin() as connection:
        events.add(connection, number, Kind.WARNING, {})
        raise ZeroDivisionError
    with service.database.begin() as connection:
        events.add(connection, number, Kind.WARNING, {"second": True})
    assert [event["data"] for event in client.get(f"/v1/jobs/{job}/events?after=1").json["data"]] == [{"second": True}]


def test_old_events_go(client: FlaskClient, service: Services) -> None:
    for _ in range(5):
        submit(client)
    past, future = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    for before, most, left in ((past, 100, 5), (past, 3, 3), (future, 100, 0)):
        with service.database.begin() as connection:
            events.prune(connection, before, most)
        assert len(client.get("/v1/events").json["data"]) == left
    submit(client)
    assert [event["id"] for event in client.get("/v1/events").json["data"]] == [6]


@pytest.fixture(scope="module")
def server(kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests of real connections; on both databases, streams are read in this process."""
    folder = tmp_path_factory.mktemp("events") / "data"
    with Service(folder, BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1") as running:
        yield running


class Listener:
    """A client that reads a stream line by line."""

    def __init__(self, server: Service, path: str, after: int | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Accept": "text/event-stream"} | ({} if after is None else {"Last-Event-ID": str(after)})
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.heartbeats = 0

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self.connection.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for line in self.answer:
            self.heartbeats += line.startswith(b":")
            if line.startswith(b"data: "):
                yield json.loads(line.removeprefix(b"data: "))


def test_a_listener_that_comes_again_loses_nothing_and_hears_nothing_twice(server: Service) -> None:
    body = {"dataset": XOR, "training": {"epochs": 8000, "batch_size": 4, "store_parameters": {"every": 1000}}}
    job = server.post("/v1/jobs", {**body, "hold": True})["id"]
    path, heard = f"/v1/jobs/{job}/events", []
    wait_until(lambda: server.get(f"/v1/jobs/{job}")["status"] == "paused", what="the pause at epoch 0")
    with Listener(server, "/v1/events?after=0") as everything:
        with Listener(server, path) as first:
            assert server.send("POST", f"/v1/jobs/{job}:resume")[0] == 202
            heard += islice(first, 7)
        while heard[-1]["type"] != "end":
            with Listener(server, path, heard[-1]["id"]) as again:
                assert again.answer.status == 200
                heard += again
        assert list(islice(everything, len(heard))) == heard
    assert heard == server.get(f"{path}?limit=1000")["data"]
    with Listener(server, path, heard[-1]["id"]) as late:
        assert late.answer.status == 204
    moments = [datetime.fromisoformat(event["created_at"]) for event in heard if event["type"] == "epoch"]
    assert all(
        (later - earlier).total_seconds() > 0.2 for earlier, later in pairwise(moments[1:-1])
    )  # the first is another attempt's


def test_sixteen_listeners_hear_an_event_before_the_next_heartbeat(server: Service) -> None:
    job = server.post("/v1/jobs", {"dataset": XOR, "hold": True})["id"]
    wait_until(lambda: server.get(f"/v1/jobs/{job}")["status"] == "paused", what="the pause at epoch 0")
    last = server.get(f"/v1/jobs/{job}/events")["last_id"]
    with ExitStack() as stack:
        listeners = [stack.enter_context(Listener(server, f"/v1/jobs/{job}/events", last)) for _ in range(16)]
        server.send("POST", f"/v1/jobs/{job}:cancel")
        assert [next(iter(listener))["data"]["status"] for listener in listeners] == ["cancelled"] * 16
        assert not any(listener.heartbeats for listener in listeners)
