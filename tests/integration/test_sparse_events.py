"""`?epochs_every=` of streams: fewer events of epochs for those who watch many jobs, and all others."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.services import Services
from service.store import events
from service.store.jobs import jobs
from service.store.records import Kind
from tests.integration.contract import problem
from tests.integration.service import Service
from tests.integration.test_events import XOR, Listener, next_block, parsed, submit
from tests.waiting import wait_until
from workers.run.run import run_next_job

Event = dict[str, Any]
EVERY = 0.5


@pytest.fixture(scope="module")
def server(kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("sparse") / "data"
    with Service(folder, BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1") as running:
        yield running


def sparse(whole: list[Event]) -> list[Event]:
    """Return the events of a job without epochs that are followed by an epoch."""
    after = [event for event in whole if event["type"] != "warning"]
    left_out = {one["id"] for one, two in pairwise(after) if (one["type"], two["type"]) == ("epoch", "epoch")}
    return [event for event in whole if event["id"] not in left_out]


def add(service: Services, job: str, *kinds: Kind) -> None:
    with service.database.begin() as connection:
        number = jobs.get_job(connection, job).number
        for kind in kinds:
            events.add(connection, number, kind, {})


@pytest.mark.parametrize("path", ["/v1/events?after=0&", "/v1/jobs/{}/events?"])
def test_a_stream_of_what_there_is_has_the_newest_epoch_of_each_attempt(
    client: FlaskClient, service: Services, path: str
) -> None:
    job = submit(client, hold=True)
    assert run_next_job(service, "test", lambda: False)
    add(service, job, *[Kind.EPOCH] * 5)
    client.post(f"/v1/jobs/{job}:resume")
    assert run_next_job(service, "test", lambda: False)
    whole = client.get(f"/v1/jobs/{job}/events?limit=1000").json["data"]
    expected = sparse(whole)
    assert [event["type"] for event in expected].count("epoch") == 3
    path = path.format(job)
    for at in (None, *range(len(expected) - 1)):
        headers = {} if at is None else {"Last-Event-ID": str(expected[at]["id"])}
        blocks = iter(client.get(f"{path}stream=1&epochs_every=10", headers=headers).response)
        assert parsed(next_block(blocks)) == expected[0 if at is None else at + 1 :]
        blocks.close()
    ended = client.get(f"/v1/jobs/{job}/events?stream=1&epochs_every=1&types=end&types=status")
    assert parsed(ended.text) == [event for event in whole if event["type"] in ("end", "status")]


def test_a_stream_waits_until_events_are_due(client: FlaskClient, service: Services) -> None:
    job = submit(client)
    blocks = iter(client.get(f"/v1/jobs/{job}/events?stream=1&epochs_every={EVERY}").response)
    assert [event["type"] for event in parsed(next_block(blocks))] == ["status"]
    begin = time.monotonic()
    add(service, job, *[Kind.EPOCH] * 3, Kind.WARNING)
    assert [event["type"] for event in parsed(next_block(blocks))] == ["epoch", "warning"]
    assert time.monotonic() - begin >= EVERY * 0.9
    blocks.close()


def test_what_cannot_be_asked_for(client: FlaskClient) -> None:
    for path in ("/v1/events", f"/v1/jobs/{submit(client)}/events"):
        for wrong in (
            "stream=1&epochs_every=0",
            "stream=1&epochs_every=11",
            "stream=1&epochs_every=x",
            "epochs_every=1",
        ):
            assert problem(client.get(f"{path}?{wrong}"), 422)["errors"][0]["pointer"] == "?epochs_every"


@pytest.mark.parametrize("path", ["/v1/events?after={after}&", "/v1/jobs/{job}/events?after={after}&"])
def test_a_listener_that_comes_again_loses_no_other_event(server: Service, path: str) -> None:
    training = {"epochs": 10_000_000, "batch_size": 1, "store_parameters": {"every": 1_000_000}}
    job = server.post("/v1/jobs", {"dataset": XOR, "training": training, "hold": True})["id"]
    wait_until(lambda: server.get(f"/v1/jobs/{job}")["status"] == "paused", what="the pause at epoch 0")
    last, heard, moments = server.get(f"/v1/jobs/{job}/events")["last_id"], list[Event](), list[list[float]]()
    after = last

    def listen(enough: Callable[[list[Event]], bool]) -> None:
        nonlocal last
        arrivals, mine = list[float](), list[Event]()
        with Listener(server, f"{path.format(after=after, job=job)}epochs_every={EVERY}", last) as listener:
            for event in listener:
                mine.append(event)
                if event["type"] == "epoch":
                    arrivals.append(time.monotonic())
                if enough(mine):
                    break
        heard.extend(mine)
        last = heard[-1]["id"]
        moments.append(arrivals)

    assert server.send("POST", f"/v1/jobs/{job}:resume")[0] == 202
    for _ in range(2):
        listen(lambda mine: [event["type"] for event in mine].count("epoch") == 4)
    assert server.send("POST", f"/v1/jobs/{job}:cancel")[0] == 202
    listen(lambda mine: mine[-1]["type"] == "end")
    whole = server.get(f"/v1/jobs/{job}/events?limit=1000&after={after}")["data"]
    other = [event for event in whole if event["type"] != "epoch"]
    assert [event for event in heard if event["type"] != "epoch"] == other and other[-1]["type"] == "end"
    assert [event for event in whole if event in heard] == heard
    assert [event for event in heard if event["type"] == "epoch"][-1] == [e for e in whole if e["type"] == "epoch"][-1]
    for arrivals in moments[:2]:
        assert all(two - one > EVERY * 0.8 for one, two in pairwise(arrivals))
