"""Lists while entries are deleted: pages follow each other without loss or repeat, and no list is 404 as a whole."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from service.services import Services
from service.store import model_removal, models
from service.store.tables import dataset_versions, jobs
from service.store.tenancy import DEFAULT_TENANT
from tests.integration.contract import SMALL, XOR, problem

COUNT = 7
ROUNDS = 12
NOT_POSITIONS = ("~", "~x", "~am9i", "~\u00e9", "~bm90aGluZyAx", "~am9iIC0x", "~am9iIDFfMA")


@dataclass(frozen=True)
class Kind:
    """How entries of a list are made and deleted, and the field that names them."""

    path: str
    key: str
    create: Callable[[FlaskClient, Services, int], str]


def create_network(client: FlaskClient, _: Services, number: int) -> str:
    return str(client.post("/v1/networks", json={"name": f"n{number}", "hidden": [2]}).json["name"])


def create_dataset(client: FlaskClient, _: Services, number: int) -> str:
    return str(client.post("/v1/datasets", json={**XOR, "name": f"d{number}"}).json["name"])


def create_job(client: FlaskClient, _: Services, __: int) -> str:
    job = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    client.post(f"/v1/jobs/{job}:cancel")
    return str(job)


def create_model(_: FlaskClient, service: Services, number: int) -> str:
    version = {
        "job_id": f"job_{number}",
        "epoch": 3,
        "network": {"inputs": 1, "layers": []},
        "preprocessing": {
            "numbers": "none",
            "target_values": "none",
            "missing": "error",
            "inputs": [],
            "targets": [],
            "labels": None,
            "codes": None,
            "single_output": False,
        },
        "precision": "float32",
        "record": {"training_loss": 0.5},
        "bytes": b"",
        "sha256": "0" * 64,
    }
    for _ in range(1 + number % 2):
        with service.scoped(DEFAULT_TENANT).database.begin() as connection:
            models.add_version(connection, f"m{number}", version)
    return f"m{number}"


KINDS = [
    Kind("/v1/networks", "name", create_network),
    Kind("/v1/datasets", "name", create_dataset),
    Kind("/v1/jobs", "id", create_job),
    Kind("/v1/models", "name", create_model),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.path)


def next_page(page: Any) -> str | None:
    """Return the address in an answer's `Link` header."""
    link = page.headers.get("Link")
    assert (link is not None) == page.json["has_more"]
    return None if link is None else re.fullmatch(r'<(.*)>; rel="next"', link)[1]  # type: ignore[index]


@each_kind
def test_a_loop_that_deletes_what_it_has_read_sees_each_entry_once(
    client: FlaskClient, service: Services, kind: Kind
) -> None:
    for deleted in (slice(-1, None), slice(0, 1), slice(None)):  # of each page the last entry, the first, all
        made = [kind.create(client, service, number) for number in range(COUNT)]
        seen, address = list[str](), f"{kind.path}?limit=2"
        while address is not None:
            page = client.get(address)
            assert page.status_code == 200, page.text
            names = [entry[kind.key] for entry in page.json["data"]]
            assert (page.json["first_id"], page.json["last_id"]) == (names[0], names[-1])
            seen += names
            for name in names[deleted]:
                assert client.delete(f"{kind.path}/{name}").status_code == 204
            address = next_page(page)  # type: ignore[assignment]
        assert seen == made[::-1]
        for entry in client.get(kind.path).json["data"]:
            assert client.delete(f"{kind.path}/{entry[kind.key]}").status_code == 204


@each_kind
def test_entries_made_while_a_loop_goes_on_do_not_come_in_later_pages(
    client: FlaskClient, service: Services, kind: Kind
) -> None:
    made = [kind.create(client, service, number) for number in range(COUNT)]
    address = next_page(client.get(f"{kind.path}?limit=4"))
    assert client.delete(f"{kind.path}/{made[-1]}").status_code == 204
    kind.create(client, service, COUNT)
    assert address is not None
    assert [entry[kind.key] for entry in client.get(address).json["data"]] == made[2::-1]


@each_kind
def test_after_takes_a_name_or_id_and_refuses_one_that_is_not_there(
    client: FlaskClient, service: Services, kind: Kind
) -> None:
    made = [kind.create(client, service, number) for number in range(COUNT)]
    page = client.get(f"{kind.path}?limit=3&after={made[4]}").json
    assert [entry[kind.key] for entry in page["data"]] == made[3:0:-1] and page["has_more"]
    assert client.delete(f"{kind.path}/{made[4]}").status_code == 204
    problem(client.get(f"{kind.path}?after={made[4]}"), 404)


def test_a_position_that_the_service_has_not_written_is_refused(client: FlaskClient) -> None:
    for position in NOT_POSITIONS:
        problem(client.get("/v1/jobs", query_string={"after": position}), 404)


def test_a_position_is_of_one_list(client: FlaskClient, service: Services) -> None:
    for number in range(2):
        create_network(client, service, number)
    address = next_page(client.get("/v1/networks?limit=1"))
    assert address is not None
    problem(client.get(address.replace("networks", "datasets")), 404)


def test_the_link_has_the_rest_of_the_query(client: FlaskClient, service: Services) -> None:
    made = [
        client.post("/v1/jobs", json={"dataset": XOR, "metadata": {"team": "ab"[number % 2]}}).json["id"]
        for number in range(6)
    ]
    first = client.get("/v1/jobs?limit=2&metadata.team=a&status=queued")
    second = client.get(next_page(first))  # type: ignore[arg-type]
    assert [job["id"] for page in (first, second) for job in page.json["data"]] == [made[4], made[2], made[0]]


def test_pages_of_events_go_on_after_their_last_event_is_deleted(client: FlaskClient, service: Services) -> None:
    made = [create_job(client, service, number) for number in range(3)]
    seen, address = list[int](), "/v1/events?limit=3"
    everything = [entry["id"] for entry in client.get("/v1/events").json["data"]]
    while address is not None:
        page = client.get(address)
        seen += [entry["id"] for entry in page.json["data"]]
        if page.json["data"] and page.json["data"][-1]["job"] == made[0]:
            assert client.delete(f"/v1/jobs/{made[0]}").status_code == 204
        address = next_page(page)  # type: ignore[assignment]
    assert seen == everything


@contextmanager
def statements(client: FlaskClient, after_first: Callable[[], None] = lambda: None) -> Iterator[dict[str, int]]:
    """Count the application's transactions and queries; call a function as soon as the first query is done."""
    engine = client.application.extensions["services"].database.engine
    counts = {"begin": 0, "statements": 0}

    def started(_: Any) -> None:
        counts["begin"] += 1

    def executed(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith("SELECT"):
            return
        counts["statements"] += 1
        if counts["statements"] == 1:
            after_first()

    event.listen(engine, "begin", started)
    event.listen(engine, "after_cursor_execute", executed)
    try:
        yield counts
    finally:
        event.remove(engine, "begin", started)
        event.remove(engine, "after_cursor_execute", executed)


@pytest.mark.parametrize("kind", KINDS[2:], ids=lambda kind: kind.path)
def test_a_list_is_one_transaction_however_many_entries_it_has(
    client: FlaskClient, service: Services, kind: Kind
) -> None:
    counted = []
    client.get("/v1/networks")  # an application reads the keys at its first request
    for number in range(2):
        kind.create(client, service, number)
        with statements(client) as counts:
            assert client.get(kind.path).status_code == 200
        assert counts["begin"] == 1
        counted.append(counts["statements"])
    assert counted[0] == counted[1]


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/models"])
def test_an_entry_deleted_while_a_list_is_read_is_described_whole(
    client: FlaskClient, service: Services, train: Callable[..., dict[str, Any]], path: str
) -> None:
    trained = [train({"dataset": XOR, "training": SMALL, "model": f"m{number}"}) for number in range(2)]
    before = client.get(path).json

    def delete() -> None:
        with service.database.begin() as connection:
            connection.execute(jobs.delete().where(jobs.c.id == trained[0]["id"]))
            model_removal.delete_model(connection, "m0")

    with statements(client, after_first=delete) as counts:
        answer = client.get(path)
    several = counts["statements"]
    assert several > 1
    assert answer.json == before
    with statements(client) as counts:
        assert len(client.get(path).json["data"]) == 1
    assert counts["statements"] == several


@pytest.mark.parametrize("kind", KINDS[2:], ids=lambda kind: kind.path)
def test_lists_are_answered_while_entries_are_made_and_deleted(
    client: FlaskClient, service: Services, kind: Kind
) -> None:
    done, failed = threading.Event(), list[BaseException]()

    def change() -> None:
        try:
            other = client.application.test_client()
            for number in range(ROUNDS):
                name = kind.create(other, service, number)
                assert other.delete(f"{kind.path}/{name}").status_code == 204
        except BaseException as error:
            failed.append(error)
        finally:
            done.set()

    threads = [threading.Thread(target=change)]
    for thread in threads:
        thread.start()
    while not done.is_set():
        assert client.get(f"{kind.path}?limit=1000").status_code == 200
    for thread in threads:
        thread.join()
    assert not failed, failed


def test_lists_of_datasets_do_not_read_the_columns(client: FlaskClient, service: Services) -> None:
    table = "a,b,kind\n" + "".join(f"{n},{n / 2},{'pq'[n % 2]}\n" for n in range(4))
    assert client.put("/v1/datasets/lean?target_type=class", data=table, content_type="text/csv").status_code == 201
    whole = client.get("/v1/datasets/lean").json
    statements: list[str] = []
    engine = client.application.extensions["services"].database.engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    listed = client.get("/v1/datasets").json["data"]
    versions = client.get("/v1/datasets/lean/versions").json["data"]
    expected = {name: value for name, value in whole.items() if name != "columns"}
    assert listed == versions == [expected] and expected["target_type"] == "class"
    assert any("contents" in text for text in statements)
    assert not any(re.search(r"(?:SELECT |, )dataset_versions\.contents\s*[,\n]", text) for text in statements)
    with service.database.begin() as connection:  # as a release stored it that had no field for the targets' type
        contents = connection.execute(select(dataset_versions.c.contents)).scalar_one()
        contents.pop("target_type")
        connection.execute(update(dataset_versions).values(contents=contents))
    assert client.get("/v1/datasets").json["data"] == [expected]
